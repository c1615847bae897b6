import TestSupport
import Testing

@testable import Tensors

@Suite struct DerivativeTests {
  @Test(arguments: Registry.differentiable)
  func `agree with finite differences`(_ operation: OperationCase) {
    for seed in 1...2 {
      checkGradients(
        of: operation.inputs(seed: seed), order: operation.order, seed: seed, operation.name
      ) { operation($0) }
    }
  }

  /// Rounding and masks are flat: their derivative is zero, not missing.
  @Test(arguments: Registry.all.filter { $0.order == 0 })
  func `are zero where the result does not vary`(_ operation: OperationCase) {
    let inputs = operation.inputs().filter(\.dtype.isFloat)
    guard !inputs.isEmpty else { return }
    let all = operation.inputs()
    for result in gradient(of: operation.loss(all), withRespectTo: all) {
      #expect(result.array().allSatisfy { $0 == 0 })
    }
  }

  @Test func `of a tensor used in many ways add up`() {
    checkGradients(of: [Tensor([0.3, 0.7, 1.1])]) { x in
      let y = exp(x[0]) * x[0]
      return [y.sum() * y, matmul(outer(x[0], y), x[0]), concat([x[0], y]).cumulativeSum()]
    }
  }

  @Test func `of what does not depend on an input are zeros of its shape`() {
    let (x, y) = (Tensor([1.0, 2.0]), Tensor([[1.0], [3.0]]))
    let result = gradient(of: exp(x).sum(), withRespectTo: y)
    expectClose(result, [0, 0], shape: [2, 1])
  }

  @Test func `of a vector are those of its sum`() {
    let x = Tensor([1.0, 2.0, 3.0])
    expectClose(gradient(of: square(x), withRespectTo: x), [2, 4, 6], shape: [3])
  }

  @Test func `of a tensor by itself is one`() {
    let x = Tensor([1.0, 2.0])
    expectClose(gradient(of: x, withRespectTo: x), [1, 1], shape: [2])
  }

  @Test func `can be taken by an intermediate result and by an input at once`() {
    let x = Tensor([0.5, 2.0])
    let y = square(x)
    let results = gradient(of: (y * x).sum(), withRespectTo: [x, y])
    expectClose(results[0], [0.75, 12], shape: [2], within: .ulps(2))
    expectClose(results[1], [0.5, 2], shape: [2])
  }

  @Test func `pass through a value that was read`() {
    let x = Tensor([0.5, 2.0])
    let y = exp(x)
    _ = y.array()
    let expected = y.array().map { 2 * $0 * $0 }
    expectClose(gradient(of: square(y), withRespectTo: x), expected, within: .ulps(4))
  }

  @Test func `to the fourth order are those of the exponential`() {
    let x = Tensor([0.1, -0.4])
    var y = exp(2 * x)
    for order in 1...4 {
      y = gradient(of: y, withRespectTo: x)
      let expected = x.array().map { [1.2214027581601699, 0.44932896411722156][$0 > 0 ? 0 : 1] }
        .map { $0 * Double(1 << order) }
      expectClose(y, expected, shape: [2], within: .ulps(8), "order \(order)")
    }
  }

  @Test func `of equal extremes are shared`() {
    let x = Tensor([3.0, 1, 3, 3])
    let third = 1.0 / 3
    expectClose(
      gradient(of: x.max(), withRespectTo: x), [third, 0, third, third], within: .ulps(1))
    expectClose(gradient(of: maximum(x, 3), withRespectTo: x), [0.5, 0, 0.5, 0.5])
    expectClose(gradient(of: minimum(x, 1), withRespectTo: x), [0, 0.5, 0, 0])
  }

  @Test func `at kinks are the ones promised`() {
    let x = Tensor([0.0])
    for function in [abs, relu, sign, floor] as [(Tensor) -> Tensor] {
      expectClose(gradient(of: function(x), withRespectTo: x), [0])
    }
    expectClose(gradient(of: pow(x, Tensor([2.0])), withRespectTo: x), [0])
    expectClose(gradient(of: pow(x, Tensor([0.0])), withRespectTo: x), [0])
  }

  @Test func `of stopped tensors are zero`() {
    let x = Tensor([1.5, 2.5])
    expectClose(gradient(of: x * stopGradient(x), withRespectTo: x), [1.5, 2.5])
    expectClose(gradient(of: stopGradient(exp(x)), withRespectTo: x), [0, 0])
  }

  @Test func `of repeated positions add up`() {
    let x = Tensor([1.0, 2, 3])
    let positions = Tensor([0, 2, 2, -1])
    expectClose(gradient(of: x.gathered(positions).sum(), withRespectTo: x), [1, 0, 3])
  }
}
