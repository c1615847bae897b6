/// x ↦ x.
public struct Identity: Bijector, Equatable {
  public init() {}
  public var isVolumePreserving: Bool { true }
  public var startsNearIdentity: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (x, Tensor.zeros(x.shape, dtype: x.dtype))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (y, Tensor.zeros(y.shape, dtype: y.dtype))
  }
}

/// x ↦ exp(x), onto the positive numbers; log det x.
public struct Exp: Bijector, Equatable {
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
public struct Sigmoid: Bijector, Equatable {
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
public struct Softplus: Bijector, Equatable {
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
