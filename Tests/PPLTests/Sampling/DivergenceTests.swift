import Models
import PPL
import Testing

@Suite struct DivergenceTests {
  /// In the centred eight schools the neck of the funnel, at small tau, cannot be explored: there
  /// the paths diverge.
  @Test func divergentDraws() throws {
    let result = try MCMC(EightSchools.centered, samples: 2000, chains: 4, seed: 1)
      .run(showsProgress: false)
    #expect(result.divergences > 20, "\(result.divergences)")
    #expect(
      result.warnings.first == .divergences(result.divergences, of: 8000), "\(result.warnings)")
    let there = try #require(result.divergentDraws["tau"])
    #expect(there.shape == [result.divergences])
    let everywhere = try #require(result["tau"])
    let (near, all) = (log(there).mean().scalar(), log(everywhere).mean().scalar())
    #expect(near < all - 0.5, "\(near) of \(all)")
  }

  @Test func none() throws {
    let result = try MCMC({ sample("x", Normal([0, 1], 1)) }, warmup: 200, samples: 100, chains: 2)
      .run(showsProgress: false)
    #expect(result.divergences == 0)
    #expect(result.divergentDraws["x"]?.shape == [0, 2])
    let told = result.warnings.contains { if case .divergences = $0 { true } else { false } }
    #expect(!told, "\(result.warnings)")
  }
}
