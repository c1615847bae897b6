import TestSupport
import Testing

@testable import Tensors

/// Misuse stops the program with a message that names the operation and the shapes.
@Suite struct ErrorTests {
  @Test func `shapes that do not broadcast`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([2, 3]) + Tensor.zeros([4])
    }
    expectTrap(result, "add", "[2, 3]", "[4]")
  }

  @Test func `numbers that are not whole`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor([1, 1.7], dtype: .int64)
    }
    expectTrap(result, "int64", "1.7")
  }

  @Test func `too many axes`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Shape(repeating: 2, count: 8) + [3]
    }
    expectTrap(result, "8 axes", "of 3")
  }

  @Test func `matrices that do not fit`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = matmul(Tensor.zeros([2, 3]), Tensor.zeros([4, 5]))
    }
    expectTrap(result, "matmul", "[2, 3]", "[4, 5]")
  }

  @Test func `a derivative that does not exist`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let x = Tensor([2.0])
      let root = whileLoop(initial: [x]) {
        $0[0].sum() .< 100
      } body: {
        [$0[0] * 2]
      }
      _ = gradient(of: root[0], withRespectTo: x).array()
    }
    expectTrap(result, "while", "derivative")
  }

  @Test func `a derivative by one argument that does not exist`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let order = Tensor([2.0])
      _ = gradient(of: zeta(order, 1.5), withRespectTo: order).array()
    }
    expectTrap(result, "zeta", "derivative")
  }

  @Test func `a derivative that is not asked for is not missed`() {
    let x = Tensor([0.3])
    expectClose(gradient(of: zeta(2, x + 1), withRespectTo: x), -2 * zeta(3, x + 1))
    let root = whileLoop(initial: [stopGradient(x)]) {
      $0[0].sum() .< 100
    } body: {
      [$0[0] * 2]
    }
    expectClose(gradient(of: root[0] * x, withRespectTo: x), root[0])
  }
}
