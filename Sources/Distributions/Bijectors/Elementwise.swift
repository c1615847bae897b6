/// x ↦ x.
public struct Identity: Bijector {
  public init() {}
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (x, Tensor.zeros(x.shape, dtype: x.dtype))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (y, Tensor.zeros(y.shape, dtype: y.dtype))
  }
}

/// x ↦ exp(x), onto the positive numbers; log det x.
public struct Exp: Bijector {
  public init() {}
  public var codomain: Constraint { .positive }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (exp(x), x)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = log(y)
    return (x, -x)
  }
}

/// x ↦ 1 / (1 + exp(−x)), onto the unit interval; log det −softplus(x) − softplus(−x).
public struct Sigmoid: Bijector {
  public init() {}
  public var codomain: Constraint { .unitInterval }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (sigmoid(x), -softplus(x) - softplus(-x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (log(y) - log1p(-y), -log(y) - log1p(-y))
  }
}

/// x ↦ log(1 + exp(x)), onto the positive numbers; log det −softplus(−x).
public struct Softplus: Bijector {
  public init() {}
  public var codomain: Constraint { .positive }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (softplus(x), -softplus(-x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    // log(eʸ − 1) = y + log(1 − e⁻ʸ), and dx/dy = 1 / (1 − e⁻ʸ).
    let tail = log(-expm1(-y))
    return (y + tail, -tail)
  }
}

/// x ↦ shift + scale · x; log det log |scale|.
public struct Affine: Bijector {
  private let shift: Tensor
  private let scale: Tensor

  /// - Parameter scale: not zero.
  public init(shift: Tensor, scale: Tensor) {
    self.shift = shift
    self.scale = scale
  }

  public var codomain: Constraint {
    // A bound of the domain moves with the map; with constants this is how the constraints of
    // half-lines and intervals are made.
    .real
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let y = shift + scale * x
    return (y, logDet(like: y))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = (y - shift) / scale
    return (x, -logDet(like: x))
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    shape.broadcast(with: shift.shape)?.broadcast(with: scale.shape) ?? shape
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

  private func logDet(like value: Tensor) -> Tensor {
    log(abs(scale)).cast(to: value.dtype).broadcast(to: value.shape)
  }
}
