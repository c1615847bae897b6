import PPL
import TestSupport
import Testing

@Suite struct InferenceDataTests {
  static let data: Tensor = [0.5, 1, 1.5]

  /// Sites of several ranks, and names with a slash.
  static func model() {
    let mu = sample("mu", Normal(0, 1))
    let w = scope("part") { sample("w", Normal(0, Tensor([1.0, 2])).toEvent(1)) }
    deterministic("total", mu + w.sum())
    plate("rows", 3) { _ = sample("x", Normal(mu, 1), observed: data) }
    sample("y", Normal(w.sum(), 1), observed: 2)
  }

  static func chains() throws -> MCMCResult {
    try MCMC(model, warmup: 60, samples: 25, chains: 2, seed: 4).run()
  }

  private static func names(_ data: InferenceData, _ group: InferenceData.Group) -> [String] {
    data[group].map(\.name)
  }

  @Test func ofASampler() throws {
    let chains = try Self.chains()
    let result = try chains.inferenceData(for: Self.model)
    #expect(result.groups.map(\.group) == InferenceData.Group.allCases)
    #expect(Self.names(result, .posterior) == ["mu", "part/w", "total"])
    #expect(
      Self.names(result, .sampleStats) == [
        "lp", "acceptance_rate", "diverging", "n_steps", "tree_depth", "step_size",
      ])
    for group in [InferenceData.Group.logLikelihood, .posteriorPredictive, .observedData] {
      #expect(Self.names(result, group) == ["x", "y"])
    }
    let w = result[.posterior][1]
    #expect(w.values.shape == [2, 25, 2] && w.dimensions == ["chain", "draw", "part/w_dim_0"])
    #expect(result[.sampleStats].allSatisfy { $0.values.shape == [2, 25] })
    #expect(result[.sampleStats][2].values.dtype == .bool)
    let likelihood = result[.logLikelihood]
    #expect(likelihood.map(\.values.shape) == [[2, 25, 3], [2, 25]])
    #expect(result[.posteriorPredictive].map(\.values.shape) == [[2, 25, 3], [2, 25]])
    expectClose(result[.observedData][0].values, Self.data)
    #expect(result[.observedData][0].dimensions == ["x_dim_0"])
    // Draws, chains and data belong together.
    let mu = result[.posterior][0].values.expandingDims(at: -1)
    expectClose(
      likelihood[0].values, Normal(mu, 1).logProb(Self.data), within: .relative(1e-13))
    expectClose(result[.sampleStats][0].values, chains.logDensities.flatMap { $0 })
    #expect(
      result[.sampleStats][3].values.intArray() == chains.transitions.flatMap { $0 }.map(\.steps))
    #expect(
      result[.sampleStats][5].values.array()
        == chains.stepSizes.flatMap { [Double](repeating: $0, count: 25) })
  }

  @Test func ofAFit() throws {
    let fit = try SVI(Self.model, DiagonalNormalGuide(), optimizer: Adam(0.05))
      .run(steps: 50, showsProgress: false)
    let result = try fit.inferenceData(draws: 30)
    #expect(result.groups.map(\.group) == InferenceData.Group.allCases)
    #expect(Self.names(result, .sampleStats) == ["lp", "log_q"])
    #expect(result[.posterior].map(\.values.shape) == [[1, 30], [1, 30, 2], [1, 30]])
    #expect(result[.posteriorPredictive].map(\.values.shape) == [[1, 30, 3], [1, 30]])
    let weighted = try fit.importance(draws: 30)
    expectClose(result[.sampleStats][0].values, weighted.modelLogProb)
    expectClose(result[.sampleStats][1].values, weighted.guideLogProb)
  }

  /// Without data there are no groups about data.
  @Test func withoutData() throws {
    func prior() { sample("z", Normal(0, 1)) }
    let chains = try MCMC(prior, warmup: 20, samples: 10, chains: 1).run()
    let result = try chains.inferenceData(for: prior)
    #expect(result.groups.map(\.group) == [.posterior, .sampleStats])
    #expect(result[.observedData].isEmpty)
  }

  @Test func anotherModel() throws {
    let chains = try Self.chains()
    #expect(throws: PredictionError.self) {
      try chains.inferenceData {
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z, 1), observed: 1)
      }
    }
  }
}
