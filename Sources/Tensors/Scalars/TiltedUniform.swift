#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// log((eʸ − 1) / y), the cumulant generating function of a uniform number; 0 at 0.
  static func logExpm1Ratio(_ y: Double) -> Double {
    let half = 0.5 * y.magnitude
    if half < 0.5 {
      // log(sinh h / h) in powers of h².
      let s = half * half
      var sum = 0.0
      for coefficient in logSinhRatio.reversed() { sum = sum * s + coefficient }
      return 0.5 * y + s * sum
    }
    let even = half + log1p(-exp(-2 * half)) - log(2 * half)
    // For very negative y the half taken away would cancel.
    return y < 0 ? log1p(-exp(y)) - log(-y) : y == .infinity ? y : half + even
  }

  /// 2²ᵏ B₂ₖ / (2k (2k)!).
  private static let logSinhRatio: [Double] = [
    0.16666666666666666, -0.005555555555555556, 0.0003527336860670194, -2.6455026455026456e-05,
    2.1377799155576935e-06, -1.803670234005331e-07, 1.5661391322766983e-08,
    -1.3884130493737299e-09, 1.2504359176004997e-10, -1.1402575602296091e-11,
    1.0502923908637557e-12, -9.754877841593701e-14,
  ]

  /// Its derivative, the mean of the density proportional to eʸᵗ on the unit interval.
  static func logExpm1RatioSlope(_ y: Double) -> Double {
    let half = 0.5 * y
    if half.magnitude < 0.5 {
      let s = half * half
      var sum = 0.0
      for k in logSinhRatio.indices.reversed() {
        sum = sum * s + Double(2 * k + 2) * logSinhRatio[k]
      }
      return 0.5 + 0.5 * half * sum
    }
    // 1 / (1 − e⁻ʸ) − 1 / y, the small one of its terms by itself.
    return y < 0 ? -1 / y + 1 / -expm1(-y) : 1 / -expm1(-y) - 1 / y
  }

  /// The second derivative, the variance of that density.
  static func logExpm1RatioBend(_ y: Double) -> Double {
    let half = 0.5 * y.magnitude
    if half < 0.5 {
      let s = half * half
      var sum = 0.0
      for k in logSinhRatio.indices.reversed() {
        sum = sum * s + Double((2 * k + 2) * (2 * k + 1)) * logSinhRatio[k]
      }
      return 0.25 * sum
    }
    let fall = -expm1(-2 * half)
    return 1 / (4 * half * half) - exp(-2 * half) / (fall * fall)
  }

  /// The third derivative.
  static func logExpm1RatioTwist(_ y: Double) -> Double {
    let half = 0.5 * y
    if half.magnitude < 0.5 {
      let s = half * half
      var sum = 0.0
      for k in logSinhRatio.indices.reversed().dropLast() {
        let n = Double(2 * k + 2)
        sum = sum * s + n * (n - 1) * (n - 2) * logSinhRatio[k]
      }
      return 0.125 * half * sum
    }
    // 2 cosh h / sinh³ h − 2 / h³ over 8.
    let (size, fall) = (half.magnitude, exp(-2 * half.magnitude))
    let hyperbolic = 8 * fall * (1 + fall) / pow(1 - fall, 3)
    let twist = 0.125 * (hyperbolic - 2 / (size * size * size))
    return y < 0 ? -twist : twist
  }

  /// The x with (eʸˣ − 1) / (eʸ − 1) = p, for any y; p itself at y = 0.
  static func tiltedUniformQuantile(_ y: Double, _ p: Double) -> Double {
    guard p >= 0 && p <= 1 && !y.isNaN else { return .nan }
    if y.magnitude < 1e-17 { return p }
    if y < 700 { return log1p(p * expm1(y)) / y }
    return y == .infinity ? 1 : max(1 + log(p) / y, 0)
  }
}
