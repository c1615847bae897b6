internal import CTensorKernels

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  static let logRootTwoPi = 0.918938533204672741780329736405617640
  private static let stirlingTail = StaticCoefficients([
    1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156,
    -3617.0 / 122400,
  ])

  /// log |Γ(x)|.
  static func logGamma(_ x: Double) -> Double { ctk_log_gamma(x) }

  /// log Γ(1 + x) for x > −1, accurate near 0: with what 1 + x rounds off.
  static func logGammaOfOnePlus(_ x: Double) -> Double {
    let sum = 1 + x
    return logGamma(sum) + digamma(sum) * (x - (sum - 1))
  }

  /// log Γ(1 + 2h) − 2 log Γ(1 + h), accurate near 0, where it is about π² h² / 6.
  static func logGammaSpread(_ h: Double) -> Double {
    guard h.magnitude < 0.1 else {
      return h > -0.5 ? logGamma(1 + 2 * h) - 2 * logGamma(1 + h) : .nan
    }
    // Σ ζ(n) (−h)ⁿ (2ⁿ − 2) / n.
    var (sum, power, double) = (0.0, -h, 2.0)
    for n in 2..<28 {
      power *= -h
      double *= 2
      sum += hurwitzZeta(Double(n), 1) * power * (double - 2) / Double(n)
    }
    return sum
  }

  /// What Stirling's formula lacks: log Γ(x) − (x − ½) log x + x − ½ log 2π.
  static func stirlingError(_ x: Double) -> Double {
    if x < 10 { return logGamma(x) - (x - 0.5) * log(x) + x - logRootTwoPi }
    let reciprocal = 1 / x
    return reciprocal * stirlingTail.evaluate(reciprocal * reciprocal)
  }

  /// log(1 + x) − x, accurate near 0.
  static func log1pMinus(_ x: Double) -> Double {
    if x < -0.4 || x > 0.6 { return log1p(x) - x }
    // log(1 + x) = 2 (r + r³/3 + r⁵/5 + …) with r = x / (2 + x).
    let r = x / (2 + x)
    let s = r * r
    var sum = 0.0
    for k in (1...17).reversed() { sum = sum * s + 1 / Double(2 * k + 1) }
    return r * (2 * s * sum - x)
  }

  /// log r − (r − 1), given both a ratio r and r − 1: each is exact where the other cancels.
  static func logRatioMinus(_ ratio: Double, _ excess: Double) -> Double {
    ratio < 0.6 ? log(ratio) - excess : log1pMinus(excess)
  }

  /// xᵃ e⁻ˣ / Γ(a): x times the density of the gamma distribution.
  static func gammaKernel(_ a: Double, _ x: Double) -> Double {
    if a < 10 {
      let half = exp(-0.5 * x)
      return half * (pow(x, a) / tgamma(a)) * half
    }
    if x == .infinity { return 0 }
    // Γ by Stirling's formula, so that the large exponents cancel exactly.
    let exponent = a * logRatioMinus(x / a, (x - a) / a) - stirlingError(a)
    return sqrt(a / (2 * Double.pi)) * exp(exponent)
  }

  /// xᵃ⁻¹ e⁻ˣ / Γ(a), the density of the gamma distribution; 0 below 0.
  static func gammaDensity(_ a: Double, _ x: Double) -> Double {
    if x > 0 { return gammaKernel(a, x) / x }
    if x.isNaN || !(a > 0) { return .nan }
    return x < 0 || a > 1 ? 0 : a == 1 ? 1 : .infinity
  }

  /// P(a, x), the distribution function of a gamma variable: 0 at x = 0, 1 at a = 0.
  static func gammaLower(_ a: Double, _ x: Double) -> Double {
    gammaLimit(a, x) ?? (usesLower(a, x) ? lowerTail(a, x) : 1 - upperTail(a, x))
  }

  /// Q(a, x) = 1 − P(a, x), accurate also where it is small.
  static func gammaUpper(_ a: Double, _ x: Double) -> Double {
    if let limit = gammaLimit(a, x) { return 1 - limit }
    if usesLower(a, x) { return a < 1 ? upperSmall(a, x) : 1 - lowerTail(a, x) }
    return upperTail(a, x)
  }

  /// P at the ends of its domain, and NaN outside.
  private static func gammaLimit(_ a: Double, _ x: Double) -> Double? {
    guard a >= 0 && x >= 0 else { return .nan }
    if a == 0 { return x == 0 ? .nan : 1 }
    if a == .infinity { return x == .infinity ? .nan : 0 }
    if x == 0 { return 0 }
    return x == .infinity ? 1 : nil
  }

  private static func usesLower(_ a: Double, _ x: Double) -> Bool { x < a || x < 1.5 }

  /// From here on series and continued fractions take long, and the integrand is almost a bell.
  private static let largeShape = 60.0

  private static func lowerTail(_ a: Double, _ x: Double) -> Double {
    if a > largeShape { return gammaKernel(a, x) * tailIntegral(a, x, side: -1) }
    return gammaKernel(a, x) * lowerSeries(a, x) / a
  }

  /// S = Σ xⁿ / ((a + 1) … (a + n)), with which P = xᵃ e⁻ˣ / Γ(a + 1) · S.
  private static func lowerSeries(_ a: Double, _ x: Double) -> Double {
    var (term, sum) = (1.0, 1.0)
    var n = 1.0
    while term > 1e-17 * sum && n < 2000 {
      term *= x / (a + n)
      sum += term
      n += 1
    }
    return sum
  }

  private static func upperTail(_ a: Double, _ x: Double) -> Double {
    if a > largeShape { return gammaKernel(a, x) * tailIntegral(a, x, side: 1) }
    return gammaKernel(a, x) * upperFraction(a, x)
  }

  /// Q Γ(a) / (xᵃ e⁻ˣ) by Legendre's continued fraction, evaluated as Lentz does.
  private static func upperFraction(_ a: Double, _ x: Double) -> Double {
    var b = x + 1 - a
    var c = 1e300
    var d = 1 / b
    var result = d
    for i in 1..<10_000 {
      let k = Double(i)
      let numerator = -k * (k - a)
      b += 2
      d = 1 / (numerator * d + b)
      c = b + numerator / c
      let factor = c * d
      result *= factor
      if abs(factor - 1) < 1e-16 { break }
    }
    return result
  }

  /// Q for x < 1.5 and a < 1, where 1 − P would cancel:
  /// 1 − xᵃ/Γ(1 + a) − a xᵃ/Γ(1 + a) Σₙ₌₁ (−x)ⁿ / (n! (a + n)).
  private static func upperSmall(_ a: Double, _ x: Double) -> Double {
    let exponent = a * log(x) - logGammaOfOnePlus(a)
    var (term, sum) = (1.0, 0.0)
    for n in 1..<40 {
      term *= -x / Double(n)
      sum += term / (a + Double(n))
      if abs(term) < 1e-18 { break }
    }
    return -expm1(exponent) - a * exp(exponent) * sum
  }

  /// ∂P(a, x)/∂a.
  static func gammaLowerSlope(_ a: Double, _ x: Double) -> Double {
    if let limit = gammaLimit(a, x) { return limit.isNaN || a == 0 ? .nan : 0 }
    let kernel = gammaKernel(a, x)
    return kernel == 0 ? 0 : -kernel * ctk_gamma_slope_at(a, log(x))
  }

  /// ∫₀^∞ exp(side a w − x (exp(side w) − 1)) dw: an integral over log t from log x towards one
  /// side, relative to its integrand at the start.
  ///
  /// The exponent is concave; where it has fallen by 40 the rest does not count.
  private static func tailIntegral(_ a: Double, _ x: Double, side: Double) -> Double {
    func exponent(_ w: Double) -> Double {
      let u = side * w
      return (a - x) * u - x * expm1Minus(u)
    }
    // From its second-order expansion, then Newton's steps for the width.
    let drift = max(side * (x - a), 0)
    var width = 80 / (drift + sqrt(drift * drift + 80 * x))
    for _ in 0..<8 {
      let slope = side * (a - x * exp(side * width))
      let step = (exponent(width) + 40) / slope
      width = min(max(width - step, 0.3 * width), 2.5 * width)
    }
    var sum = 0.0
    let rule = GaussLegendre.shared
    for index in 0..<GaussLegendre.count {
      let w = width * rule.node(index)
      sum += rule.weight(index) * exp(exponent(w))
    }
    return sum * width
  }

  /// eˣ − 1 − x, accurate near 0.
  private static func expm1Minus(_ x: Double) -> Double {
    if x.magnitude > 0.5 { return expm1(x) - x }
    var sum = 1.0
    for k in (3...15).reversed() { sum = 1 + x * sum / Double(k) }
    return 0.5 * x * x * sum
  }
}

/// Gauss–Legendre quadrature on [0, 1].
///
/// `@unchecked Sendable`: never written after `init`.
struct GaussLegendre: @unchecked Sendable {
  static let count = 40
  static let shared = GaussLegendre()

  private let values: UnsafeMutablePointer<Double>

  @inline(__always)
  func node(_ index: Int) -> Double { values[2 * index] }
  @inline(__always)
  func weight(_ index: Int) -> Double { values[2 * index + 1] }

  /// The zeros of the Legendre polynomial, by Newton's method.
  private init() {
    let n = GaussLegendre.count
    values = .allocate(capacity: 2 * n)
    for index in 0..<n {
      var z = cos(Double.pi * (Double(index) + 0.75) / (Double(n) + 0.5))
      var slope = 1.0
      for _ in 0..<50 {
        var (current, previous) = (1.0, 0.0)
        for k in 1...n {
          let j = Double(k)
          (current, previous) = (((2 * j - 1) * z * current - (j - 1) * previous) / j, current)
        }
        slope = Double(n) * (z * current - previous) / (z * z - 1)
        let step = current / slope
        z -= step
        if abs(step) < 1e-16 { break }
      }
      values[2 * index] = 0.5 * (1 - z)
      values[2 * index + 1] = 1 / ((1 - z) * (1 + z) * slope * slope)
    }
  }
}
