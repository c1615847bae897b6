extension ScalarFunction {
  /// The order is the first operand.
  static let logRadialMoment: ScalarFunction = .init(
    "logRadialMoment", { ScalarMath.logRadialMoment($0, $1) }
  ) { ct, x, _ in [nil, ct * radialSlope(x[0], x[1])] }
  /// With Sₙ = n / rₙ: Sₙ′ = −Sₙ (Sₙ − Sₙ₋₁).
  static let radialSlope: ScalarFunction = .init(
    "radialSlope", { ScalarMath.radialSlope($0, $1) }
  ) { ct, x, y in [nil, -(ct * (y * (y - radialSlope(x[0] - 1, x[1]))))] }
}

/// log ∫₀^∞ rⁿ exp(−(r − t)²/2) dr for an order n ≥ 0, also where the integral under- or
/// overflows: the logarithm of the n-th moment of the positive part of a normal distribution around
/// t, times √(2π).
public func logRadialMoment(order: Int, _ t: Tensor) -> Tensor {
  precondition(order >= 0, "logRadialMoment: an order of \(order)")
  let t = t.asFloat
  return ScalarFunction.logRadialMoment(
    Tensor(literal: Double(order), dtype: t.dtype, isWeak: true), t)
}
