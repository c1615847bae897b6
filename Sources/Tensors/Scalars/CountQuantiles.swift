#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Distribution functions of counts from chances near 0 or 1, and quantiles: the least x whose distribution function reaches a probability.
extension ScalarMath {
  /// I(a, b, 1 − p), also for p so small that 1 − p has lost its digits.
  static func betaLowerOfComplement(_ a: Double, _ b: Double, _ p: Double) -> Double {
    p >= 0 && p <= 1 ? waitingShare(a, b, 1 - p, p) : .nan
  }

  /// The same for the log odds of p.
  static func betaLowerOfLogits(_ a: Double, _ b: Double, _ logits: Double) -> Double {
    if logits.isNaN { return .nan }
    let (p, q) = chances(logits)
    return waitingShare(a, b, q, p)
  }

  /// I(a, b, x) for y = 1 − x; for a whole b by the sum of b masses where it is short and a so much
  /// larger that the continued fraction cancels: its lower tail near the limit of Poisson variables.
  private static func waitingShare(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
    guard a >= 0 && b > 0 && x >= 0 && y >= 0 else { return .nan }
    if a == 0 || y == 0 { return 1 }
    if x == 0 || a == .infinity { return 0 }
    if b == .infinity { return 1 }
    let isShort = b <= 4096 && a > 64 * b && b == b.rounded()
    guard isShort && y * (a + b) > b else { return betaLower(a, b, x, y) }
    let k = b - 1
    let product = a * y
    let excess = (-product).addingProduct(k, x) - (-product).addingProduct(a, y)
    var term = exp(binomialTerms(k, a, y, x, excess, log(y), log1p(-y)) - log1p(k / a))
    var (sum, j) = (term, k)
    while j >= 1 && term > 1e-18 * sum {
      term *= j / ((a + j - 1) * y)
      sum += term
      j -= 1
    }
    return sum
  }

  /// σ(x) and σ(−x).
  private static func chances(_ logits: Double) -> (p: Double, q: Double) {
    let small = exp(-logits.magnitude)
    let (rare, often) = (small / (1 + small), 1 / (1 + small))
    return logits < 0 ? (rare, often) : (often, rare)
  }

  static func poissonQuantile(_ p: Double, _ rate: Double) -> Double {
    guard rate >= 0 && rate < .infinity else { return .nan }
    return leastCount(p, mean: rate, deviation: sqrt(rate), upTo: rate == 0 ? 0 : .infinity) {
      gammaUpper($0 + 1, rate)
    }
  }

  static func binomialQuantile(_ u: Double, _ n: Double, _ p: Double) -> Double {
    p >= 0 && p <= 1 ? binomialQuantile(u, n, p, 1 - p) : .nan
  }

  /// The same for the log odds of p.
  static func binomialLogitsQuantile(_ u: Double, _ n: Double, _ logits: Double) -> Double {
    if logits.isNaN { return .nan }
    let (p, q) = chances(logits)
    return binomialQuantile(u, n, p, q)
  }

  private static func binomialQuantile(_ u: Double, _ n: Double, _ p: Double, _ q: Double)
    -> Double
  {
    guard n >= 0 && n < .infinity else { return .nan }
    return leastCount(u, mean: n * p, deviation: sqrt(n * p * q), upTo: n) {
      $0 < n ? waitingShare(n - $0, $0 + 1, q, p) : 1
    }
  }

  /// Of the number of successes of probability p before r failures.
  static func negativeBinomialQuantile(_ u: Double, _ r: Double, _ p: Double) -> Double {
    p >= 0 && p <= 1 ? negativeBinomialQuantile(u, r, p, 1 - p) : .nan
  }

  /// The same for the log odds of p.
  static func negativeBinomialLogitsQuantile(_ u: Double, _ r: Double, _ logits: Double) -> Double {
    if logits.isNaN { return .nan }
    let (p, q) = chances(logits)
    return negativeBinomialQuantile(u, r, p, q)
  }

  private static func negativeBinomialQuantile(
    _ u: Double, _ r: Double, _ p: Double, _ q: Double
  ) -> Double {
    guard r >= 0 && r < .infinity else { return .nan }
    if q == 0 { return .infinity }
    let mean = r * p / q
    return leastCount(u, mean: mean, deviation: sqrt(mean / q), upTo: mean == 0 ? 0 : .infinity) {
      waitingShare(r, $0 + 1, q, p)
    }
  }

  /// By doubling steps from the normal approximation, then bisection.
  private static func leastCount(
    _ p: Double, mean: Double, deviation: Double, upTo end: Double, _ cdf: (Double) -> Double
  ) -> Double {
    guard p >= 0 && p <= 1 else { return .nan }
    if p == 0 || end == 0 { return 0 }
    if p == 1 { return end }
    let guess = floor(mean + deviation * max(-8, min(8, normalQuantile(p))))
    var low = min(max(guess, 0), end)
    var high = low
    var step = max(1, floor(deviation / 16))
    if cdf(low) >= p {
      repeat {
        high = low
        low = max(low - step, -1)
        step *= 2
      } while low >= 0 && cdf(low) >= p
    } else {
      repeat {
        low = high
        high = min(high + step, end)
        step *= 2
      } while high < end && cdf(high) < p
    }
    while high - low > 1 {
      let middle = floor(low + 0.5 * (high - low))
      if middle == low || middle == high { break }
      if cdf(middle) >= p { high = middle } else { low = middle }
    }
    return high
  }
}
