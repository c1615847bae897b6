import TestSupport
import Testing

@testable import Tensors

/// What was there before a node is not searched for what depends on it.
@Suite struct EpochTests {
  private static func chain(_ start: Tensor) -> Tensor {
    (0..<1000).reduce(start) { tensor, _ in tensor + 0.5 }
  }

  @Test func olderNodesAreNotVisited() {
    let old = Self.chain(Tensor([1.0]))
    let leaf = Tensor(placeholder: [1], .float64)
    let result = sin(leaf) * old
    #expect(GraphOrder([result.node], dependingOn: [leaf.node]).nodes.count == 4)
    #expect(GraphOrder([result.node]).nodes.count > 1000)
  }

  /// A value with its own derivative is such a node too.
  @Test func values() {
    let old = Self.chain(Tensor([1.0]))
    let leaf = withCustomDerivative(value: old, inputs: [old]) { ct, _, _ in [ct] }
    let result = leaf * old
    #expect(GraphOrder([result.node], dependingOn: [leaf.node]).nodes.count == 3)
    // Along the one way alone, though both end at the same numbers.
    expectClose(gradient(of: result, withRespectTo: leaf), [501], shape: [1])
    expectClose(gradient(of: result, withRespectTo: old), [1002], shape: [1])
  }

  /// Of several, the oldest counts; what came after it may depend on it.
  @Test func manySources() {
    let x = Tensor([2.0])
    let middle = Self.chain(x)
    let leaf = Tensor(placeholder: [1], .float64)
    let result = middle * leaf
    let there = substitute([result], [(x, Tensor([3.0])), (leaf, Tensor([10.0]))])[0]
    expectClose(there, [5030], shape: [1])
    let slopes = gradient(of: result, withRespectTo: [leaf, x])
    expectClose(
      substitute(slopes, [(leaf, Tensor([10.0]))])[0], [502], shape: [1])
    expectClose(
      substitute(slopes, [(leaf, Tensor([10.0]))])[1], [10], shape: [1])
  }
}
