#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// The zero of an increasing function by Newton's method, kept within what is known to enclose it.
  ///
  /// Where the function is concave or convex, as logarithms of distribution functions are in the
  /// variables used here, the steps converge from one side whatever the start.
  private static func increasingRoot(
    from start: Double, tolerance: Double, _ function: (Double) -> (value: Double, slope: Double)
  ) -> Double {
    var (low, high) = (-Double.infinity, Double.infinity)
    var v = start
    for _ in 0..<200 {
      let (value, slope) = function(v)
      if value.magnitude <= tolerance { return v - (slope > 0 ? value / slope : 0) }
      if value < 0 { low = v } else { high = v }
      let reach = 2 + 0.5 * v.magnitude
      var next = min(max(v - value / slope, v - reach), v + reach)
      if !(next > low && next < high) {
        next =
          low.isFinite && high.isFinite ? 0.5 * (low + high) : value < 0 ? v + reach : v - reach
      }
      if (next - v).magnitude <= 1e-16 * v.magnitude { return next }
      v = next
    }
    return v
  }

  // MARK: Gamma

  /// The x with P(a, x) = p.
  static func gammaLowerInverse(_ a: Double, _ p: Double) -> Double {
    guard a > 0 && a < .infinity && p >= 0 && p <= 1 else { return .nan }
    if p == 0 || p == 1 { return p == 0 ? 0 : .infinity }
    return p <= 0.5 ? gammaQuantile(a, lower: p) : gammaQuantile(a, upper: 1 - p)
  }

  /// The x with Q(a, x) = q.
  static func gammaUpperInverse(_ a: Double, _ q: Double) -> Double {
    guard a > 0 && a < .infinity && q >= 0 && q <= 1 else { return .nan }
    if q == 0 || q == 1 { return q == 1 ? 0 : .infinity }
    return q <= 0.5 ? gammaQuantile(a, upper: q) : gammaQuantile(a, lower: 1 - q)
  }

  /// By Newton's method on log P in log x, from the larger of a lower bound and Wilson and
  /// Hilferty's approximation.
  private static func gammaQuantile(_ a: Double, lower p: Double) -> Double {
    let target = log(p)
    // P(a, x) < xᵃ / Γ(a + 1), and almost equal for tiny x.
    let bound = (target + logGammaOfOnePlus(a)) / a
    if bound < -38 { return exp(bound) }
    let root = wilsonHilferty(a, normalQuantile(p))
    let start = root > 0.1 ? max(bound, log(a) + 3 * log(root)) : bound
    return exp(
      increasingRoot(from: start, tolerance: 1e-15 * (1 - target)) { v in
        let x = exp(v)
        let value = gammaLower(a, x)
        return (log(value) - target, gammaKernel(a, x) / value)
      })
  }

  private static func gammaQuantile(_ a: Double, upper q: Double) -> Double {
    let target = log(q)
    let bound = (log1p(-q) + logGammaOfOnePlus(a)) / a
    if bound < -38 { return exp(bound) }
    let root = wilsonHilferty(a, -normalQuantile(q))
    let start = a < 0.5 ? max(bound, log(-target) - 0.5) : log(a) + 3 * log(max(root, 0.1))
    return exp(
      increasingRoot(from: start, tolerance: 1e-15 * (1 - target)) { v in
        let x = exp(v)
        let value = gammaUpper(a, x)
        return (target - log(value), gammaKernel(a, x) / value)
      })
  }

  /// The cube root of x / a is almost normal.
  private static func wilsonHilferty(_ a: Double, _ z: Double) -> Double {
    1 - 1 / (9 * a) + z / (3 * sqrt(a))
  }

  // MARK: Beta

  /// The x with I(a, b, x) = p.
  static func betaLowerInverse(_ a: Double, _ b: Double, _ p: Double) -> Double {
    guard a > 0 && b > 0 && a < .infinity && b < .infinity && p >= 0 && p <= 1 else { return .nan }
    if p == 0 || p == 1 { return p }
    let logit = betaLogitInverse(a, b, p)
    return logit < 0 ? exp(logit) / (1 + exp(logit)) : 1 / (1 + exp(-logit))
  }

  /// log(x / (1 − x)) for the x with I(a, b, x) = p.
  static func betaLogitInverse(_ a: Double, _ b: Double, _ p: Double) -> Double {
    guard a > 0 && b > 0 && a < .infinity && b < .infinity && p >= 0 && p <= 1 else { return .nan }
    if p == 0 || p == 1 { return p == 0 ? -.infinity : .infinity }
    return p <= 0.5 ? betaQuantileLogit(a, b, p) : -betaQuantileLogit(b, a, 1 - p)
  }

  /// The same for p ≤ ½, by Newton's method on log I in this variable, in which the density is
  /// log-concave.
  private static func betaQuantileLogit(_ a: Double, _ b: Double, _ p: Double) -> Double {
    let target = log(p)
    // I is almost xᵃ / (a B(a, b)) for tiny x.
    let tail = (target + log(a) + logBeta(a, b)) / a
    if tail + log1p(b) < -38 { return tail }
    let z = normalQuantile(p)
    let isCentral = a >= 1 && z > -4 || tail > -0.01
    let start =
      isCentral
      ? digamma(a) - digamma(b) + z * sqrt(trigamma(a) + trigamma(b)) : tail - log1p(-exp(tail))
    return increasingRoot(from: start, tolerance: 1e-15 * (1 - target)) { v in
      let (x, y) = (1 / (1 + exp(-v)), 1 / (1 + exp(v)))
      let value = betaLower(a, b, x, y)
      return (log(value) - target, betaKernel(a, b, x, y) / value)
    }
  }

  // MARK: Normal

  /// The x with log Φ(x) = y.
  static func normalQuantileOfLog(_ y: Double) -> Double {
    if y > -0.6 { return y <= 0 ? 0 - normalQuantile(-expm1(y)) : .nan }
    if y > -650 { return normalQuantile(exp(y)) }
    if y == -.infinity || y.isNaN { return y }
    var x = -sqrt(-2 * y - log(-4 * Double.pi * y))
    for _ in 0..<4 { x -= (logNormalCDF(x) - y) / normalHazard(x) }
    return x
  }

  /// log(Φ(a + width) − Φ(a)), also where both ends are far in one tail or close together.
  static func logNormalWindow(_ a: Double, _ width: Double) -> Double {
    guard width > 0 else { return width == 0 ? -.infinity : .nan }
    // Turned so that the interval lies more to the left, where Φ is small.
    let b = a + width
    let (low, high) = a + b > 0 ? (-b, -a) : (a, b)
    let whole = logNormalCDF(high)
    guard width < 4 && -high * width < 40 else {
      return low == -.infinity ? whole : whole + log1p(-exp(logNormalCDF(low) - whole))
    }
    // ∫ φ(high − t) dt over [0, width], relative to φ(high).
    var sum = 0.0
    let rule = GaussLegendre.shared
    for index in 0..<GaussLegendre.count {
      let t = width * rule.node(index)
      sum += rule.weight(index) * exp(t * (high - 0.5 * t))
    }
    return log(sum * width) - 0.5 * high * high - logRootTwoPi
  }

  /// log(Φ(b) − Φ(a)) for a ≤ b.
  static func logNormalInterval(_ a: Double, _ b: Double) -> Double {
    guard a < b else { return a == b ? -.infinity : .nan }
    if a == -.infinity { return logNormalCDF(b) }
    return logNormalWindow(a, b - a)
  }

  /// The z with Φ(z) = Φ(a) + p (Φ(b) − Φ(a)).
  static func truncatedNormalQuantile(_ a: Double, _ b: Double, _ p: Double) -> Double {
    guard a < b && p >= 0 && p <= 1 else { return .nan }
    if p == 0 || p == 1 { return p == 0 ? a : b }
    // By the distribution function where that is at most one half, else seen from the other side.
    let (least, most) = (logNormalCDF(a) + log1p(-p), logNormalCDF(b) + log(p))
    let top = max(least, most)
    let isLeft = top + log(exp(least - top) + exp(most - top)) < -0.7
    return isLeft ? leftNormalQuantile(a, b, p, 1 - p) : -leftNormalQuantile(-b, -a, 1 - p, p)
  }

  /// The same where Φ(z) is small; q = 1 − p.
  private static func leftNormalQuantile(
    _ a: Double, _ b: Double, _ p: Double, _ q: Double
  ) -> Double {
    let (least, most) = (logNormalCDF(a) + log(q), logNormalCDF(b) + log(p))
    let top = max(least, most)
    let mass = top + log(exp(least - top) + exp(most - top))
    var z = min(max(normalQuantileOfLog(mass), a), b)
    guard a.isFinite && b.isFinite else { return z }
    // What is lost to cancellation where the ends are close together: Newton's steps on the smaller
    // part of the mass.
    let whole = logNormalInterval(a, b)
    for _ in 0..<2 {
      let scale = exp(whole + 0.5 * z * z + logRootTwoPi)
      let excess =
        p < q ? exp(logNormalInterval(a, z) - whole) - p : q - exp(logNormalInterval(z, b) - whole)
      if scale.isFinite { z = min(max(z - excess * scale, a), b) }
    }
    return z
  }

  /// Mean and variance of a standard normal variable known to lie between a and b, by quadrature of the
  /// distance from the most likely point, so that nothing cancels far out.
  static func truncatedNormalMoments(_ a: Double, _ b: Double) -> (mean: Double, variance: Double) {
    guard a < b else { return (a == b ? a : .nan, a == b ? 0 : .nan) }
    let mode = min(max(0, a), b)
    var (mass, first, second) = (0.0, 0.0, 0.0)
    let rule = GaussLegendre.shared
    for (side, end) in [(-1.0, a), (1.0, b)] {
      // Where the density has fallen by e⁻⁴⁵ at the latest.
      let fall = 90 / (mode.magnitude + sqrt(mode * mode + 90))
      let reach = min((end - mode).magnitude, fall)
      for piece in 0..<2 {
        for index in 0..<GaussLegendre.count {
          let t = 0.5 * reach * (Double(piece) + rule.node(index))
          let weight = 0.5 * reach * rule.weight(index) * exp(-t * (0.5 * t + side * mode))
          mass += weight
          first += side * t * weight
          second += t * t * weight
        }
      }
    }
    let shift = first / mass
    return (mode + shift, second / mass - shift * shift)
  }
}
