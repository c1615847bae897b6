import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct MonotoneRootTests {
  private static func sinh3(_ x: Tensor, _ a: Tensor) -> (value: Tensor, slope: Tensor) {
    (a * x + x * x * x, a + 3 * x * x)
  }

  /// x³ + a x = y by the formula for one real root, at slopes from 10⁻³ to 10³ and values from 0 to
  /// 10⁹, with and without a bracket.
  @Test func cubics() {
    for a in [1e-3, 1, 1e3] {
      let x = Tensor([0, 1e-12, -1e-3, 0.3, -1, 2.5, -17, 1e3])
      let y = Self.sinh3(x, Tensor(a)).value
      for bounds in [nil, (lower: Tensor(-1e3), upper: Tensor(2e3))] {
        let root = monotoneRoot(of: y, between: bounds) { Self.sinh3($0, Tensor(a)) }
        expectClose(root, x, within: .relative(1e-13, absolute: 1e-16 / Swift.min(a, 1)), "\(a)")
      }
    }
  }

  /// Where Newton's method alone runs away or cycles: tails that are nearly flat, a corner.
  @Test func hardFunctions() {
    let x = Tensor([-30, -3, -0.1, 0, 0.2, 4, 33])
    let flat = monotoneRoot(of: atan(x) + 1e-3 * x) {
      (atan($0) + 1e-3 * $0, 1 / (1 + $0 * $0) + 1e-3)
    }
    expectClose(flat, x, within: .relative(1e-12, absolute: 1e-15))
    let corner = { (x: Tensor) in
      (value: `where`(x .< 0, 1e-4 * x, 1e4 * x), slope: `where`(x .< 0, 1e-4, 1e4 + 0 * x))
    }
    let root = monotoneRoot(of: corner(x).value, corner)
    expectClose(root, x, within: .relative(1e-12))
    let nan = monotoneRoot(of: Tensor([1, .nan, 2.0])) { ($0 + exp($0), 1 + exp($0)) }.array()
    #expect(nan[1].isNaN)
    expectClose(
      [nan[0], nan[2]], [0, 0.4428544010023886], within: .relative(1e-15, absolute: 1e-15))
  }

  /// Parameters broadcast against the values, and float32 stays float32.
  @Test func shapesAndTypes() {
    let a = Tensor([[1.0], [2], [5]])
    let y = Tensor([1.0, -2])
    let root = monotoneRoot(of: y) { Self.sinh3($0, a) }
    #expect(root.shape == [3, 2])
    expectClose(Self.sinh3(root, a).value, y.broadcast(to: [3, 2]), within: .relative(1e-14))
    let single = monotoneRoot(of: y.cast(to: .float32)) { Self.sinh3($0, a.cast(to: .float32)) }
    #expect(single.dtype == .float32)
    expectClose(single.array(), root.array(), within: .relative(1e-6))
  }

  /// First and second derivatives with respect to the value and to what the function captures,
  /// also where one captured tensor depends on another.
  @Test func derivatives() {
    let y = Tensor([0.4, -1.3, 6])
    let a = Tensor([0.7, 1.9, 0.2])
    checkGradients(of: [y, a]) { inputs in
      let (y, a) = (inputs[0], inputs[1])
      let b = exp(a)
      return [
        monotoneRoot(of: y * a) { x in
          (a * x + b * x * x * x + Tensors.tanh(x), a + 3 * b * x * x + 1 - square(Tensors.tanh(x)))
        }
      ]
    }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = monotoneRoot(of: Tensor.zeros([3])) { _ in (Tensor.zeros([2]), Tensor.zeros([2])) }
      })
  }
}
