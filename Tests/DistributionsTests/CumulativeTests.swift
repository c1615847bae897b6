import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Distribution functions and quantiles.
@Suite struct CumulativeTests {
  private static let cumulative = DistributionCase.all.filter {
    $0.distribution($0.draws(1)[0]) is any CumulativeDistribution
  }
  private static let invertible = cumulative.filter {
    $0.distribution($0.draws(1)[0]) is any QuantileDistribution
  }
  private static let probabilities = [
    1e-30, 1e-15, 1e-6, 1e-3, 0.1, 0.25, 0.4, 0.5, 0.6, 0.8, 0.95, 0.999, 1 - 1e-9,
  ]

  private static func cdf(_ subject: DistributionCase, _ parameters: [Double], _ points: [Double])
    throws -> [Double]
  {
    let distribution = subject.distribution(parameters)
    return try #require(distribution as? any CumulativeDistribution).cdf(Tensor(points)).array()
  }

  private static func icdf(_ subject: DistributionCase, _ parameters: [Double], _ p: [Double])
    throws -> [Double]
  {
    let distribution = subject.distribution(parameters)
    return try #require(distribution as? any QuantileDistribution).icdf(Tensor(p)).array()
  }

  /// Where mpmath knows a distribution function, the distribution has one, and they agree; so too
  /// for quantiles.
  @Test(arguments: DistributionCase.all.filter(\.hasGolden))
  func goldenValues(_ subject: DistributionCase) throws {
    for golden in try DistributionGolden.load(subject) {
      if let expected = golden.cdf?.map(\.value) {
        expectClose(
          try Self.cdf(subject, golden.values, golden.x.map(\.value)), expected,
          within: .relative(1e-11, absolute: 1e-300),
          "\(subject) of \(golden.values) at \(golden.x.map(\.value))")
      }
      if let p = golden.p?.map(\.value), let expected = golden.icdf?.map(\.value) {
        // A quantile near 0 is a difference of numbers as large as the distances of quantiles.
        let gaps = zip(expected, expected.dropFirst()).map { $1 - $0 }
        let gap = gaps.filter { $0 > 0 && $0.isFinite }.min() ?? 0
        expectClose(
          try Self.icdf(subject, golden.values, p), expected,
          within: .relative(1e-11, absolute: 1e-14 * gap),
          "\(subject) of \(golden.values) at \(p)")
      }
    }
  }

  /// Both tails, relatively: F itself in the lower one, against the closed form in the upper one.
  @Test(arguments: cumulative) func agreesWithGSL(_ subject: DistributionCase) throws {
    for parameters in subject.draws(100) {
      let points = subject.points(parameters, probabilities: Self.probabilities)
      #expect(points.allSatisfy { $0.isFinite }, "\(subject) of \(parameters): \(points)")
      expectClose(
        try Self.cdf(subject, parameters, points), points.map { subject.cdf($0, parameters) },
        within: .relative(subject.accuracy, absolute: 1e-300),
        "\(subject) of \(parameters) at \(points)")
    }
  }

  @Test(arguments: cumulative) func limits(_ subject: DistributionCase) throws {
    for parameters in subject.draws(20) {
      let (lower, upper) = subject.support.bounds(parameters)
      let points =
        subject.support.outside(parameters).filter { $0 < lower || $0 > upper }
        + [.infinity, -.infinity, .nan]
      let expected = points.map { $0.isNaN ? .nan : $0 > upper || $0 == .infinity ? 1.0 : 0 }
      expectClose(
        try Self.cdf(subject, parameters, points), expected, within: .bits,
        "\(subject) of \(parameters) at \(points)")
    }
  }

  /// A step function is level between whole numbers.
  @Test(arguments: cumulative.filter(\.isDiscrete)) func steps(_ subject: DistributionCase) throws {
    for parameters in subject.draws(20) {
      let points = subject.points(parameters)
      expectClose(
        try Self.cdf(subject, parameters, points.map { $0 + 0.7 }),
        try Self.cdf(subject, parameters, points), within: .bits, "\(subject) of \(parameters)")
    }
  }

  @Test(arguments: cumulative) func singlePrecision(_ subject: DistributionCase) throws {
    for parameters in subject.draws(10) {
      let rounded = parameters.map { Double(Float($0)) }
      let points = subject.points(rounded, probabilities: [0.001, 0.1, 0.4, 0.6, 0.9, 0.999])
        .map { Double(Float($0)) }
      let narrow = try #require(
        subject.distribution(rounded, dtype: .float32) as? any CumulativeDistribution)
      let result = narrow.cdf(Tensor(points, dtype: .float32))
      #expect(result.dtype == .float32, "\(subject)")
      expectClose(
        result.array(), try Self.cdf(subject, rounded, points), within: .relative(3e-4),
        "\(subject) of \(parameters) at \(points)")
    }
  }

  /// ∂F/∂x is the density; ∂F/∂parameters against finite differences.
  @Test(arguments: cumulative.filter { !$0.isDiscrete })
  func slope(_ subject: DistributionCase) throws {
    for (seed, parameters) in subject.draws(5).enumerated() {
      let distribution = try #require(
        subject.distribution(parameters) as? any CumulativeDistribution)
      let x = Tensor(subject.points(parameters, probabilities: [1e-3, 0.1, 0.3, 0.6, 0.9, 0.99]))
      expectClose(
        gradient(of: distribution.cdf(x).sum(), withRespectTo: x).array(),
        exp(distribution.logProb(x)).array(), within: .relative(1e-10),
        "\(subject) of \(parameters)")
      // Away from edges that move with a parameter.
      let inner = Tensor(subject.points(parameters, probabilities: [0.05, 0.3, 0.6, 0.95]))
      Self.checkParameterSlopes(subject, parameters, inner, seed)
    }
  }

  /// Far out and outside, where F is 0 or 1, no derivative is NaN.
  @Test(arguments: cumulative) func farSlopes(_ subject: DistributionCase) throws {
    for values in subject.draws(3) {
      for point in subject.support.outside(values) + [-1e5, 1e5] where point.isFinite {
        let (parameters, x) = (values.map { Tensor($0) }, Tensor(point))
        let cdf = try #require(subject.make(parameters) as? any CumulativeDistribution).cdf(x)
        let smooth = subject.smoothParameters.map { parameters[$0] } + [x]
        let slopes = gradient(of: cdf, withRespectTo: smooth).map { $0.scalar() }
        #expect(slopes.allSatisfy { !$0.isNaN }, "\(subject) of \(values) at \(point): \(slopes)")
      }
    }
  }

  @Test(arguments: cumulative.filter(\.isDiscrete)) func parameterSlopes(
    _ subject: DistributionCase
  ) {
    for (seed, parameters) in subject.draws(3).enumerated() {
      let x = Tensor(subject.points(parameters, probabilities: [0.1, 0.3, 0.6, 0.9]))
      Self.checkParameterSlopes(subject, parameters, x, seed)
    }
  }

  private static func checkParameterSlopes(
    _ subject: DistributionCase, _ parameters: [Double], _ x: Tensor, _ seed: Int
  ) {
    let inputs = subject.smoothParameters.map { Tensor(parameters[$0]) }
    guard !inputs.isEmpty else { return }
    checkGradients(
      of: inputs, order: 1, seed: seed + 1, "cdf of \(subject) of \(parameters)"
    ) {
      let distribution = subject.make(varying: $0, of: parameters)
      return [(distribution as? any CumulativeDistribution)?.cdf(x) ?? Tensor(.nan)]
    }
  }

  // MARK: Quantiles

  @Test(arguments: invertible.filter { !$0.isDiscrete })
  func quantiles(_ subject: DistributionCase) throws {
    let p = Self.probabilities
    for parameters in subject.draws(100) {
      let expected = p.map { subject.quantile($0, parameters) }
      // A quantile near 0 is a difference of numbers as large as the quartiles' distance.
      let width = expected[9] - expected[5]
      let x = try Self.icdf(subject, parameters, p)
      expectClose(
        x, expected, within: .relative(subject.accuracy, absolute: 1e-14 * width),
        "\(subject) of \(parameters)")
      let back = try Self.cdf(subject, parameters, x)
      let density = exp(subject.distribution(parameters).logProb(Tensor(x))).array()
      for index in p.indices {
        // The rounding of x itself counts with the slope there.
        let rounding = 4 * x[index].ulp * density[index]
        #expect(
          (back[index] - p[index]).magnitude <= 1e-11 * p[index] + rounding,
          "\(subject) of \(parameters): \(p[index]) to \(x[index]) to \(back[index])")
      }
    }
  }

  /// The ends of the support, and NaN outside [0, 1].
  @Test(arguments: invertible) func extremeProbabilities(_ subject: DistributionCase) throws {
    for parameters in subject.draws(10) {
      let (lower, upper) = subject.support.bounds(parameters)
      expectClose(
        try Self.icdf(subject, parameters, [1, -0.1, 1.1, .nan]), [upper, .nan, .nan, .nan],
        within: .relative(1e-14), "\(subject) of \(parameters)")
      let least = try Self.icdf(subject, parameters, [0])
      expectClose(least, [lower], within: .relative(1e-14), "\(subject) of \(parameters)")
    }
  }

  /// The least value whose distribution function reaches p, also at the very values of F.
  @Test(arguments: invertible.filter(\.isDiscrete)) func least(_ subject: DistributionCase) throws {
    for parameters in subject.draws(20) {
      let p = [1e-12, 1e-6, 0.01, 0.2, 0.35, 0.5, 0.7, 0.9, 0.99, 0.999999]
      let k = try Self.icdf(subject, parameters, p)
      let (lower, upper) = subject.support.bounds(parameters)
      let at = try Self.cdf(subject, parameters, k)
      let below = try Self.cdf(subject, parameters, k.map { $0 - 1 })
      for index in p.indices {
        #expect(k[index] >= lower && k[index] <= upper && k[index].rounded() == k[index])
        #expect(
          at[index] >= p[index] && below[index] < p[index],
          "\(subject) of \(parameters): \(k[index]) for \(p[index])")
      }
      let values = subject.points(parameters, probabilities: [0.01, 0.2, 0.5, 0.8, 0.99])
      let reached = try Self.cdf(subject, parameters, values)
      expectClose(
        try Self.icdf(subject, parameters, reached), values, within: .bits,
        "\(subject) of \(parameters), steps")
    }
  }
}
