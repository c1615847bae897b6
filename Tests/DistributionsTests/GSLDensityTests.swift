import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// What GSL has beyond the distributions of numbers in the registry: densities of vectors, and of
/// numbers that here are another distribution's special case, truncated or transformed.
@Suite struct GSLDensityTests {
  private typealias Doubles = UnsafePointer<Double>
  private typealias Tail = @convention(c) (_ x: Double, _ a: Double, _ sigma: Double) -> Double
  private typealias TailDraw = @convention(c) (GSL.Generator, Double, Double) -> Double

  private static func generator(_ seed: Int) -> SeededGenerator { SeededGenerator(seed: seed) }

  private static func expect(
    _ density: Tensor, _ expected: [Double], _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectClose(
      density.array(), expected, within: .relative(2e-12, absolute: 2e-12), what,
      sourceLocation: sourceLocation)
  }

  // MARK: Vectors

  @Test func dirichlet() {
    let density = GSL.symbol(
      "gsl_ran_dirichlet_lnpdf", (@convention(c) (Int, Doubles, Doubles) -> Double).self)
    var generator = Self.generator(1)
    for _ in 0..<100 {
      let count = 2 + generator.below(5)
      let a = generator.uniform(count, in: 0.1...20)
      let raw = generator.uniform(count, in: 0.01...1)
      let x = raw.map { $0 / raw.reduce(0, +) }
      Self.expect(Dirichlet(Tensor(a)).logProb(Tensor(x)), [density(count, a, x)], "\(a) \(x)")
    }
  }

  @Test func multinomial() {
    let mass = GSL.symbol(
      "gsl_ran_multinomial_lnpdf",
      (@convention(c) (Int, Doubles, UnsafePointer<UInt32>) -> Double).self)
    var generator = Self.generator(2)
    for _ in 0..<100 {
      let count = 2 + generator.below(5)
      let p = generator.uniform(count, in: 0.01...1)
      let x = (0..<count).map { _ in generator.below(12) }
      let distribution = Multinomial(Tensor(x.reduce(0, +)), probs: Tensor(p))
      Self.expect(
        distribution.logProb(Tensor(x.map { Double($0) })), [mass(count, p, x.map { UInt32($0) })],
        "\(p) \(x)")
    }
  }

  @Test func pairs() {
    let density = GSL.symbol(
      "gsl_ran_bivariate_gaussian_pdf",
      (@convention(c) (Double, Double, Double, Double, Double) -> Double).self)
    var generator = Self.generator(3)
    for _ in 0..<100 {
      let s = generator.uniform(2, in: 0.2...3)
      let r = generator.uniform(1, in: -0.95...0.95)[0]
      let (x, y) = (
        3 * generator.uniform(1, in: -1...1)[0], 2 * generator.uniform(1, in: -1...1)[0]
      )
      let covariance = Tensor(
        [s[0] * s[0], r * s[0] * s[1], r * s[0] * s[1], s[1] * s[1]], shape: [2, 2])
      Self.expect(
        MultivariateNormal(0, covariance: covariance).logProb(Tensor([x, y])),
        [log(density(x, y, s[0], s[1], r))], "\(s) \(r)")
    }
  }

  @Test func categories() {
    let make = GSL.symbol(
      "gsl_ran_discrete_preproc", (@convention(c) (Int, Doubles) -> UnsafeMutableRawPointer?).self)
    let mass = GSL.symbol(
      "gsl_ran_discrete_pdf", (@convention(c) (Int, UnsafeRawPointer?) -> Double).self)
    let free = GSL.symbol(
      "gsl_ran_discrete_free", (@convention(c) (UnsafeMutableRawPointer?) -> Void).self)
    var generator = Self.generator(4)
    for _ in 0..<100 {
      let weights = generator.uniform(2 + generator.below(9), in: 0.01...1)
      let table = make(weights.count, weights)
      defer { free(table) }
      // GSL gets the masses back from the table that it draws by.
      expectClose(
        exp(Categorical(probs: Tensor(weights)).logProb(Tensor.arange(weights.count))).array(),
        weights.indices.map { mass($0, table) }, within: .relative(1e-12, absolute: 1e-13))
    }
  }

  // MARK: Numbers

  /// 100 times: parameters, and points in the support.
  private static func check(
    _ seed: Int, _ ranges: [ClosedRange<Double>], _ points: ClosedRange<Double>,
    _ make: ([Double]) -> any Distribution, _ density: (Double, [Double]) -> Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var generator = generator(seed)
    for _ in 0..<100 {
      let parameters = ranges.map { generator.uniform(1, in: $0)[0] }
      let x = generator.uniform(5, in: points)
      expect(
        make(parameters).logProb(Tensor(x)), x.map { log(density($0, parameters)) },
        "\(parameters) \(x)", sourceLocation: sourceLocation)
    }
  }

  /// Normal and Rayleigh variables above a bound.
  @Test func tails() {
    let normal = GSL.symbol("gsl_ran_gaussian_tail_pdf", Tail.self)
    Self.check(5, [-2...4, 0.5...2], 4...9) {
      TruncatedNormal(0, Tensor($0[1]), low: Tensor($0[0]))
    } _: {
      normal($0, $1[0], $1[1])
    }
    Self.check(6, [-2...4, 0.5...2], 4...9) {
      Truncated(Normal(0, Tensor($0[1])), low: Tensor($0[0]))
    } _: {
      normal($0, $1[0], $1[1])
    }
    let rayleigh = GSL.symbol("gsl_ran_rayleigh_tail_pdf", Tail.self)
    Self.check(7, [0.1...3, 0.5...2], 3...9) {
      Truncated(Weibull(Tensor($0[1] * 2.0.squareRoot()), 2), low: Tensor($0[0]))
    } _: {
      rayleigh($0, $1[0], $1[1])
    }
  }

  @Test func specialCases() {
    let rayleigh = GSL.symbol("gsl_ran_rayleigh_pdf", GSL.Density1.self)
    Self.check(8, [0.3...3], 0.01...9) {
      Weibull(Tensor($0[0] * 2.0.squareRoot()), 2)
    } _: {
      rayleigh($0, $1[0])
    }
    let power = GSL.symbol("gsl_ran_exppow_pdf", GSL.Density2.self)
    Self.check(9, [0.3...3], -5...5) {
      Laplace(0, Tensor($0[0]))
    } _: {
      power($0, $1[0], 1)
    }
    Self.check(10, [0.3...3], -5...5) {
      Normal(0, Tensor($0[0] / 2.0.squareRoot()))
    } _: {
      power($0, $1[0], 2)
    }
    let pascal = GSL.symbol(
      "gsl_ran_pascal_pdf", (@convention(c) (UInt32, Double, UInt32) -> Double).self)
    for (p, r) in [(0.2, 3), (0.7, 1), (0.9, 12)] {
      let counts = (0..<40).map { $0 }
      Self.expect(
        NegativeBinomial(Tensor(Double(r)), probs: Tensor(1 - p))
          .logProb(Tensor(counts.map { Double($0) })),
        counts.map { log(pascal(UInt32($0), p, UInt32(r))) }, "\(p) \(r)")
    }
  }

  /// Gumbel's second distribution is that of eˣ for an x of the first.
  @Test func exponentials() throws {
    let density = GSL.symbol("gsl_ran_gumbel2_pdf", GSL.Density2.self)
    func make(_ p: [Double]) -> TransformedDistribution<Gumbel> {
      TransformedDistribution(Gumbel(Tensor(log(p[1]) / p[0]), Tensor(1 / p[0])), [Exp()])
    }
    Self.check(11, [0.5...4, 0.3...3], 0.1...9, make) { density($0, $1[0], $1[1]) }
    for p in [[0.7, 2.0], [3, 0.5]] {
      let x = [0.3, 0.8, 1.5, 6, 40]
      expectClose(
        make(p).cdf(Tensor(x)).array(), x.map { gsl_cdf_gumbel2_P($0, p[0], p[1]) },
        within: .relative(1e-11))
      let q = [1e-9, 0.01, 0.4, 0.9, 0.999]
      expectClose(
        make(p).icdf(Tensor(q)).array(), q.map { gsl_cdf_gumbel2_Pinv($0, p[0], p[1]) },
        within: .relative(1e-11))
    }
  }

  // MARK: Draws

  /// Two samples of n = 100,000 differ by more than 0.012 for one pair in a million; 0.024 is caught.
  private static func expectSame(_ draws: Tensor, _ others: [Double], _ what: String) {
    let distance = SamplingTests.distance(draws, Tensor(others))
    #expect(distance < SamplingTests.bound * 2.0.squareRoot(), "\(what): \(distance)")
  }

  @Test(arguments: GSL.Engine.allCases) func vectors(_ engine: GSL.Engine) {
    let count = SamplingTests.count
    let draw = GSL.symbol(
      "gsl_ran_dirichlet",
      (@convention(c) (GSL.Generator, Int, Doubles, UnsafeMutablePointer<Double>) -> Void).self)
    let a = [0.4, 2, 7.5]
    let x = Dirichlet(Tensor(a)).sample([count], key: RandomKey(81), dtype: .float64)
    for (component, w) in [[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, -2, 0.5]].enumerated() {
      let others = GSL.draws(count, by: engine, seed: 91 + component) { generator in
        var theta = [0.0, 0, 0]
        draw(generator, 3, a, &theta)
        return zip(theta, w).reduce(0) { $0 + $1.0 * $1.1 }
      }
      Self.expectSame(matmul(x, Tensor(w)), others, "Dirichlet \(w)")
    }
    let pair = GSL.symbol(
      "gsl_ran_bivariate_gaussian",
      (@convention(c) (
        GSL.Generator, Double, Double, Double, UnsafeMutablePointer<Double>,
        UnsafeMutablePointer<Double>
      ) -> Void).self)
    let normal = MultivariateNormal(0, covariance: [[1.44, -0.72], [-0.72, 1]])
      .sample([count], key: RandomKey(82), dtype: .float64)
    for (index, w) in [[1.0, 0], [0, 1], [1, 1], [0.5, -2]].enumerated() {
      let others = GSL.draws(count, by: engine, seed: 95 + index) { generator in
        var (u, v) = (0.0, 0.0)
        pair(generator, 1.2, 1, -0.6, &u, &v)
        return w[0] * u + w[1] * v
      }
      Self.expectSame(matmul(normal, Tensor(w)), others, "normal \(w)")
    }
  }

  @Test(arguments: GSL.Engine.allCases) func tailDraws(_ engine: GSL.Engine) {
    let count = SamplingTests.count
    let normal = GSL.symbol("gsl_ran_gaussian_tail", TailDraw.self)
    for (index, low) in [-1.0, 0.5, 4].enumerated() {
      let others = GSL.draws(count, by: engine, seed: 99 + index) { normal($0, low, 1.5) }
      let draws = TruncatedNormal(0, 1.5, low: Tensor(low))
        .sample([count], key: RandomKey(83 + index), dtype: .float64)
      Self.expectSame(draws, others, "above \(low)")
    }
    let gumbel = GSL.symbol("gsl_ran_gumbel2", TailDraw.self)
    let others = GSL.draws(count, by: engine, seed: 103) { gumbel($0, 3, 0.5) }
    let draws = TransformedDistribution(Gumbel(Tensor(log(0.5) / 3), Tensor(1.0 / 3)), [Exp()])
      .sample([count], key: RandomKey(87), dtype: .float64)
    Self.expectSame(draws, others, "Gumbel's second")
  }
}
