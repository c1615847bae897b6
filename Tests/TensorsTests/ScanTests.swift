import TestSupport
import Testing

@testable import Tensors

/// Scans against the same steps written out one after the other.
@Suite struct ScanTests {
  private static let lengths = [1, 2, 3, 4, 7]

  /// A step with two carries, of which derivatives need the first alone, and an output.
  private static func step(_ carry: [Tensor], _ x: Tensor, _ factor: Tensor) -> (
    carry: [Tensor], y: Tensor
  ) {
    let next = factor * carry[0] + x
    return ([next, carry[1] + next.sum()], next * square(carry[0]) - carry[1])
  }

  private static func unrolled(_ inputs: [Tensor], reversed: Bool) -> [Tensor] {
    let length = inputs[1].shape[0]
    var carry = [inputs[0], inputs[0].sum()]
    var ys = [Tensor?](repeating: nil, count: length)
    for row in reversed ? Array((0..<length).reversed()) : Array(0..<length) {
      let result = step(carry, inputs[1][row], inputs[2])
      carry = result.carry
      ys[row] = result.y
    }
    return carry + [stack(ys.compactMap { $0 })]
  }

  private static func scanned(_ inputs: [Tensor], reversed: Bool) -> [Tensor] {
    let result = scan(
      { carry, x in
        let result = step(carry, x[0], inputs[2])
        return (result.carry, [result.y])
      }, initial: [inputs[0], inputs[0].sum()], xs: [inputs[1]], reversed: reversed)
    return result.carry + result.ys
  }

  @Test(arguments: lengths, [false, true]) func unrolledSteps(_ length: Int, _ reversed: Bool) {
    let key = RandomKey(length)
    let inputs = [
      key.foldIn("first").normal([3]), key.foldIn("xs").normal([length, 3]),
      Tensor([0.5, -0.7, 1.1]),
    ].map { $0.detached() }
    let (expected, own) = (
      Self.unrolled(inputs, reversed: reversed), Self.scanned(inputs, reversed: reversed)
    )
    for (a, b) in zip(own, expected) {
      expectClose(a, b.array(), shape: b.shape, within: .relative(1e-13), "value")
    }
    func slopes(_ outputs: [Tensor]) -> [Tensor] {
      let total = zip(outputs, [1.0, -2, 0.5]).map { sin($0) * $1 }.map { $0.sum() }
      return gradient(of: total.reduce(0, +), withRespectTo: inputs)
    }
    // Twice: the second run finds the first one's memory.
    for _ in 0..<2 {
      for (a, b) in zip(slopes(own), slopes(expected)) {
        expectClose(a, b.array(), shape: b.shape, within: .relative(1e-11), "gradient")
      }
    }
  }

  /// A step of single elements: carries that change places and one that counts, a choice, and a
  /// function without arithmetic of its own.
  private static func scalarStep(_ carry: [Tensor], _ x: Tensor, _ weights: Tensor) -> (
    carry: [Tensor], y: [Tensor]
  ) {
    let next = weights[1] * carry[0] + x[0] / (square(carry[1]) + 1.5)
    let chosen = `where`(next .> 0, tanh(next) - x[1], -next)
    return ([carry[1], next, carry[2] + 1], [chosen * carry[2].cast(to: .float64), next])
  }

  private static func scalarResults(_ inputs: [Tensor], reversed: Bool, written: Bool) -> [Tensor] {
    let initial = [inputs[0][0], inputs[0][1], Tensor(0, dtype: .int64)]
    guard written else {
      let result = scan(
        { carry, x in scalarStep(carry, x[0], inputs[2]) }, initial: initial, xs: [inputs[1]],
        reversed: reversed)
      return result.carry + result.ys
    }
    let length = inputs[1].shape[0]
    var carry = initial
    var ys = [[Tensor]](repeating: [], count: length)
    for row in reversed ? Array((0..<length).reversed()) : Array(0..<length) {
      let result = scalarStep(carry, inputs[1][row], inputs[2])
      (carry, ys[row]) = (result.carry, result.y)
    }
    return carry + (0..<2).map { number in stack(ys.map { $0[number] }) }
  }

  @Test(arguments: lengths, [false, true]) func scalars(_ length: Int, _ reversed: Bool) {
    let key = RandomKey(length)
    let inputs = [
      key.foldIn("first").normal([2]), key.foldIn("xs").normal([length, 2]),
      Tensor([0.3, -0.7, 1.1]),
    ].map { $0.detached() }
    let own = Self.scalarResults(inputs, reversed: reversed, written: false)
    let expected = Self.scalarResults(inputs, reversed: reversed, written: true)
    for (a, b) in zip(own, expected) { expectClose(a, b, within: .bits, "value") }
    func slopes(_ outputs: [Tensor]) -> [Tensor] {
      let total = [0, 1, 3, 4].map { sin(outputs[$0] * Double($0 + 1)).sum() }
      return gradient(of: total.reduce(0, +), withRespectTo: inputs)
    }
    for (a, b) in zip(slopes(own), slopes(expected)) {
      expectClose(a, b.array(), shape: b.shape, within: .relative(1e-11), "gradient")
    }
  }

  /// Which bodies are run as single elements.
  @Test func scalarBodies() {
    func isScalar(_ shape: Shape, _ body: ([Tensor]) -> [Tensor]) -> Bool {
      let parameters = [Tensor(placeholder: shape, .float64), Tensor(placeholder: shape, .float64)]
      let plan = LoopBody.close(parameters, body(parameters), droppable: 2).body.plan()
      let row = ScalarScan.Rows(offset: 0, stride: 8)
      return ScalarScan(plan, length: 3, walked: [row], results: [row], carried: 1) != nil
    }
    #expect(isScalar([]) { [$0[0] * 0.3 + exp($0[1])] })
    #expect(isScalar([1]) { [`where`($0[0] .> 1, $0[0] / $0[1], $0[1])] })
    #expect(!isScalar([2]) { [$0[0] + exp($0[1])] })
    #expect(!isScalar([]) { [$0[0] + digamma($0[1])] })
    #expect(!isScalar([1]) { [matmul($0[0].reshaped(to: [1, 1]), $0[1])] })
  }
}
