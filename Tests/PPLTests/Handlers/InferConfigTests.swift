import PPL
import Testing

@Suite struct InferConfigTests {
  @Test func configures() throws {
    let record = try seeded(key: RandomKey(1)) {
      try trace {
        inferConfig({ $0.name == "z" ? .enumerate(.sequential) : nil }) {
          sample("z", Bernoulli(probs: 0.5))
          sample("y", Normal(0, 1), infer: .auxiliary)
          param("w", 1)
        }
      }
    }
    #expect(record["z"]?.infer.enumeration == .sequential)
    #expect(record["y"]?.infer.isAuxiliary == true)
    #expect(record["y"]?.infer.enumeration == nil)
  }

  @Test func makers() {
    #expect(InferConfig.enumerate().enumeration == .parallel)
    #expect(InferConfig.scoreFunction.usesScoreFunction)
    #expect(InferConfig.auxiliary.isAuxiliary)
    guard case .decayingAverage(0.5) = InferConfig.baseline(.decayingAverage(beta: 0.5)).baseline
    else {
      Issue.record("no baseline")
      return
    }
  }
}
