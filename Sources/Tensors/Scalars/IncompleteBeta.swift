internal import CTensorKernels

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
      ? kernel * integralBelow(a, b, x, y) : 1 - upper
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
      ? kernel * integralBelow(a, b, x, y)
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

  /// The integral of the beta density below x, divided by xᵃ yᵇ / B(a, b), y = 1 − x.
  ///
  /// In the variable v = log(t / (1 − t)) the integrand is exp(a log σ(v) + b log σ(−v)), log-concave with
  /// exponential tails; Gauss–Legendre quadrature until it has fallen by e⁻⁴⁰, in pieces, as its
  /// exponent bends at |v| of a few units.
  private static func integralBelow(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
    let start = x < 0.5 ? log(x) - log1p(-x) : log1p(-y) - log(y)
    /// The exponent relative to the start: a (log t − log x) + b (log(1 − t) − log y).
    func fall(_ s: Double) -> Double {
      let rise = s < -30 ? s - log(y + x * exp(s)) : -log1p(y * expm1(-s))
      return a * rise - b * log1p(x * expm1(s))
    }
    var (near, far) = (0.0, 1 / (a + b))
    while fall(-far) > -40 { (near, far) = (far, 2 * far) }
    for _ in 0..<6 {
      let middle = 0.5 * (near + far)
      if fall(-middle) > -40 { near = middle } else { far = middle }
    }
    let bends = [-30.0, -10, -4, 0, 4, 10, 30].map { $0 - start }.filter { $0 > -far && $0 < 0 }
    let bounds = [-far] + bends + [0]
    let rule = GaussLegendre.shared
    var sum = 0.0
    for (from, to) in zip(bounds, bounds.dropFirst()) {
      for index in 0..<GaussLegendre.count {
        sum += (to - from) * rule.weight(index) * exp(fall(from + (to - from) * rule.node(index)))
      }
    }
    return sum
  }

  // MARK: The derivatives by the parameters

  /// ∂I(a, b, x)/∂a.
  static func betaLowerSlopeA(_ a: Double, _ b: Double, _ x: Double) -> Double {
    betaLowerSlopes(a, b, x).0
  }

  /// ∂I(a, b, x)/∂b.
  static func betaLowerSlopeB(_ a: Double, _ b: Double, _ x: Double) -> Double {
    betaLowerSlopes(a, b, x).1
  }

  private static func betaLowerSlopes(_ a: Double, _ b: Double, _ x: Double) -> (Double, Double) {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return (.nan, .nan) }
    let kernel = betaKernel(a, b, x, 1 - x)
    if kernel == 0 { return (0, 0) }
    var slopes = (0.0, 0.0)
    withUnsafeMutableBytes(of: &slopes) {
      let pair = $0.baseAddress?.assumingMemoryBound(to: Double.self)
      ctk_beta_slopes_at(a, b, log(x) - log1p(-x), pair)
    }
    return (-kernel * slopes.0, -kernel * slopes.1)
  }
}
