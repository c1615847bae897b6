import TestSupport
import Testing

@testable import Distributions

@Suite struct ImproperUniformTests {
  @Test func density() {
    let positive = ImproperUniform(.positive)
    expectClose(
      positive.logProb(Tensor([1e-300, 7, 0, -1, .infinity, .nan])),
      [0, 0, -.infinity, -.infinity, -.infinity, .nan], shape: [6])
    #expect(positive.logProb(Tensor([Float(2)])).dtype == .float32)
    #expect(positive.support == .positive && positive.batchShape == [] && positive.eventShape == [])
  }

  /// Axes of the event that the support knows nothing of are taken together.
  @Test func events() {
    let vectors = ImproperUniform(.positive, batchShape: [2], eventShape: [3])
    let value = Tensor([1, 2, 3, 1, -2, 3], shape: [2, 3])
    expectClose(vectors.logProb(value), [0, -.infinity], shape: [2])
    let expanded = vectors.expanded(to: [4, 2])
    #expect(expanded.batchShape == [4, 2] && expanded.eventShape == [3])
    #expect(expanded.logProb(value).shape == [4, 2])
    let whole = ImproperUniform(Constraint.positive.independent(1), eventShape: [3])
    expectClose(whole.logProb(value), [0, -.infinity], shape: [2])
  }

  @Test func hasNoDraws() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ImproperUniform(.real).sample(key: RandomKey(1)) }
    expectTrap(result, "ImproperUniform: a density that does not integrate")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ImproperUniform(Constraint.positive.independent(1))
      })
  }
}
