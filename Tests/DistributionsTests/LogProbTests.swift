import Foundation
import TestSupport
import Testing

@testable import Distributions

@Suite struct LogProbTests {
  /// mpmath's values over ordinary and extreme parameters and points.
  @Test(arguments: DistributionCase.all.filter(\.hasGolden))
  func goldenValues(_ subject: DistributionCase) throws {
    let cases = try DistributionGolden.load(subject)
    #expect(cases.count >= 100)
    for golden in cases {
      expectClose(
        subject.distribution(golden.values).logProb(golden.points), golden.logProb.map(\.value),
        within: .relative(1e-12, absolute: golden.cancellation),
        "\(subject) of \(golden.values) at \(golden.x.map(\.value))")
    }
  }

  /// log p near 0, where p is near 1, is known from p to its rounding: hence the absolute floor.
  @Test(arguments: DistributionCase.all) func agreesWithGSL(_ subject: DistributionCase) {
    let tolerance = max(1e-12, subject.accuracy / 10)
    for parameters in subject.draws(100) {
      let points = subject.points(parameters)
      expectClose(
        subject.distribution(parameters).logProb(Tensor(points)),
        points.map { log(subject.density($0, parameters)) },
        within: .relative(tolerance, absolute: tolerance),
        "\(subject) of \(parameters) at \(points)")
    }
  }

  @Test(arguments: DistributionCase.all) func outsideTheSupport(_ subject: DistributionCase) {
    for parameters in subject.draws(20) {
      let points = subject.support.outside(parameters)
      expectClose(
        subject.distribution(parameters).logProb(Tensor(points)),
        points.map { _ in -.infinity }, "\(subject) of \(parameters) at \(points)")
    }
  }

  /// NaN is no point: it says that something before went wrong, and must not turn into −∞. No mass
  /// is at a value that is none.
  @Test(arguments: DistributionCase.all) func ofNaN(_ subject: DistributionCase) {
    let distribution = subject.distribution(subject.draws(1)[0])
    let result = distribution.logProb(Tensor(.nan)).scalar()
    #expect(subject.isDiscrete ? result == -.infinity : result.isNaN, "\(subject): \(result)")
  }

  /// The support contains what has a density; at an edge a density of 0 may belong to it.
  @Test(arguments: DistributionCase.all) func supportAgrees(_ subject: DistributionCase) {
    for parameters in subject.draws(20) {
      let distribution = subject.distribution(parameters)
      let edges = subject.support.edges(parameters)
      let points =
        subject.points(parameters) + edges + subject.support.outside(parameters) + [.nan]
      let contained = distribution.support.contains(Tensor(points)).boolArray()
      let density = distribution.logProb(Tensor(points)).array()
      for (point, (isContained, logProb)) in zip(points, zip(contained, density)) {
        #expect(!logProb.isNaN || point.isNaN, "\(subject) of \(parameters) at \(point)")
        let agrees =
          edges.contains(point)
          ? isContained || logProb == -.infinity
          : isContained == (logProb > -.infinity)
        #expect(
          agrees, "\(subject) of \(parameters): \(point) in the support \(isContained), \(logProb)")
      }
      #expect(distribution.support.isDiscrete == subject.isDiscrete)
    }
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
        narrow.array(), wide.array(), within: .relative(3e-5, absolute: 3e-5),
        "\(subject) of \(parameters) at \(points)")
    }
  }
}
