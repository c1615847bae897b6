#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Log masses of counts by Stirling's formula and deviances (Loader 2000): all large terms have one
/// sign, so that nothing cancels for any count. They are smooth in every argument.
extension ScalarMath {
  /// log(e⁻ᵛ vˣ / Γ(x + 1)) for x ≥ 0 and v ≥ 0.
  static func poissonLogMass(_ x: Double, _ rate: Double) -> Double {
    guard x >= 0 && rate >= 0 && x < .infinity else { return .nan }
    if x == 0 { return -rate }
    if rate == 0 || rate == .infinity { return -.infinity }
    return deviance(x, rate / x, (rate - x) / x, log(rate) - log(x)) - countError(x)
      - (logRootTwoPi + 0.5 * log(x))
  }

  /// log of (k + m over k) pᵏ (1 − p)ᵐ for k ≥ 0 and m ≥ 0.
  static func binomialLogMass(_ k: Double, _ m: Double, _ p: Double) -> Double {
    guard k >= 0 && m >= 0 && k + m < .infinity && p >= 0 && p <= 1 else { return .nan }
    // k q − m p with the rounding error of the second product.
    let (q, product) = (1 - p, m * p)
    let excess = (-product).addingProduct(k, q) - (-product).addingProduct(m, p)
    return binomialTerms(k, m, p, q, excess, log(p), log1p(-p))
  }

  /// The same for log odds in place of the probability.
  static func binomialLogitsLogMass(_ k: Double, _ m: Double, _ logits: Double) -> Double {
    guard k >= 0 && m >= 0 && k + m < .infinity && !logits.isNaN else { return .nan }
    let small = exp(-logits.magnitude)
    let (rare, often) = (small / (1 + small), 1 / (1 + small))
    let (logRare, logOften) = (-logits.magnitude - log1p(small), -log1p(small))
    let n = k + m
    return logits < 0
      ? binomialTerms(k, m, rare, often, k - n * rare, logRare, logOften)
      : binomialTerms(k, m, often, rare, n * rare - m, logOften, logRare)
  }

  /// log of (k + m over k) pᵏ qᵐ with q = 1 − p; `excess` is k − (k + m) p.
  @inline(__always)
  static func binomialTerms(
    _ k: Double, _ m: Double, _ p: Double, _ q: Double, _ excess: Double,
    _ logP: @autoclosure () -> Double, _ logQ: @autoclosure () -> Double
  ) -> Double {
    // Below the negligible size the other parts are 0, and n / k might overflow.
    let negligible = 1e-290
    if k < negligible { return m == 0 ? 0 : m * logQ() }
    if m < negligible { return k * logP() }
    let n = k + m
    let (ofK, ofM) = (n / k, n / m)
    return deviance(k, p * ofK, -excess / k, logP() + log(ofK))
      + deviance(m, q * ofM, excess / m, logQ() + log(ofM))
      + (countError(n) - countError(k) - countError(m))
      - (logRootTwoPi + 0.5 * log(m / ofK))
  }

  /// `stirlingError`, for small whole numbers from a table.
  @inline(__always)
  private static func countError(_ x: Double) -> Double {
    x <= 16 && x == x.rounded() ? smallCountErrors[Int(x) - 1] : stirlingError(x)
  }

  // Allocated once and never written after.
  nonisolated(unsafe) private static let smallCountErrors: UnsafePointer<Double> = {
    let values = [
      0.08106146679532726, 0.0413406959554093, 0.02767792568499834, 0.020790672103765093,
      0.016644691189821193, 0.013876128823070748, 0.01189670994589177, 0.010411265261972096,
      0.009255462182712733, 0.00833056343336287, 0.007573675487951841, 0.00694284010720953,
      0.006408994188004207, 0.0059513701127588475, 0.005554733551962801, 0.0052076559196096404,
    ]
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: values.count)
    memory.initialize(from: values, count: values.count)
    return UnsafePointer(memory)
  }()

  /// k (log r − (r − 1)), given r, r − 1 and log r; the logarithm serves away from 1.
  @inline(__always)
  private static func deviance(
    _ k: Double, _ ratio: Double, _ excess: Double, _ logRatio: @autoclosure () -> Double
  ) -> Double {
    k * (ratio < 0.6 ? logRatio() - excess : log1pMinus(excess))
  }

  /// log(Γ(c + u) Γ(c + v) / (Γ(c) Γ(c + u + v))) for c > 0, u ≥ 0, v ≥ 0: relatively accurate
  /// also where it is close to 0.
  static func logGammaCross(_ c: Double, _ u: Double, _ v: Double) -> Double {
    guard c > 0 && u >= 0 && v >= 0 && c + u + v < .infinity else { return .nan }
    let (small, large) = (min(u, v), max(u, v))
    if small == 0 { return 0 }
    // Γ(z) = Γ(z + 1) / z moves all arguments to where Stirling's formula holds.
    var sum = 0.0
    var base = c
    while base < 20 {
      sum -= log1p(small / base * (large / (base + small + large)))
      base += 1
    }
    // (b − ½) log(1 + s/b) without its leading term s, which is the same at both ends.
    let end = base + large
    let bend =
      (base - 0.5) * log1pMinus(small / base) - (end - 0.5) * log1pMinus(small / end)
    let lead = -0.5 * small / base * (large / end)
    let errors = stirlingErrorRise(base, small) - stirlingErrorRise(end, small)
    return sum + (bend + lead + errors - small * log1p(large / (base + small)))
  }

  /// The rise of `stirlingError` from z ≥ 20 to z + s, relatively accurate also for tiny s.
  private static func stirlingErrorRise(_ z: Double, _ s: Double) -> Double {
    if s > 0.1 * z { return stirlingError(z + s) - stirlingError(z) }
    // cₖ (aᵏ − bᵏ) for a = 1/(z + s), b = 1/z and odd k, as cₖ (a − b) Σ aⁱ bᵏ⁻¹⁻ⁱ.
    let (a, b) = (1 / (z + s), 1 / z)
    let (aa, bb, ab) = (a * a, b * b, a * b)
    let third = aa + ab + bb
    let fifth = aa * aa + ab * third + bb * bb
    let seventh = aa * aa * aa + ab * fifth + bb * bb * bb
    return -s * ab * (1.0 / 12 - third / 360 + fifth / 1260 - seventh / 1680)
  }

  /// ψ(r + x) − ψ(r) for r > 0 and r + x > 0, accurate also where x is small beside r.
  static func digammaRise(_ r: Double, _ x: Double) -> Double {
    guard r > 0 && r + x > 0 else { return .nan }
    if min(r, r + x) < 20 { return digamma(r + x) - digamma(r) }
    let (a, b) = (1 / (r + x), 1 / r)
    // ψ(z) = log z − 1/2z − 1/12z² + 1/120z⁴ − 1/252z⁶ + …
    let (aa, bb) = (a * a, b * b)
    let (even, square) = (aa + bb, aa * aa + aa * bb + bb * bb)
    let tail = (a + b) * (1.0 / 12 - even / 120 + square / 252 - even * (aa * aa + bb * bb) / 240)
    return log1p(x * b) + x * a * b * (0.5 + tail)
  }
}
