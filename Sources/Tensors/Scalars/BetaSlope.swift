#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// ∂I(a, b, x)/∂a.
  static func betaLowerSlopeA(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return .nan }
    let kernel = betaKernel(a, b, x, 1 - x)
    return kernel > 0 ? kernel * betaSlopeRatio(a, b, x, 1 - x) : 0
  }

  /// ∂I(a, b, x)/∂b, by I(a, b, x) = 1 − I(b, a, 1 − x).
  static func betaLowerSlopeB(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return .nan }
    let kernel = betaKernel(a, b, x, 1 - x)
    return kernel > 0 ? -kernel * betaSlopeRatio(b, a, 1 - x, x) : 0
  }

  /// dx/da at constant I(a, b, x): how a beta draw moves with its first parameter. It is −∂I/∂a
  /// divided by the density, taken without forming either, which underflow in the tails.
  static func betaDrawSlopeA(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return .nan }
    return x == 0 || x == 1 ? 0 : -x * (1 - x) * betaSlopeRatio(a, b, x, 1 - x)
  }

  /// dx/db at constant I(a, b, x).
  static func betaDrawSlopeB(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return .nan }
    return x == 0 || x == 1 ? 0 : x * (1 - x) * betaSlopeRatio(b, a, 1 - x, x)
  }

  /// ∂I/∂a divided by xᵃ yᵇ / B(a, b), where y = 1 − x.
  ///
  /// ∂I/∂a = ∫₀ˣ p(t) (log t − m) dt = −∫ₓ¹ of the same, with m = ψ(a) − ψ(a + b): of the two
  /// integrals the one whose integrand has one sign. In the variable v = log(t / (1 − t)) the density
  /// is exp(a log σ(v) + b log σ(−v)), log-concave with exponential tails; Gauss–Legendre quadrature
  /// until it has fallen by e⁻⁴⁰, in pieces, as its exponent bends at |v| of a few units.
  private static func betaSlopeRatio(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
    let start = log(x / y)
    let (logX, logY) = (min(log(x), 0), min(log(y), 0))
    let mean = digamma(a) - digamma(a + b)
    let side: Double = logX < mean ? -1 : 1
    /// log σ(v), and the exponent relative to the start.
    func logSigmoid(_ v: Double) -> Double { v < 0 ? v - log1p(exp(v)) : -log1p(exp(-v)) }
    func fall(_ v: Double) -> Double {
      a * (logSigmoid(v) - logX) + b * (logSigmoid(-v) - logY)
    }
    var (near, far) = (0.0, 1 / (a + b))
    while fall(start + side * far) > -40 { (near, far) = (far, 2 * far) }
    for _ in 0..<6 {
      let middle = 0.5 * (near + far)
      if fall(start + side * middle) > -40 { near = middle } else { far = middle }
    }
    let end = start + side * far
    let (low, high) = (min(start, end), max(start, end))
    let bends = [-30.0, -10, -4, 0, 4, 10, 30].filter { $0 > low && $0 < high }
    let bounds = [low] + bends + [high]
    var sum = 0.0
    for (from, to) in zip(bounds, bounds.dropFirst()) {
      sum += betaPiece(from, to) { v in exp(fall(v)) * (logSigmoid(v) - mean) }
    }
    return -side * sum
  }

  private static func betaPiece(
    _ from: Double, _ to: Double, _ integrand: (Double) -> Double
  ) -> Double {
    let rule = GaussLegendre.shared
    var sum = 0.0
    for index in 0..<GaussLegendre.count {
      sum += rule.weight(index) * integrand(from + (to - from) * rule.node(index))
    }
    return sum * (to - from)
  }
}
