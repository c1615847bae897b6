#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// Euler's constant and the zero of Ei, each as a double and what it rounds off.
  private static let euler = (high: 0.5772156649015329, low: -4.942915152430645e-18)
  private static let zeroOfExpi = (high: 0.3725074107813666, low: 1.3140183414386028e-17)

  /// Ei(x) = ⨍ eᵗ/t dt from −∞ to x, the principal value: −∞ at 0.
  static func expi(_ x: Double) -> Double {
    if x < 0 { return -exp1(-x) }
    if x == 0 { return -.infinity }
    if x < 1 { return expiAroundZero(x) }
    if x < 40 { return expiSeries(x) }
    if !(x < 720) { return x + .infinity }
    // eˣ/x Σ k!/xᵏ, whose smallest term is below 10⁻¹⁶.
    let reciprocal = 1 / x
    var sum = 1.0
    for k in (1...40).reversed() { sum = 1 + sum * (Double(k) * reciprocal) }
    if x < 700 { return exp(x) * reciprocal * sum }
    let half = exp(0.5 * x)
    return half * reciprocal * sum * half
  }

  /// E₁(x) = ∫ₓ^∞ e⁻ᵗ/t dt: +∞ at 0, −Ei(−x) below.
  static func exp1(_ x: Double) -> Double {
    if x < 0 { return -expi(-x) }
    if x == 0 { return .infinity }
    if x <= 1 { return exp1Series(x) }
    if x == .infinity { return 0 }
    if x.isNaN { return x }
    // e⁻ˣ/(x + 1 − 1²/(x + 3 − 2²/(x + 5 − …))) cut where the rest is exp(−4 √(n x)).
    let count = 8 + Int(110 / x)
    var fraction = x + Double(2 * count + 1)
    for k in (1...count).reversed() {
      let k = Double(k)
      fraction = x + (2 * k - 1) - k * k / fraction
    }
    return exp(-x) / fraction
  }

  /// γ + log x + Σ xᵏ/(k k!) less the same at its zero z: log(x/z) + Σ (xᵏ − zᵏ)/(k k!), where
  /// everything has the sign of x − z.
  private static func expiAroundZero(_ x: Double) -> Double {
    if x < 1e-20 { return euler.high + log(x) }
    let z = zeroOfExpi.high
    let excess = (x - z) - zeroOfExpi.low
    // (xᵏ − zᵏ)/(x − z) and zᵏ.
    var (quotient, power) = (1.0, z)
    var (sum, factor) = (1.0, 1.0)
    for k in 2...20 {
      quotient = x * quotient + power
      power *= z
      factor *= Double(k)
      sum += quotient / (factor * Double(k))
    }
    return (x < 0.2 ? log(x / z) : log1p(excess / z)) + excess * sum
  }

  /// γ + log x + Σ xᵏ/(k k!), the powers to twice the precision.
  private static func expiSeries(_ x: Double) -> Double {
    var sum = CompensatedSum(euler.high, euler.low)
    sum.add(log(x))
    var (term, rest) = (1.0, 0.0)
    var k = 1.0
    while true {
      // (term + rest) x / k.
      let product = term * x
      let error = (-product).addingProduct(term, x) + rest * x
      term = product / k
      rest = (product.addingProduct(-term, k) + error) / k
      sum.add((term + rest) / k)
      if term < 1e-18 * sum.high { return sum.value }
      k += 1
    }
  }

  /// −γ − log x − Σ (−x)ᵏ/(k k!) for 0 < x ≤ 1.
  private static func exp1Series(_ x: Double) -> Double {
    var sum = CompensatedSum(-euler.high, -euler.low)
    sum.add(-log(x))
    var term = -1.0
    for k in 1...19 {
      term *= -x / Double(k)
      sum.add(term / Double(k))
    }
    return sum.value
  }
}

/// A sum kept with what its additions round off.
private struct CompensatedSum {
  private(set) var high: Double
  private var low: Double

  init(_ high: Double, _ low: Double) {
    self.high = high
    self.low = low
  }

  mutating func add(_ x: Double) {
    let sum = high + x
    let part = sum - high
    low += (high - (sum - part)) + (x - part)
    high = sum
  }

  var value: Double { high + low }
}
