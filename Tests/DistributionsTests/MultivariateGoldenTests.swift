import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Values by mpmath and SciPy, and by GSL.
@Suite struct MultivariateGoldenTests {
  private struct Array: Decodable {
    let s: [Int]
    let v: [Golden.Number]
    var tensor: Tensor { Tensor(v.map(\.value), shape: Shape(s)) }
  }

  private struct GoldenCase: Decodable {
    let parameters: [Array]
    let x: Array
    let logProb: [Golden.Number]
    let mean: [Golden.Number]?
    let variance: [Golden.Number]?
    let entropy: Golden.Number?
  }

  private static func golden(_ subject: MultivariateCase) throws -> [GoldenCase] {
    try Golden.load("distributions/\(subject.golden?.name ?? "").json", as: [GoldenCase].self)
  }

  static let withGolden = MultivariateCase.all.filter { $0.golden != nil }

  @Test(arguments: withGolden) func logProb(_ subject: MultivariateCase) throws {
    let make = try #require(subject.golden?.make)
    let cases = try Self.golden(subject)
    #expect(cases.count >= 100)
    for golden in cases {
      let parameters = golden.parameters.map(\.tensor)
      let x = golden.x.tensor
      let result = make(parameters).logProb(x)
      // Rounding of the point itself moves the log density by |∂ log p / ∂x · x| ulps.
      let slopes = abs(gradient(of: result.sum(), withRespectTo: x) * x)
      let rounding = slopes.reshaped(to: [result.count, x.count / result.count]).sum(axis: -1)
      for (index, expected) in golden.logProb.enumerated() {
        let allowed = 2e-13 + 4 * Double.ulpOfOne * rounding.array()[index]
        expectClose(
          [result.array()[index]], [expected.value],
          within: .relative(1e-12, absolute: allowed.isFinite ? allowed : 0),
          "\(subject) of \(parameters.map { $0.array() }) at \(x[index].array())")
      }
    }
  }

  @Test(arguments: withGolden) func moments(_ subject: MultivariateCase) throws {
    let make = try #require(subject.golden?.make)
    for golden in try Self.golden(subject) {
      let distribution = make(golden.parameters.map(\.tensor))
      let what = "\(subject) of \(golden.parameters.map { $0.tensor.array() })"
      if let mean = golden.mean, let variance = golden.variance {
        let stated = try #require(distribution as? any MomentDistribution)
        #expect(stated.mean.shape == distribution.eventShape)
        expectClose(
          stated.mean.array(), mean.map(\.value), within: .relative(1e-12, absolute: 1e-300), what)
        expectClose(
          stated.variance.array(), variance.map(\.value),
          within: .relative(1e-11, absolute: 1e-14), what)
      }
      if let entropy = golden.entropy {
        let stated = try #require(distribution as? any EntropyDistribution)
        expectClose(
          stated.entropy, [entropy.value], shape: [], within: .relative(1e-11, absolute: 1e-11),
          what)
      }
    }
  }

  /// GSL's log densities, which take matrices as structures.
  @Test func agreesWithGSL() {
    for seed in 1...100 {
      var generator = SeededGenerator(seed: seed)
      let d = 1 + generator.below(5)
      let l = triangle(Tensor(generator.uniform(d * d, in: -1...1), shape: [d, d]))
      let (loc, x) = (generator.uniform(d, in: -2...2), generator.uniform(d, in: -4...4))
      let normal = MultivariateNormal(Tensor(loc), scaleTril: l)
      expectClose(
        normal.logProb(Tensor(x)), [GSL.multivariateNormalLogDensity(x, loc, l.array())], shape: [],
        within: .relative(1e-12, absolute: 1e-13), "\(l)")
      let m = triangle(Tensor(generator.uniform(d * d, in: -1...1), shape: [d, d]))
      let df = Double(d) + generator.uniform(1, in: 0...20)[0]
      let c = matmul(l, m)
      expectClose(
        Wishart(Tensor(df), scaleTril: l).logProb(matmul(c, c.transposed())),
        [GSL.wishartLogDensity(factor: c.array(), df, scale: l.array(), d)], shape: [],
        within: .relative(1e-12, absolute: 1e-12), "\(l) \(df)")
    }
  }

  /// Known values of other libraries: breaking a stick at (0.1, −0.2, 0.3), and NumPyro's LKJ.
  @Test func stickBreaking() {
    let pieces = Tensor([0.2692143494, 0.2122645752, 0.2978605515, 0.2206605238])
    let distribution = LogisticNormal(Tensor([0.1, -0.2, 0.3]), 1e-3)
    let logProb = LogisticNormal(Tensor([0.1, -0.2, 0.3]), 1).logProb(pieces / pieces.sum())
    #expect((logProb.scalar() - (5.5844288644 - 1.5 * log(2 * Double.pi))).magnitude < 1e-7)
    let draw = distribution.sample([], key: RandomKey(3), dtype: .float64)
    expectClose(draw.array(), pieces.array(), within: .relative(0, absolute: 5e-3))
  }
}
