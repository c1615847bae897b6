#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// log |B(a, b)| = log |Γ(a) Γ(b) / Γ(a + b)|, without the cancellation of its three terms: +∞ at
  /// a = 0, −∞ at a = ∞.
  static func logBeta(_ a: Double, _ b: Double) -> Double {
    if a.isNaN || b.isNaN { return .nan }
    let (p, q) = (min(a, b), max(a, b))
    if p < 0 { return logGamma(p) + logGamma(q) - logGamma(p + q) }
    if p == 0 { return .infinity }
    if q == .infinity { return -.infinity }
    let ratio = p / (p + q)
    if p >= 10 {
      let errors = stirlingError(p) + stirlingError(q) - stirlingError(p + q)
      return logRootTwoPi - 0.5 * log(q) + errors + (p - 0.5) * log(ratio) + q * log1p(-ratio)
    }
    if q >= 10 {
      let errors = stirlingError(q) - stirlingError(p + q)
      return logGamma(p) + errors + p - p * log(p + q) + (q - 0.5) * log1p(-ratio)
    }
    if p < 1e-300 { return -log(p) + (q < 1e-150 ? log1p(p / q) : 0) }
    return log(tgamma(p) * (tgamma(q) / tgamma(p + q)))
  }

  /// xᵃ (1 − x)ᵇ / B(a, b): x (1 − x) times the density of the beta distribution; `y` is 1 − x.
  static func betaKernel(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
    if min(a, b) < 10 {
      // Of x and y the larger may be rounded; its logarithm is taken from the smaller one.
      let (logX, logY) = (x < 0.5 ? log(x) : log1p(-y), y < 0.5 ? log(y) : log1p(-x))
      return exp(a * logX + b * logY - logBeta(a, b))
    }
    // About the mean a / (a + b) the large exponents cancel.
    let sum = a + b
    let distance = b * x - a * y
    let exponent =
      a * logRatioMinus(x * (sum / a), distance / a)
      + b * logRatioMinus(y * (sum / b), -distance / b)
    let errors = stirlingError(sum) - stirlingError(a) - stirlingError(b)
    return sqrt(a * b / (2 * Double.pi * sum)) * exp(exponent + errors)
  }

  /// xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b), the derivative of I by x.
  static func betaDensity(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard x >= 0 && x <= 1 else { return x.isNaN ? .nan : 0 }
    if x == 0 { return a < 1 ? .infinity : a == 1 ? b : 0 }
    if x == 1 { return b < 1 ? .infinity : b == 1 ? a : 0 }
    return betaKernel(a, b, x, 1 - x) / (x * (1 - x))
  }

  /// I(a, b, x), the distribution function of a beta variable; NaN for x outside [0, 1] and for
  /// parameters not positive, but for the limits 1 at a = 0 and 0 at b = 0.
  static func betaLower(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a >= 0 && b >= 0 && x >= 0 && x <= 1 else { return .nan }
    if a == b && (a == 0 || a == .infinity) { return .nan }
    if a == 0 || b == .infinity { return x > 0 || a == 0 ? 1 : 0 }
    if b == 0 || a == .infinity { return x < 1 || b == 0 ? 0 : 1 }
    if x == 0 || x == 1 { return x }
    return betaLower(a, b, x, 1 - x)
  }

  /// I(a, b, x) inside the unit interval; `y` is 1 − x.
  static func betaLower(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
    if x <= 0 || y <= 0 { return x <= 0 ? 0 : 1 }
    let kernel = betaKernel(a, b, x, y)
    // Each tail by the continued fraction that converges fast there.
    if x * (a + b + 2) < a + 1 { return betaTail(a, b, x, y, kernel) }
    let upper = betaTail(b, a, y, x, kernel)
    // The difference of 1 would cancel; the fraction would not converge.
    return upper > 0.9
      ? kernel * betaTailIntegral(a, b, x, y, side: -1, excess: nil) : 1 - upper
  }

  /// I(a, b, x) given log(x / (1 − x)).
  static func betaLowerOfLogit(_ a: Double, _ b: Double, _ logit: Double) -> Double {
    guard a > 0 && b > 0 && a < .infinity && b < .infinity && !logit.isNaN else { return .nan }
    // Almost xᵃ / (a B(a, b)), also where x underflows.
    if logit + log1p(b) < -38 { return exp(a * logit - log(a) - logBeta(a, b)) }
    if log1p(a) - logit < -38 { return 1 - exp(-b * logit - log(b) - logBeta(a, b)) }
    return betaLower(a, b, 1 / (1 + exp(-logit)), 1 / (1 + exp(logit)))
  }

  /// xᵃ (1 − x)ᵇ / B(a, b), the derivative of that by the logit.
  static func betaKernelOfLogit(_ a: Double, _ b: Double, _ logit: Double) -> Double {
    guard a > 0 && b > 0 && a < .infinity && b < .infinity && !logit.isNaN else { return .nan }
    if logit + log1p(b) < -38 { return exp(a * logit - logBeta(a, b)) }
    if log1p(a) - logit < -38 { return exp(-b * logit - logBeta(a, b)) }
    return betaKernel(a, b, 1 / (1 + exp(-logit)), 1 / (1 + exp(logit)))
  }

  /// I(a, b, x) for x below the mean: a continued fraction, or where a parameter is large, so that it
  /// cancels or takes long, quadrature.
  private static func betaTail(
    _ a: Double, _ b: Double, _ x: Double, _ y: Double, _ kernel: Double
  ) -> Double {
    a + b > 200
      ? kernel * betaTailIntegral(a, b, x, y, side: -1, excess: nil)
      : kernel * betaFraction(a, b, x) / a
  }

  /// The continued fraction of I a B(a, b) / (xᵃ (1 − x)ᵇ), evaluated as Lentz does.
  private static func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    func inverted(_ value: Double) -> Double { 1 / (abs(value) < tiny ? tiny : value) }
    var c = 1.0
    var d = inverted(1 - (a + b) * x / (a + 1))
    var result = d
    for i in 1..<100_000 {
      let m = Double(i)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = inverted(1 + even * d)
      c = 1 + even / c
      if abs(c) < tiny { c = tiny }
      result *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = inverted(1 + odd * d)
      c = 1 + odd / c
      if abs(c) < tiny { c = tiny }
      let factor = d * c
      result *= factor
      if abs(factor - 1) < 1e-16 { break }
    }
    return result
  }
}
