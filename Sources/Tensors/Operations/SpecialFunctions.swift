internal import CGSL
internal import CTensorKernels

/// A scalar function from GSL or of our own, applied to each element.
final class ScalarFunction: ElementwiseOperation {
  typealias Derivative =
    @Sendable (_ ct: Cotangent, _ inputs: [Tensor], _ y: Tensor) -> [Cotangent?]

  let name: String
  let identity: Int
  private let arity: Int32
  // An address of code: immutable and valid for the life of the process.
  nonisolated(unsafe) let scalarFunction: UnsafeRawPointer?
  private let derivative: Derivative

  init(_ name: String, _ number: Int, unary: @convention(c) (Double) -> Double, _ derivative: @escaping Derivative) {
    self.name = name
    identity = -6001 - number
    arity = 1
    scalarFunction = unsafeBitCast(unary, to: UnsafeRawPointer.self)
    self.derivative = derivative
  }

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 0 ? ctk_map(arity, result.kernelCode) : nil
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    derivative(cotangent, inputs, result)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return self(aligned[0])
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = x.asFloat
    return Tensor(Node(self, x.node, shape: x.shape, dtype: x.dtype, isWeak: x.node.isWeak))
  }
  static let digamma = ScalarFunction("digamma", 0, unary: { gsl_sf_psi($0) }) { ct, x, _ in
    [nil]
  }
}

public func digamma(_ x: Tensor) -> Tensor { ScalarFunction.digamma(x) }
