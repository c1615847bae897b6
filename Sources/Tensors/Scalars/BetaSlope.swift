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
    return kernel > 0 ? kernel * betaSlopeRatio(a, b, log(x / (1 - x))) : 0
  }

  /// ∂I(a, b, x)/∂b, by I(a, b, x) = 1 − I(b, a, 1 − x).
  static func betaLowerSlopeB(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return .nan }
    let kernel = betaKernel(a, b, x, 1 - x)
    return kernel > 0 ? -kernel * betaSlopeRatio(b, a, log((1 - x) / x)) : 0
  }

  /// dx/da at constant I(a, b, x): how a beta draw moves with its first parameter. It is −∂I/∂a
  /// divided by the density, taken without forming either, which underflow in the tails.
  static func betaDrawSlopeA(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return .nan }
    return x == 0 || x == 1 ? 0 : -x * (1 - x) * betaSlopeRatio(a, b, log(x / (1 - x)))
  }

  /// dx/db at constant I(a, b, x).
  static func betaDrawSlopeB(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard a > 0 && b > 0 && x >= 0 && x <= 1 else { return .nan }
    return x == 0 || x == 1 ? 0 : x * (1 - x) * betaSlopeRatio(b, a, log((1 - x) / x))
  }

  /// d log(x / (1 − x)) / da at constant I(a, b, x), given log(x / (1 − x)).
  static func betaLogitSlopeA(_ a: Double, _ b: Double, _ logit: Double) -> Double {
    guard a > 0 && b > 0 && logit.isFinite else { return .nan }
    return -betaSlopeRatio(a, b, logit)
  }

  /// The same by b.
  static func betaLogitSlopeB(_ a: Double, _ b: Double, _ logit: Double) -> Double {
    guard a > 0 && b > 0 && logit.isFinite else { return .nan }
    return betaSlopeRatio(b, a, -logit)
  }

  /// ∂I/∂a divided by xᵃ (1 − x)ᵇ / B(a, b), given log(x / (1 − x)).
  ///
  /// ∂I/∂a = ∫₀ˣ p(t) (log t − m) dt = −∫ₓ¹ of the same, with m = ψ(a) − ψ(a + b): of the two
  /// integrals the one whose integrand has one sign.
  private static func betaSlopeRatio(_ a: Double, _ b: Double, _ logit: Double) -> Double {
    let excess = logSigmoid(logit) - (digamma(a) - digamma(a + b))
    let side: Double = excess < 0 ? -1 : 1
    let (x, y) = (exp(logSigmoid(logit)), exp(logSigmoid(-logit)))
    return -side * betaTailIntegral(a, b, x, y, side: side, excess: excess)
  }

  /// The integral of the beta density from x on towards one side, of log t − log x + excess times it if
  /// there is an excess, divided by xᵃ yᵇ / B(a, b), y = 1 − x.
  ///
  /// In the variable v = log(t / (1 − t)) the integrand is exp(a log σ(v) + b log σ(−v)), log-concave with
  /// exponential tails; Gauss–Legendre quadrature until it has fallen by e⁻⁴⁰, in pieces, as its
  /// exponent bends at |v| of a few units.
  static func betaTailIntegral(
    _ a: Double, _ b: Double, _ x: Double, _ y: Double, side: Double, excess: Double?
  ) -> Double {
    let start = x < 0.5 ? log(x) - log1p(-x) : log1p(-y) - log(y)
    /// log t − log x at a distance s from the start.
    func rise(_ s: Double) -> Double {
      s < -30 ? s - log(y + x * exp(s)) : -log1p(y * expm1(-s))
    }
    /// The exponent relative to the start: a (log t − log x) + b (log(1 − t) − log y).
    func fall(_ s: Double) -> Double {
      a * rise(s) - b * (s > 30 ? s + log(x + y * exp(-s)) : log1p(x * expm1(s)))
    }
    var (near, far) = (0.0, 1 / (a + b))
    while fall(side * far) > -40 { (near, far) = (far, 2 * far) }
    for _ in 0..<6 {
      let middle = 0.5 * (near + far)
      if fall(side * middle) > -40 { near = middle } else { far = middle }
    }
    let (low, high) = (min(0, side * far), max(0, side * far))
    let bends = [-30.0, -10, -4, 0, 4, 10, 30].map { $0 - start }.filter { $0 > low && $0 < high }
    let bounds = [low] + bends + [high]
    var sum = 0.0
    for (from, to) in zip(bounds, bounds.dropFirst()) {
      sum += betaPiece(from, to) { s in
        let density = exp(fall(s))
        return excess.map { density * ($0 + rise(s)) } ?? density
      }
    }
    return sum
  }

  /// log(1 / (1 + e⁻ᵛ)).
  private static func logSigmoid(_ v: Double) -> Double {
    v < 0 ? v - log1p(exp(v)) : -log1p(exp(-v))
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
