#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// log I₀(x): near 0 from the power series Σ (x²/4)ᵏ / k!², else from the scaled function.
  static func logBesselI0(_ x: Double) -> Double {
    let magnitude = x.magnitude
    if magnitude == .infinity { return .infinity }
    if magnitude > 2 { return magnitude + log(besselI0e(magnitude)) }
    let quarter = 0.25 * x * x
    var sum = 0.0
    for k in (1...13).reversed() { sum = (1 + sum) * quarter / Double(k * k) }
    return log1p(sum)
  }
}
