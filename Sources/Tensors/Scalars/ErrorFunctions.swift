#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  private static let rootPi = 1.77245385090551602729816748334114518
  private static let rootHalf = 0.707106781186547524400844362104849039

  /// exp(x²) erfc(x): 1/(x√π) for large x, +∞ for x below −26.7.
  static func erfcx(_ x: Double) -> Double {
    if x < 20 {
      // exp(x²) from the rounded square and its rounding error.
      let square = x * x
      let error = (-square).addingProduct(x, x)
      let power = exp(square)
      return power.isInfinite ? .infinity : (power + power * error) * erfc(x)
    }
    // 1 − 1/2x² + 3/4x⁴ − …, term k being −(2k − 1)/2x² times the one before.
    let ratio = 0.5 / (x * x)
    var sum = 1.0
    for k in (1...9).reversed() { sum = 1 - Double(2 * k - 1) * ratio * sum }
    return sum / (x * rootPi)
  }

  /// log erfc(x), also where erfc underflows.
  static func logErfc(_ x: Double) -> Double {
    if x < 0.5 { return log1p(-erf(x)) }
    if x < 5 { return log(erfc(x)) }
    if x == .infinity { return -.infinity }
    return log(erfcx(x)) - x * x
  }

  /// log Φ(x), Φ the standard normal distribution function.
  static func logNormalCDF(_ x: Double) -> Double {
    if x > 2 { return log1p(-0.5 * erfcx(x * rootHalf) * normalBell(x)) }
    if x >= -1 { return log1p(-0.5 * erfc(x * rootHalf)) }
    if x == -.infinity { return x }
    return log(0.5 * erfcx(-x * rootHalf)) - 0.5 * x * x
  }

  /// φ(x) / Φ(x), the derivative of log Φ: about −x for very negative x.
  static func normalHazard(_ x: Double) -> Double {
    let scale = 2 * rootHalf / rootPi
    if x > 0 { return scale * normalBell(x) / erfc(-x * rootHalf) }
    return x == -.infinity ? .infinity : scale / erfcx(-x * rootHalf)
  }

  /// exp(−x²/2), from the rounded square and its rounding error.
  private static func normalBell(_ x: Double) -> Double {
    let square = x * x
    if square == .infinity { return 0 }
    let error = (-square).addingProduct(x, x)
    let power = exp(-0.5 * square)
    return power - 0.5 * power * error
  }

  /// The x with erf(x) = y; ±∞ at ±1, NaN outside.
  static func erfInverse(_ y: Double) -> Double {
    let magnitude = y.magnitude
    if magnitude > 0.5 {
      // 1 − |y| is exact here.
      let x = erfcInverse(1 - magnitude)
      return y < 0 ? -x : x
    }
    if magnitude < 1e-8 || y.isNaN { return y * (rootPi / 2) }
    // x ≈ z + z³/3 + 7z⁵/30 + 127z⁷/630 with z = y√π/2; Halley's steps triple its digits.
    let z = y * (rootPi / 2)
    let s = z * z
    var x = z * (1 + s * (1.0 / 3 + s * (7.0 / 30 + s * (127.0 / 630))))
    for _ in 0..<2 {
      let step = (erf(x) - y) * (rootPi / 2) * exp(x * x)
      x -= step / (1 + x * step)
    }
    return x
  }

  /// The x with erfc(x) = z; ±∞ at 0 and 2, NaN outside.
  static func erfcInverse(_ z: Double) -> Double {
    if z >= 0.5 && z <= 1.5 { return erfInverse(1 - z) }
    if z > 1.5 { return z == 2 ? -.infinity : z < 2 ? -erfcInverseTail(2 - z) : .nan }
    return z == 0 ? .infinity : z > 0 ? erfcInverseTail(z) : .nan
  }

  /// For 0 < z < ½, by Newton's steps on log erfc, which is almost a parabola.
  private static func erfcInverseTail(_ z: Double) -> Double {
    let target = log(z)
    // From erfc(x) ≈ exp(−x²) / (x√π + 1).
    var x = sqrt(-target)
    x = sqrt(max(-target - log(x * rootPi + 1), 0.1))
    for _ in 0..<4 {
      let scaled = erfcx(x)
      // u = (log erfc(x) − log z) / (log erfc)′, and Halley's correction with (log erfc)″.
      let slope = -2 / (rootPi * scaled)
      let step = (log(scaled) - x * x - target) / slope
      let bend = -2 * x - slope
      x -= step / (1 - 0.5 * step * bend)
    }
    // The logarithm of a tiny z costs digits: one last step on erfc itself.
    guard z > 1e-290 else { return x }
    let step = (erfc(x) - z) / (-2 / rootPi * exp(-x * x))
    return x - step / (1 + x * step)
  }

  /// The x with Φ(x) = p; ±∞ at 1 and 0, NaN outside.
  static func normalQuantile(_ p: Double) -> Double {
    // Φ(x) = erfc(−x/√2) / 2; for p > ½ doubling and subtracting are exact.
    p <= 0.5 ? 0 - 2 * rootHalf * erfcInverse(2 * p) : 2 * rootHalf * erfcInverse(2 * (1 - p))
  }
}
