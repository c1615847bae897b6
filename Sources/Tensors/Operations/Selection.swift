internal import CTensorKernels

/// Chooses between two tensors element by element.
final class WhereOperation: ElementwiseOperation {
  static let shared = WhereOperation()
  let name = "where"
  let identity = -4001

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    // The kernel numbers b, c, then the mask.
    ctk_where(result.kernelCode, Int32((uniform >> 1) | ((uniform & 1) << 2)))
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor
    return [
      nil,
      Cotangent(`where`(inputs[0], ct, 0), isMasked: true),
      Cotangent(`where`(inputs[0], 0, ct), isMasked: true),
    ]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return `where`(aligned[0], aligned[1], aligned[2])
  }
}

/// `a` where the mask is true, `b` elsewhere. The branch not taken never reaches the gradient,
/// whatever its value or derivative there.
///
/// This holds through elementwise operations, reductions, matrix products and factorizations.
public func `where`(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(mask.dtype == .bool, "where: expected a mask, got a tensor of dtype \(mask.dtype)")
  let dtype = commonDType(a, b, "where")
  let values = commonShape(a, b, "where")
  guard let shape = mask.shape.broadcast(with: values) else {
    preconditionFailure("where: a mask of shape \(mask.shape) for values of shape \(values)")
  }
  return Tensor(
    Node(
      WhereOperation.shared, mask.node, a.operand(as: dtype).node, b.operand(as: dtype).node,
      shape: shape, dtype: dtype, isWeak: a.node.isWeak && b.node.isWeak))
}

/// Each element limited to the interval between two bounds. The derivative outside is 0.
public func clamp(_ x: Tensor, _ lower: Tensor, _ upper: Tensor) -> Tensor {
  `where`(x .< lower, lower, `where`(x .> upper, upper, x))
}

/// Converts elements to another dtype.
final class CastOperation: ElementwiseOperation {
  static let shared = CastOperation()
  let name = "cast"
  let identity = -4002

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 0 ? ctk_cast(operands[0].kernelCode, result.kernelCode) : nil
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    guard inputs[0].dtype.isFloat, result.dtype.isFloat else { return [nil] }
    return [cotangent.with(cotangent.tensor.cast(to: inputs[0].dtype))]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].cast(to: original.dtype)
  }
}

extension Tensor {
  /// The same numbers as another dtype. From float to int64, fractions are cut off and NaN gives
  /// 0; to bool, everything but zero is true.
  public func cast(to dtype: DType) -> Tensor {
    if self.dtype == dtype && !node.isWeak { return self }
    return Tensor(Node(CastOperation.shared, node, shape: shape, dtype: dtype))
  }
}

/// The value, without a derivative.
final class StopGradientOperation: ViewOperation {
  static let shared = StopGradientOperation()
  let name = "stopGradient"
  let identity = -4003

  func apply(to view: View, shape: Shape) -> View? { view }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [nil] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    stopGradient(inputs[0])
  }
}

/// The same value, taken as a constant by differentiation.
public func stopGradient(_ x: Tensor) -> Tensor {
  Tensor(
    Node(
      StopGradientOperation.shared, x.node, shape: x.shape, dtype: x.dtype, isWeak: x.node.isWeak))
}
