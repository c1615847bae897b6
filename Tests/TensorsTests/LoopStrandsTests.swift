import TestSupport
import Testing

@testable import Tensors

/// What has to do with each other is one loop, what has not is several.
@Suite struct LoopStrandsTests {
  /// For each step of loops, how many there are.
  private func loops(_ outputs: [Tensor]) -> [Int] {
    let nodes = outputs.map(\.node)
    let order = GraphOrder(nodes) { $0.hasValue }
    let ir = IR(order, outputs: nodes) { $0.operation is Literal ? nil : order.table[$0] }
    return Schedule(ir).steps.compactMap { step in
      if case .loops(let loops) = step { loops.count } else { nil }
    }
  }

  private let (x, y, z): (Tensor, Tensor, Tensor)

  init() {
    var generator = SeededGenerator(seed: 1)
    func draw() -> Tensor { Tensor(generator.uniform(4000, in: -1...1)) }
    (x, y, z) = (draw(), draw(), draw())
  }

  @Test func `chains apart`() {
    #expect(loops([exp(x) + 1, tanh(y) * z]) == [2])
    #expect(loops([exp(x).sum(), tanh(y).max()]) == [2])
  }

  @Test func `values handed over`() {
    let shared = exp(x)
    #expect(loops([shared + y, shared * z]) == [1])
    #expect(loops([shared, shared + y]) == [1])
  }

  @Test func `the same elements read`() {
    #expect(loops([exp(x), tanh(x)]) == [1])
    #expect(loops([exp(x), tanh(x + y), sin(y)]) == [1])
    #expect(loops([exp(x[0..<3000]), tanh(x[1000..<4000])]) == [1])
    #expect(loops([exp(x), tanh(x.flipped())]) == [1])
  }

  @Test func `pieces of one vector, and a number for all`() {
    #expect(loops([exp(x[0..<2000]), tanh(x[2000..<4000])]) == [2])
    let number = y[0..<1].sum()
    #expect(loops([exp(x) * number, tanh(z) * number]).last == 2)
  }

  /// Of different lengths they are side by side too.
  @Test func `different lengths`() {
    #expect(loops([exp(x), tanh(y[0..<1000])]) == [2])
  }

  @Test func `in parts of memory`() {
    let joined = concat([tanh(x[2000..<4000]), exp(x[0..<2000]), y[0..<700] * 2])
    expectClose(
      joined, tanh(x[2000..<4000]).array() + exp(x[0..<2000]).array() + (y[0..<700] * 2).array())
  }
}
