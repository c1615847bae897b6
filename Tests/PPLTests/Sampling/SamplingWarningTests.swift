import Foundation
import PPL
import Testing

@Suite struct SamplingWarningTests {
  /// Two modes that no chain leaves: each chain is sure, and they do not agree.
  @Test func disagreement() throws {
    let modes = MixtureSameFamily(Categorical(probs: [0.5, 0.5]), Normal([-20, 20], 1))
    let result = try MCMC({ sample("x", modes) }, warmup: 200, samples: 500, chains: 4, seed: 1)
      .run(showsProgress: false)
    let sides = try #require(result.chains.first?.draws).mean(axis: 1).array()
    #expect(sides.contains { $0 < -15 } && sides.contains { $0 > 15 }, "\(sides)")
    let warning = try #require(result.warnings.first)
    guard case .disagreement("x", let rHat) = warning else {
      Issue.record("\(result.warnings)")
      return
    }
    #expect(rHat > 1.5)
    #expect("\(warning)".contains("R-hat of x is \(String(format: "%.3f", rHat))"), "\(warning)")
  }

  /// Forty draws are worth at most 40 log₁₀ 40 = 64, where the warning's limit is 200.
  @Test func fewDraws() throws {
    let result = try MCMC({ sample("x", Normal(0, 1)) }, warmup: 200, samples: 20, chains: 2)
      .run(showsProgress: false)
    guard case .fewDraws("x", let effective) = result.warnings.last else {
      Issue.record("\(result.warnings)")
      return
    }
    #expect(effective > 0 && effective <= 65)
    let text = "\(result.warnings)"
    let size = String(format: "%.0f", effective)
    #expect(text.contains("the draws of x are worth \(size)"), "\(text)")
  }

  /// Numbers that are known throughout have no R-hat, and no say.
  @Test func none() throws {
    func model() {
      sample("x", Normal([0, 1], 1))
      deterministic("fixed", Tensor([2, 3]))
    }
    let result = try MCMC(model, warmup: 500, samples: 1000, chains: 4).run(showsProgress: false)
    #expect(result.warnings.isEmpty, "\(result.warnings)")
  }
}
