import TestSupport
import Testing

@testable import Tensors

/// Graphs a million nodes deep: nothing may recurse, nothing may be quadratic.
@Suite struct DeepGraphTests {
  private let depth = 1_000_000

  private struct Weak {
    weak var node: Node?
  }

  private func chain(_ start: Tensor, _ depth: Int) -> Tensor {
    var x = start
    for _ in 0..<depth / 2 { x = (x + 1) * 0.5 }
    return x
  }

  @Test func `are released`() {
    var x: Tensor? = chain(Tensor([1.0]), depth)
    let released = Weak(node: x?.node)
    x = nil
    #expect(released.node == nil)
  }

  @Test func `are released from the list of inputs`() {
    var x = Tensor([1.0])
    for _ in 0..<100_000 { x = concat([x, x, x, x])[0..<1] }
    let released = Weak(node: x.node)
    x = Tensor(0.0)
    #expect(released.node == nil)
  }

  @Test func `release shared parts later`() {
    var x: Tensor? = chain(Tensor([1.0]), 1000)
    let middle = x
    x = x.map { chain($0, 1000) }
    x = nil
    #expect(middle?.array().count == 1)
  }

  @Test func `are sorted, inputs first`() {
    let start = Tensor([1.0])
    let order = GraphOrder([chain(start, depth).node])
    // Each step has a literal of its own.
    #expect(order.nodes.count == 2 * depth + 1)
    #expect(order.nodes.first === start.node)
    let sample = stride(from: 0, to: order.nodes.count, by: 997)
    #expect(
      sample.allSatisfy { position in
        order.nodes[position].inputs.allSatisfy { (order.table[$0] ?? .max) < position }
      })
  }

  @Test func `are differentiated`() {
    let start = Tensor([1.0])
    let result = gradient(of: chain(start, depth), withRespectTo: start)
    #expect(result.shape == [1])
  }

  @Test func `are planned and evaluated`() {
    let start = Tensor([3.0])
    let end = chain(start, 40_000)
    let slope = gradient(of: chain(start, 40), withRespectTo: start)
    eval(end, slope)
    expectClose(end, [1], within: .ulps(2))
    expectClose(slope, [9.5367431640625e-07], within: .ulps(2))
  }

  @Test func `are substituted and batched`() {
    let start = Tensor([3.0])
    let end = chain(start, 20_000)
    let result = batch([end], over: start, values: Tensor([[1.0], [5.0]]))
    expectClose(result[0], [1, 1], shape: [2, 1], within: .ulps(2))
  }

  @Test func `with shared nodes are not walked twice`() {
    var x = Tensor([1.0])
    for _ in 0..<200 { x = (x + x) * 0.5 }
    expectClose(x, [1])
    let start = Tensor([1.0])
    var y = start
    for _ in 0..<60 { y = y * y }
    expectClose(gradient(of: y, withRespectTo: start), [0x1p60])
  }

  @Test func `may be wide`() {
    let parts = (0..<20_000).map { Tensor([Double($0)]) }
    expectClose(concat(parts).sum(), [199_990_000])
    expectClose(parts.reduce(Tensor(0.0), +), [199_990_000], shape: [1])
  }
}
