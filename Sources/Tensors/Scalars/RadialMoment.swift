#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// log Kₙ(t), Kₙ(t) = ∫₀^∞ rⁿ exp(−(r − t)²/2) dr, for whole n ≥ 0.
  ///
  /// K₀ = √(2π) Φ(t), and the ratios rₖ = Kₖ / Kₖ₋₁ obey rₖ₊₁ = t + k / rₖ.
  static func logRadialMoment(_ n: Double, _ t: Double) -> Double {
    if t.isNaN || n < 0 { return .nan }
    if t.isInfinite { return t < 0 ? t : n > 0 ? t : logRootTwoPi }
    let base = logRootTwoPi + logNormalCDF(t)
    var sum = 0.0
    _ = radialRatios(Int(n), t) { sum += log($0) }
    return base + sum
  }

  /// ∂ log Kₙ / ∂t = n / rₙ; for n = 0 it is φ/Φ. For n = −1, −t continues the recurrence of its
  /// derivative.
  static func radialSlope(_ n: Double, _ t: Double) -> Double {
    if n < 0 { return -t }
    if n == 0 || t.isNaN { return normalHazard(t) }
    if t.isInfinite { return t < 0 ? .infinity : 0 }
    return n / radialRatios(Int(n), t) { _ in }
  }

  /// The ratios r₁ … rₙ in some order; returns rₙ.
  private static func radialRatios(_ n: Int, _ t: Double, _ visit: (Double) -> Void) -> Double {
    guard n > 0 else { return 0 }
    if t > -0.5 || (t > -1 && n <= 12) {
      var ratio = t + normalHazard(t)
      visit(ratio)
      for k in 1..<max(n, 1) {
        ratio = t + Double(k) / ratio
        visit(ratio)
      }
      return ratio
    }
    // Upwards the recurrence would lose digits; downwards, rₖ = k / (s + rₖ₊₁) forgets its start
    // like exp(−2s√k).
    let s = -t
    let start = n + 10 + Int((18 / s) * (18 / s))
    var ratio = 0.5 * (t + (s * s + 4 * Double(start + 1)).squareRoot())
    var last = 0.0
    for k in (1...start).reversed() {
      ratio = Double(k) / (s + ratio)
      if k == n { last = ratio }
      if k <= n { visit(ratio) }
    }
    return last
  }
}
