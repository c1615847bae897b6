#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Entropies of counts without an end, and their derivatives.
extension ScalarMath {
  /// −Σ p log p of the Poisson distribution.
  static func poissonEntropy(_ rate: Double) -> Double {
    guard rate > 0 && rate < .infinity else { return rate == 0 || rate == .infinity ? rate : .nan }
    return countSum(rate, rate, { poissonLogMass($0, rate) }) { _, logMass in -logMass }
  }

  /// Its derivative, the mean of log((k + 1) / rate).
  static func poissonEntropySlope(_ rate: Double) -> Double {
    guard rate > 0 && rate < .infinity else { return rate == 0 ? .infinity : .nan }
    return countSum(rate, rate, { poissonLogMass($0, rate) }) { k, _ in
      let excess = (k + 1 - rate) / rate
      return excess > -0.5 ? log1p(excess) : log((k + 1) / rate)
    }
  }

  /// −Σ p log p for the count of successes of log odds l before r failures.
  static func negativeBinomialEntropy(_ r: Double, _ l: Double) -> Double {
    guard r > 0 && r < .infinity && !l.isNaN else { return .nan }
    if l.isInfinite { return l < 0 ? 0 : .infinity }
    if r > mostFailures {
      return negativeBinomialSum(r, l) { _, fall in fall } - negativeBinomialPeak(r, l)
    }
    let mean = r * exp(l)
    return r * softplus(l) + mean * softplus(-l) - entropyIntegral(r, l) { $0.share * $0.fall }
  }

  /// Its derivative by r.
  static func negativeBinomialEntropySlopeR(_ r: Double, _ l: Double) -> Double {
    guard r > 0 && r < .infinity && !l.isNaN else { return .nan }
    if l.isInfinite { return l < 0 ? 0 : .infinity }
    if r > mostFailures {
      let shift = softplus(l)
      return negativeBinomialSum(r, l) { k, fall in fall * (digammaRise(r, k) - shift) }
    }
    return softplus(l) + exp(l) * softplus(-l)
      - entropyIntegral(r, l) { $0.shareSlope * $0.fall + $0.share * (1 - $0.fall) * $0.log }
  }

  /// Its derivative by l.
  static func negativeBinomialEntropySlopeLogits(_ r: Double, _ l: Double) -> Double {
    guard r > 0 && r < .infinity && !l.isNaN else { return .nan }
    if l.isInfinite { return l < 0 ? 0 : r }
    if r > mostFailures {
      let (p, q) = (1 / (1 + exp(-l)), 1 / (1 + exp(l)))
      return negativeBinomialSum(r, l) { k, fall in fall * (k * q - r * p) }
    }
    let mean = r * exp(l)
    return mean * softplus(-l)
      - entropyIntegral(r, l) { $0.share * (1 - $0.fall) * (-r * expm1(-$0.log)) }
  }

  // MARK: Sums

  /// Σ p(k) f(k, log p(k)). The mass of a wide bell is smooth: every so many of its counts will do.
  private static func countSum(
    _ mean: Double, _ variance: Double, _ logMass: (Double) -> Double,
    _ term: (_ k: Double, _ logMass: Double) -> Double
  ) -> Double {
    let middle = mean.rounded(.down)
    let stride = max(1, (variance.squareRoot() / 8).rounded(.down))
    let top = logMass(middle)
    var sum = 0.0
    for direction in [-1.0, 1] {
      var k = direction < 0 ? middle : middle + stride
      while k >= 0 {
        let log = logMass(k)
        sum += exp(log) * term(k, log)
        if log < top - 45 { break }
        k += direction * stride
      }
    }
    return stride * sum
  }

  /// Σ p(k) f(k, fall), by how much log p(k) is below that at the mean: what multiplies derivatives of log p,
  /// whose mean is zero, had better be small.
  private static func negativeBinomialSum(
    _ r: Double, _ l: Double, _ term: (_ k: Double, _ fall: Double) -> Double
  ) -> Double {
    let mean = r * exp(l)
    let peak = negativeBinomialPeak(r, l)
    return countSum(mean, mean * (1 + mean / r), { negativeBinomialLogMass($0, r, l) }) {
      term($0, peak - $1)
    }
  }

  private static func negativeBinomialPeak(_ r: Double, _ l: Double) -> Double {
    negativeBinomialLogMass((r * exp(l)).rounded(.down), r, l)
  }

  private static func negativeBinomialLogMass(_ k: Double, _ r: Double, _ l: Double) -> Double {
    binomialLogitsLogMass(k, r, l) - log1p(k / r)
  }

  /// Up to so many failures an integral; from then on the mass is a bell.
  private static let mostFailures = 50.0

  /// What the integrand is made of at a point t.
  private struct EntropyPart {
    /// (1 − e^((1 − r) t)) / (eᵗ − 1), and its derivative by r.
    var share: Double
    var shareSlope: Double
    /// log(1 + eˡ (1 − e⁻ᵗ)), and 1 − e^(−r log): one less the generating function at e⁻ᵗ.
    var log: Double
    var fall: Double
  }

  /// ∫₀^∞ f dt/t. The mean of log(Γ(k + r) / (Γ(r) k!)) is one of that kind, with f = share · fall, since
  /// log Γ is an integral of exponentials (Malmsten) and their means are the generating function.
  ///
  /// In log t the integrand is analytic in a strip of width π, so that equidistant points give it to
  /// rounding.
  private static func entropyIntegral(
    _ r: Double, _ l: Double, _ integrand: (EntropyPart) -> Double
  ) -> Double {
    let step = 0.25
    let odds = exp(l)
    let first = -40 - log((1 + odds) * max(r, 1))
    let last = log(40 / min(r, 1))
    var sum = 0.0
    for index in 0...Int((last - first) / step) {
      let t = exp(first + step * Double(index))
      let fall = -expm1(-t)
      let log = log1p(odds * fall)
      let (slow, fast) = (exp(-r * t), exp(-t))
      let share = t > 1 ? (fast - slow) / fall : -fast * expm1((1 - r) * t) / fall
      sum += integrand(
        EntropyPart(share: share, shareSlope: t * slow / fall, log: log, fall: -expm1(-r * log)))
    }
    return step * sum
  }

  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-x.magnitude)) }
}
