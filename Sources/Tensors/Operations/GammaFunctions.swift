extension ScalarFunction {
  /// What stands for unknown cotangents of the first `count` operands.
  static func missing(
    _ name: String, _ count: Int, _ ct: Cotangent, _ y: Tensor
  ) -> [Cotangent?] {
    (1...count).map { ct * MissingDerivative.of(name, by: "operand \($0)", like: y) }
  }

  static let digamma: ScalarFunction = .init("digamma", { ScalarMath.digamma($0) }) { ct, x, _ in
    [ct * trigamma(x[0])]
  }
  static let trigamma: ScalarFunction = .init("trigamma", { ScalarMath.trigamma($0) }) { ct, x, _ in
    [ct * Tensors.polygamma(2, x[0])]
  }
  /// The order is the first operand.
  static let polygamma: ScalarFunction = .init("polygamma", { ScalarMath.polygamma($0, $1) }) {
    ct, x, _ in [nil, ct * polygamma(x[0] + 1, x[1])]
  }
  static let zeta: ScalarFunction = .init("zeta", { ScalarMath.hurwitzZeta($0, $1) }) { ct, x, y in
    missing("zeta", 1, ct, y) + [-(ct * (x[0] * zeta(x[0] + 1, x[1])))]
  }
  static let lbeta: ScalarFunction = .init("lbeta", { ScalarMath.logBeta($0, $1) }) { ct, x, _ in
    let whole = digamma(x[0] + x[1])
    return [ct * (digamma(x[0]) - whole), ct * (digamma(x[1]) - whole)]
  }
  static let gammainc: ScalarFunction = .init("gammainc", { ScalarMath.gammaLower($0, $1) }) {
    ct, x, _ in
    [ct * gammaLowerSlope(x[0], x[1]), ct * gammaDensity(x[0], x[1])]
  }
  static let gammaincc: ScalarFunction = .init("gammaincc", { ScalarMath.gammaUpper($0, $1) }) {
    ct, x, _ in [-(ct * gammaLowerSlope(x[0], x[1])), -(ct * gammaDensity(x[0], x[1]))]
  }
  /// xᵃ⁻¹ e⁻ˣ / Γ(a).
  static let gammaDensity: ScalarFunction = .init(
    "gammaDensity", { ScalarMath.gammaDensity($0, $1) }
  ) {
    ct, x, y in
    [ct * (y * (log(x[1]) - digamma(x[0]))), ct * (y * ((x[0] - 1) / x[1] - 1))]
  }
  /// ∂P(a, x)/∂a; its derivative by x is that of the density by a.
  static let gammaLowerSlope: ScalarFunction = .init(
    "gammaLowerSlope", { ScalarMath.gammaLowerSlope($0, $1) }
  ) { ct, x, y in
    let slope = log(x[1]) - digamma(x[0])
    return missing("∂gammainc/∂a", 1, ct, y) + [ct * (gammaDensity(x[0], x[1]) * slope)]
  }
  static let betainc: ScalarFunction = .init("betainc", { ScalarMath.betaLower($0, $1, $2) }) {
    ct, x, _ in
    [
      ct * betaLowerSlopeA(x[0], x[1], x[2]), ct * betaLowerSlopeB(x[0], x[1], x[2]),
      ct * betaDensity(x[0], x[1], x[2]),
    ]
  }
  /// ∂I/∂a and ∂I/∂b; their derivatives by x are those of the density by a and b.
  static let betaLowerSlopeA: ScalarFunction = .init(
    "betaLowerSlopeA", { ScalarMath.betaLowerSlopeA($0, $1, $2) }
  ) { ct, v, y in
    let slope = log(v[2]) - (digamma(v[0]) - digamma(v[0] + v[1]))
    return missing("∂betainc/∂a", 2, ct, y) + [ct * (betaDensity(v[0], v[1], v[2]) * slope)]
  }
  static let betaLowerSlopeB: ScalarFunction = .init(
    "betaLowerSlopeB", { ScalarMath.betaLowerSlopeB($0, $1, $2) }
  ) { ct, v, y in
    let slope = log1p(-v[2]) - (digamma(v[1]) - digamma(v[0] + v[1]))
    return missing("∂betainc/∂b", 2, ct, y) + [ct * (betaDensity(v[0], v[1], v[2]) * slope)]
  }
  /// xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b).
  static let betaDensity: ScalarFunction = .init(
    "betaDensity", { ScalarMath.betaDensity($0, $1, $2) }
  ) {
    ct, v, y in
    let (a, b, x) = (v[0], v[1], v[2])
    let whole = digamma(a + b)
    return [
      ct * (y * (log(x) - (digamma(a) - whole))),
      ct * (y * (log1p(-x) - (digamma(b) - whole))),
      ct * (y * ((a - 1) / x - (b - 1) / (1 - x))),
    ]
  }
}

/// ψ(x), the derivative of log Γ(x). At the poles as in SciPy: −∞ at 0, NaN at negative integers.
public func digamma(_ x: Tensor) -> Tensor { ScalarFunction.digamma(x) }

/// ψ′(x), the second derivative of log Γ(x); +∞ at the poles 0, −1, …
public func trigamma(_ x: Tensor) -> Tensor { ScalarFunction.trigamma(x) }

/// ψ⁽ⁿ⁾(x), the derivative of log Γ(x) of order n + 1, for n ≥ 0; ±∞ at the poles for n > 0, NaN
/// for x < −10⁵ and n > 1.
public func polygamma(_ n: Int, _ x: Tensor) -> Tensor {
  precondition(n >= 0, "polygamma: an order of \(n)")
  switch n {
  case 0: return digamma(x)
  case 1: return trigamma(x)
  default:
    let x = x.asFloat
    return ScalarFunction.polygamma(
      Tensor(literal: Double(n), dtype: x.dtype, isWeak: true), x)
  }
}

/// log |B(a, b)| = log |Γ(a) Γ(b) / Γ(a + b)|, accurate also where the three terms cancel; +∞ at 0.
public func lbeta(_ a: Tensor, _ b: Tensor) -> Tensor { ScalarFunction.lbeta(a, b) }

/// P(a, x) = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt / Γ(a), the regularised lower incomplete gamma function.
///
/// For a ≥ 0 and x ≥ 0, else NaN: 0 at x = 0, 1 at a = 0 or x = ∞. Differentiable in both.
public func gammainc(_ a: Tensor, _ x: Tensor) -> Tensor { ScalarFunction.gammainc(a, x) }

/// Q(a, x) = 1 − P(a, x), the regularised upper incomplete gamma function, accurate where it is
/// small.
public func gammaincc(_ a: Tensor, _ x: Tensor) -> Tensor { ScalarFunction.gammaincc(a, x) }

/// I(a, b, x) = ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt / B(a, b), the regularised incomplete beta function.
///
/// For positive a and b and x in [0, 1], else NaN. Differentiable in all three.
public func betainc(_ a: Tensor, _ b: Tensor, _ x: Tensor) -> Tensor {
  ScalarFunction.betainc(a, b, x)
}

/// Hurwitz's ζ(s, q) = Σₖ₌₀ (q + k)⁻ˢ; +∞ at s = 1 and at the poles q = 0, −1, …, NaN for s < 1.
/// Differentiable in q only.
public func zeta(_ s: Tensor, _ q: Tensor) -> Tensor { ScalarFunction.zeta(s, q) }
