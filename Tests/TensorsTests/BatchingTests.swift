import TestSupport
import Testing

@testable import Tensors

/// `batch(_:over:values:)` is a loop over single evaluations, for every operation and input.
@Suite struct BatchingTests {
  private let size = 3

  @Test(arguments: Registry.all)
  func `equals a loop`(_ operation: OperationCase) {
    let inputs = operation.inputs()
    for position in inputs.indices where inputs[position].count > 0 {
      check(operation, inputs, position) { operation($0) }
    }
  }

  @Test(arguments: Registry.differentiable)
  func `of gradients equals a loop`(_ operation: OperationCase) {
    let inputs = operation.inputs()
    for position in inputs.indices where inputs[position].count > 0 {
      check(operation, inputs, position) {
        gradient(of: operation.loss($0), withRespectTo: $0.filter(\.dtype.isFloat))
      }
    }
  }

  private func check(
    _ operation: OperationCase, _ inputs: [Tensor], _ position: Int,
    _ function: ([Tensor]) -> [Tensor]
  ) {
    let values = (0..<size).map { operation.inputs(seed: 10 + $0)[position] }
    let results = batch(function(inputs), over: inputs[position], values: stack(values))
    for index in 0..<size {
      var single = inputs
      single[position] = values[index]
      for (number, expected) in function(single).enumerated() {
        expectClose(
          results[number][index], expected, within: .relative(1e-12, absolute: 1e-13),
          "\(operation.name), output \(number) over input \(position)")
      }
    }
  }

  @Test func `repeats what does not depend on the input`() {
    let (x, y) = (Tensor([1.0, 2.0]), Tensor([3.0]))
    let result = batch([y * 2, x + 1], over: x, values: Tensor([[0.0, 1], [2, 3], [4, 5]]))
    expectClose(result[0], [6, 6, 6], shape: [3, 1])
    expectClose(result[1], [1, 2, 3, 4, 5, 6], shape: [3, 2])
  }

  @Test func `of the input itself is the values`() {
    let x = Tensor([1.0, 2.0])
    let result = batch([x], over: x, values: Tensor([[5.0, 6], [7, 8]]))
    expectClose(result[0], [5, 6, 7, 8], shape: [2, 2])
  }

  @Test func `by no values is empty`() {
    let x = Tensor([1.0, 2.0])
    let result = batch([exp(x).sum(), x * 2], over: x, values: Tensor([Double](), shape: [0, 2]))
    #expect(result[0].shape == [0])
    #expect(result[1].shape == [0, 2])
    #expect(result[1].array().isEmpty)
  }
}
