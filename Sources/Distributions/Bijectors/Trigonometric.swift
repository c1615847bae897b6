/// x ↦ sin x, from [−π/2, π/2] onto [−1, 1]; log det log cos x, which is not finite at the ends.
public struct Sin: Bijector, Equatable {
  public init() {}
  public var domain: Constraint { .interval(Tensor(floatLiteral: -.pi / 2), halfPi) }
  public var codomain: Constraint { .interval(-1, 1) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (sin(x), log(cos(x)))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (asin(y), -logOfRoot(y))
  }
}

/// x ↦ cos x, from [0, π] onto [−1, 1], which it turns around; log det log sin x, which is not finite
/// at the ends.
public struct Cos: Bijector, Equatable {
  public init() {}
  public var domain: Constraint { .interval(0, Tensor(floatLiteral: .pi)) }
  public var codomain: Constraint { .interval(-1, 1) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (cos(x), log(sin(x)))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (acos(y), -logOfRoot(y))
  }
}

/// log √(1 − y²).
private func logOfRoot(_ y: Tensor) -> Tensor { (log1p(y) + log1p(-y)) / 2 }
