#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScalarMath {
  /// Kummer's ₁F₁(a; b; −y) for y ≥ 0, 2a = 1, 2, … and b ≥ a + 1.
  ///
  /// 1 / B(a, b − a) times the integral of e^(−y t) tᵃ⁻¹ (1 − t)ᵇ⁻ᵃ⁻¹ over the unit interval, by
  /// Gauss–Legendre quadrature in t = sin² φ, in which it has no singularity.
  static func confluent(_ a: Double, _ b: Double, _ y: Double) -> Double {
    guard a > 0 && b >= a + 1 && y >= 0 else { return .nan }
    let power = 2 * (b - a) - 1
    // Where the integrand has fallen by e⁻⁴⁵.
    let end = 45 / (y + 0.5 * power)
    let reach = end < 1 ? asin(end.squareRoot()) : 0.5 * Double.pi
    let rule = GaussLegendre.shared
    var sum = 0.0
    for index in 0..<GaussLegendre.count {
      let angle = reach * rule.node(index)
      let sine = sin(angle)
      let fall = exp(power * log(cos(angle)) - y * sine * sine)
      sum += rule.weight(index) * fall * pow(sine, 2 * a - 1)
    }
    return 2 * reach * sum * exp(-logBeta(a, b - a))
  }
}
