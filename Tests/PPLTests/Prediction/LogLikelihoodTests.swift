import Foundation
import PPL
import TestSupport
import Testing

@Suite struct LogLikelihoodTests {
  private static let data: Tensor = [0.5, 1, 1.5]
  private static let posterior = [(name: "mu", draws: Tensor([-0.5, 0.25, 2, 3]))]

  private static func expected(_ mu: [Double], _ sd: Double) -> [Double] {
    mu.flatMap { mu in data.array().map { normalLogDensity($0, mu, sd) } }
  }

  @Test func datumByDatum() throws {
    let result = try logLikelihood(
      {
        let mu = sample("mu", Normal(0, 1))
        plate("rows", 3) { _ = sample("x", Normal(mu, 0.5), observed: Self.data) }
        factor("penalty", mu)
        sample("total", Normal(mu, 2), observed: 1)
      }, posterior: Self.posterior)
    #expect(result.map(\.name) == ["x", "total"])
    let mu = Self.posterior[0].draws.array()
    expectClose(
      result[0].draws, Self.expected(mu, 0.5), shape: [4, 3], within: .relative(1e-13))
    expectClose(
      result[1].draws, mu.map { normalLogDensity(1, $0, 2) }, shape: [4], within: .relative(1e-13))
  }

  /// Scales do not count, masks do.
  @Test func scalesAndMasks() throws {
    let result = try logLikelihood(
      {
        let mu = sample("mu", Normal(0, 1))
        scaled(by: 10) {
          masked(Tensor([true, false, true])) {
            plate("rows", 3) { _ = sample("x", Normal(mu, 0.5), observed: Self.data) }
          }
        }
      }, posterior: Self.posterior)
    var expected = Self.expected(Self.posterior[0].draws.array(), 0.5)
    for draw in 0..<4 { expected[3 * draw + 1] = 0 }
    expectClose(result[0].draws, expected, shape: [4, 3], within: .relative(1e-13))
  }

  /// A datum of a shared parameter still has one log density for each copy.
  @Test func copiesAreSpread() throws {
    let result = try logLikelihood(
      {
        sample("mu", Normal(0, 1))
        plate("rows", 3) { _ = sample("x", Normal(0, 1), observed: 2) }
      }, posterior: Self.posterior)
    expectClose(
      result[0].draws, [Double](repeating: normalLogDensity(2, 0, 1), count: 12), shape: [4, 3],
      within: .relative(1e-14))
  }

  @Test func branchingModels() throws {
    let result = try logLikelihood(
      {
        let mu = sample("mu", Normal(0, 1))
        sample("x", Normal(mu, mu.scalar() > 0 ? 0.5 : 3), observed: 1)
      }, posterior: Self.posterior)
    let expected = Self.posterior[0].draws.array().map {
      normalLogDensity(1, $0, $0 > 0 ? 0.5 : 3)
    }
    expectClose(result[0].draws, expected, shape: [4], within: .relative(1e-13))
  }

  @Test func whatCannotBeTold() {
    let error = #expect(throws: PredictionError.self) {
      try logLikelihood(
        {
          let mu = sample("mu", Normal(0, 1)) + sample("nu", Normal(0, 1))
          sample("x", Normal(mu, 1), observed: 1)
        }, posterior: Self.posterior)
    }
    #expect(error == .noDraws("nu", found: ["mu"]))
    #expect(throws: ModelError.subsampledPlate("rows")) {
      try logLikelihood(
        {
          let mu = sample("mu", Normal(0, 1))
          plate("rows", 3, subsampleSize: 2) { indices in
            _ = sample("x", Normal(mu, 1), observed: Self.data.gathered(indices))
          }
        }, posterior: Self.posterior)
    }
  }

  /// Leave-one-out from a fit in two lines; exact values of a normal mean with a wide prior.
  @Test func intoLeaveOneOut() throws {
    func model() {
      let mu = sample("mu", Normal(0, 1000))
      plate("rows", 3) { _ = sample("x", Normal(mu, 1), observed: Self.data) }
    }
    let mu = 1 + RandomKey(1).normal([20_000]) / 3.0.squareRoot()
    let likelihood = try logLikelihood(model, posterior: [("mu", mu)])
    let exact = [1.25, 1, 0.75].enumerated().map { index, others in
      normalLogDensity(Self.data.array()[index], others, 1.5.squareRoot())
    }
    // ArviZ's largest error on thirty such sets of draws was 0.011.
    expectClose(
      loo(likelihood[0].draws).pointwise, exact, within: .relative(0, absolute: 0.025))
  }
}
