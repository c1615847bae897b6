import Foundation
import PPL
import TestSupport
import Testing

@Suite struct PosteriorPredictiveCheckTests {
  private static let data: Tensor = [0.5, 1, 1.5, 2.2]

  private static func model() {
    let mu = sample("mu", Normal(0, 1))
    plate("rows", 4) { _ = sample("x", Normal(mu, 1), observed: data) }
  }

  /// With mu known, means of replicated data are N(mu, ½): p = 1 − Φ(2 (1.3 − mu)). 20,000 draws and
  /// |z| < 4.9: a p-value off by 0.035 is caught.
  @Test(arguments: [0.9, 1.3, 2]) func pValues(_ mu: Double) throws {
    let count = 20_000
    let check = try PosteriorPredictiveCheck(
      Self.model, site: "x", posterior: [("mu", Tensor.full([count], mu))]
    ) { $0.mean() }
    expectClose([check.observed], [1.3], within: .relative(1e-14))
    #expect(check.replicated.count == count)
    let p = 0.5 * erfc(2 * (1.3 - mu) / 2.0.squareRoot())
    #expect(isPlausible(check.pValue, p, sd: (p * (1 - p)).squareRoot(), count: count))
  }

  /// A statistic that no replicated data reach, and one they always reach.
  @Test func extremes() throws {
    let posterior = [(name: "mu", draws: Tensor.zeros([50]))]
    let far = try PosteriorPredictiveCheck(
      { condition(["x": Tensor([9.0, 9, 9, 9])], Self.model) }, site: "x", posterior: posterior
    ) { $0.min() }
    // The data that `condition` gives are replicated too.
    #expect(far.observed == 9 && far.pValue == 0)
    let constant = try PosteriorPredictiveCheck(
      Self.model, site: "x", posterior: posterior
    ) { _ in 3 }
    #expect(constant.pValue == 1)
    #expect("\(constant)" == "data 3.000, replicated data 3.000 … 3.000, p = 1.000")
  }

  @Test func unknownSite() {
    #expect(throws: PredictionError.noSite("y", found: ["x"])) {
      try PosteriorPredictiveCheck(
        Self.model, site: "y", posterior: [("mu", Tensor.zeros([5]))]
      ) { $0.mean() }
    }
  }
}
