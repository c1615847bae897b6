import Foundation
import TestSupport
import Testing

@testable import Distributions

@Suite struct LogProbTests {
  private struct GoldenCase: Decodable {
    let name: String
    let parameters: [Double]
    let x: [Golden.Number]
    let logProb: [Golden.Number]
  }

  private static func golden(_ name: String) throws -> [GoldenCase] {
    try Golden.load("distributions.json", as: [GoldenCase].self).filter { $0.name == name }
  }

  /// SciPy's and mpmath's values over the whole range of floating-point numbers.
  @Test(
    arguments: DistributionCase.all.filter { !$0.name.contains("→") })
  func goldenValues(_ subject: DistributionCase) throws {
    let cases = try Self.golden(subject.name)
    #expect(cases.count >= 5)
    for golden in cases {
      let distribution = subject.distribution(golden.parameters)
      let result = distribution.logProb(Tensor(golden.x.map(\.value)))
      expectClose(
        result, golden.logProb.map(\.value), within: .relative(1e-12, absolute: 1e-14),
        "\(subject) of \(golden.parameters) at \(golden.x.map(\.value))")
    }
  }

  @Test(arguments: DistributionCase.all) func agreesWithGSL(_ subject: DistributionCase) {
    for parameters in subject.draws(100) {
      let points = subject.points(parameters)
      let result = subject.distribution(parameters).logProb(Tensor(points))
      expectClose(
        result, points.map { log(subject.density($0, parameters)) },
        within: .relative(1e-12, absolute: 1e-12), "\(subject) of \(parameters) at \(points)")
    }
  }

  @Test(arguments: DistributionCase.all) func outsideTheSupport(_ subject: DistributionCase) {
    for parameters in subject.draws(5) {
      let points = subject.support.outside
      expectClose(
        subject.distribution(parameters).logProb(Tensor(points)),
        points.map { _ in -.infinity }, "\(subject) of \(parameters) at \(points)")
    }
  }

  /// NaN is no point: it says that something before went wrong, and must not turn into −∞.
  @Test(arguments: DistributionCase.continuous) func ofNaN(_ subject: DistributionCase) {
    let distribution = subject.distribution(subject.draws(1)[0])
    #expect(distribution.logProb(Tensor(.nan)).scalar().isNaN)
  }

  /// The support says of a point what the density says.
  @Test(arguments: DistributionCase.all.filter { $0.name != "Normal → Affine" })
  func supportAgrees(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    let distribution = subject.distribution(parameters)
    let inside = subject.points(parameters)
    #expect(distribution.support.contains(Tensor(inside)).boolArray().allSatisfy { $0 })
    let outside = subject.support.outside.filter(\.isFinite)
    let isOpen = subject.support == .unitInterval
    for point in outside where !(isOpen && (point == 0 || point == 1)) {
      #expect(!distribution.support.contains(Tensor(point)).boolArray()[0], "\(subject) \(point)")
    }
    #expect(distribution.support.isDiscrete == subject.isDiscrete)
  }

  /// Single precision computes the same function with its own rounding.
  @Test(arguments: DistributionCase.all) func singlePrecision(_ subject: DistributionCase) {
    for parameters in subject.draws(20) {
      let rounded = parameters.map { Double(Float($0)) }
      let points = subject.points(rounded, probabilities: [0.001, 0.1, 0.4, 0.6, 0.9, 0.999])
        .map { Double(Float($0)) }
      let wide = subject.distribution(rounded).logProb(Tensor(points))
      let narrow = subject.distribution(rounded, dtype: .float32)
        .logProb(Tensor(points, dtype: .float32))
      #expect(narrow.dtype == .float32)
      expectClose(
        narrow.array(), wide.array(), within: .relative(3e-5, absolute: 3e-5), "\(subject)")
    }
  }

  /// A mass sums to one.
  @Test(arguments: DistributionCase.all.filter(\.isDiscrete))
  func massSumsToOne(_ subject: DistributionCase) {
    for parameters in subject.draws(50) {
      let total = exp(subject.distribution(parameters).logProb([0, 1])).sum().scalar()
      #expect((total - 1).magnitude < 1e-14, "\(subject) of \(parameters)")
    }
  }

  /// A density integrates to one.
  @Test(arguments: DistributionCase.continuous)
  func densityIntegratesToOne(_ subject: DistributionCase) {
    let (interval, point) = subject.support.chart
    for parameters in subject.draws(3) {
      let distribution = subject.distribution(parameters)
      let (value, error) = GSL.integral(over: interval) { t in
        let (x, slope) = point(t)
        let density = exp(distribution.logProb(Tensor(x)).scalar())
        return density == 0 ? 0 : density * slope
      }
      #expect(error < 1e-8, "\(subject) of \(parameters)")
      #expect((value - 1).magnitude < 1e-8, "\(subject) of \(parameters): \(value)")
    }
  }
}
