#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Special functions of single numbers. They are total: NaN in gives NaN out, and poles and limits
/// have the values stated.
enum ScalarMath {}

/// The coefficients of a polynomial, in memory that never moves.
///
/// `@unchecked Sendable`: never written after `init`.
struct StaticCoefficients: @unchecked Sendable {
  private let base: UnsafePointer<Double>
  private let count: Int

  init(_ values: [Double]) {
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: values.count)
    memory.initialize(from: values, count: values.count)
    base = UnsafePointer(memory)
    count = values.count
  }

  /// By Horner's rule.
  @inline(__always)
  func evaluate(_ x: Double) -> Double {
    var result = base[count - 1]
    for index in (0..<count - 1).reversed() { result = result * x + base[index] }
    return result
  }
}

extension ScalarMath {
  /// ψ(x) / (x − x₀) on [1, 2], where x₀ is the zero of ψ, in powers of 2x − 3: the truncated
  /// Chebyshev series, whose next term is 10⁻¹⁶.
  private static let digammaCore = StaticCoefficients([
    0.951055876031833, -0.2118137106407286, 0.060135621060193475, -0.018550615381859925,
    0.005936795278436479, -0.001935066662163103, 0.0006368880282849916, -0.00021074843810682485,
    6.995020506384849e-05, -2.3258097015958563e-05, 7.741156049273805e-06, -2.578570146188502e-06,
    8.59134317611421e-07, -2.8533931229297597e-07, 9.500659034300503e-08, -3.289430573852927e-08,
    1.1039363482759935e-08, -2.703662231927563e-09, 8.657533672812613e-10, -7.223491003007321e-10,
    2.478695345606839e-10,
  ])
  /// B₂ₖ / 2k: ψ(x) ~ log x − 1/2x − Σ B₂ₖ / (2k x²ᵏ).
  private static let digammaTail = StaticCoefficients([
    1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12,
    -3617.0 / 8160,
  ])
  /// B₂ₖ: ψ′(x) ~ 1/x + 1/2x² + Σ B₂ₖ / x²ᵏ⁺¹.
  private static let trigammaTail = StaticCoefficients([
    1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510,
  ])

  /// ψ(x), the derivative of log Γ. As in SciPy: −∞ at 0 (+∞ at −0), NaN at the other poles.
  static func digamma(_ x: Double) -> Double {
    if x > 0 { return digammaPositive(x) }
    if x == 0 { return x.sign == .minus ? .infinity : -.infinity }
    let fraction = x - rint(x)
    // Negative integers and −∞; NaN passes on.
    if !(fraction != 0) { return .nan }
    return digammaPositive(1 - x) - Double.pi / tan(Double.pi * fraction)
  }

  private static func digammaPositive(_ x: Double) -> Double {
    if x >= 10 {
      let reciprocal = 1 / x
      let square = reciprocal * reciprocal
      return log(x) - (0.5 * reciprocal + square * digammaTail.evaluate(square))
    }
    if x < 1 { return digammaNearZero(x + 1) - 1 / x }
    // ψ(x) = ψ(z) + Σ 1/(z + i), the sum as one fraction. All differences are exact.
    var z = x
    var numerator = 0.0
    var denominator = 1.0
    while z > 2 {
      z -= 1
      numerator = numerator * z + denominator
      denominator *= z
    }
    return digammaNearZero(z) + numerator / denominator
  }

  /// ψ on [1, 2]; the zero is given by two numbers, so that ψ is accurate beside it too.
  private static func digammaNearZero(_ x: Double) -> Double {
    let distance = (x - 1.4616321449683622) - 9.549995429965697e-17
    return distance * digammaCore.evaluate(2 * x - 3)
  }

  /// ψ′(x); +∞ at the poles.
  static func trigamma(_ x: Double) -> Double {
    if x > 0 { return trigammaPositive(x) }
    if x == 0 { return .infinity }
    let fraction = x - rint(x)
    if fraction == 0 { return .infinity }
    if fraction.isNaN { return .nan }
    let sine = sin(Double.pi * fraction) / Double.pi
    return 1 / (sine * sine) - trigammaPositive(1 - x)
  }

  private static func trigammaPositive(_ x: Double) -> Double {
    let steps = x < 10 ? Int(10 - x) + 1 : 0
    let shifted = x + Double(steps)
    let reciprocal = 1 / shifted
    let square = reciprocal * reciprocal
    // Smallest terms first.
    var sum = reciprocal * square * trigammaTail.evaluate(square) + 0.5 * square + reciprocal
    for step in (0..<steps).reversed() {
      let term = x + Double(step)
      sum += 1 / (term * term)
    }
    return sum
  }

  /// ψ⁽ⁿ⁾(x) for an integer n ≥ 0 given as a double: (−1)ⁿ⁺¹ n! ζ(n + 1, x).
  static func polygamma(_ n: Double, _ x: Double) -> Double {
    if n == 0 { return digamma(x) }
    if n == 1 { return trigamma(x) }
    let magnitude = tgamma(n + 1) * hurwitzZeta(n + 1, x)
    return n.truncatingRemainder(dividingBy: 2) == 0 ? -magnitude : magnitude
  }

  /// B₂ₖ / (2k)!
  private static let zetaTail: [Double] = [
    1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1_209_600, 1.0 / 47_900_160,
    -691.0 / 1_307_674_368_000, 1.0 / 74_724_249_600, -3617.0 / 10_670_622_842_880_000,
    43867.0 / 5_109_094_217_170_944_000,
  ]

  /// ζ(s, q) = Σₖ₌₀ (q + k)⁻ˢ for s > 1, by the Euler–Maclaurin formula.
  ///
  /// +∞ for s = 1 and at the poles q = 0, −1, …; NaN for s < 1, for negative q where s is not an
  /// integer, and for q < −10⁵.
  static func hurwitzZeta(_ s: Double, _ q: Double) -> Double {
    if s.isNaN || q.isNaN || s < 1 { return .nan }
    if s == 1 { return .infinity }
    if q <= 0 {
      if q == rint(q) { return .infinity }
      if s != rint(s) || q < -1e5 { return .nan }
    }
    // The asymptotic series needs an argument large compared to s.
    let target = max(10, s + 8)
    var sum = 0.0
    var w = q
    while w < target {
      let term = pow(w, -s)
      sum += term
      w += 1
      if w > 1 && term * w < 1e-17 * abs(sum) { return sum }
    }
    if w == .infinity { return sum }
    let power = pow(w, -s)
    var factor = s * power / w
    var tail = w * power / (s - 1) + 0.5 * power
    for (index, coefficient) in zetaTail.enumerated() {
      tail += coefficient * factor
      let j = s + Double(2 * index)
      factor *= (j + 1) * (j + 2) / (w * w)
    }
    return sum + tail
  }
}
