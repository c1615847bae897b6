import Tensors
import TestSupport
import Testing

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
}
