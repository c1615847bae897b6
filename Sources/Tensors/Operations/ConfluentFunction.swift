extension ScalarFunction {
  /// Of a, b and y.
  static let confluent: ScalarFunction = .init(
    "confluent", { ScalarMath.confluent($0, $1, $2) }
  ) { ct, v, y in
    missing("confluent", 2, ct, y) + [-(ct * (v[0] / v[1] * confluent(v[0] + 1, v[1] + 1, v[2])))]
  }
}

/// Kummer's ₁F₁(a; b; −y) for y ≥ 0, 2a = 1, 2, … and b ≥ a + 1.
package func confluent(_ a: Double, _ b: Double, _ y: Tensor) -> Tensor {
  func literal(_ value: Double) -> Tensor {
    Tensor(literal: value, dtype: y.dtype, isWeak: true)
  }
  return ScalarFunction.confluent(literal(a), literal(b), y)
}
