extension ScalarFunction {
  static let poissonLogMass: ScalarFunction = .init(
    "poissonLogMass", { ScalarMath.poissonLogMass($0, $1) }
  ) { ct, v, _ in
    let (x, rate) = (v[0], v[1])
    return [ct * (log(rate) - digamma(x + 1)), ct * (over(x, rate) - 1)]
  }
  static let binomialLogMass: ScalarFunction = .init(
    "binomialLogMass", { ScalarMath.binomialLogMass($0, $1, $2) }
  ) { ct, v, _ in
    let (k, m, p) = (v[0], v[1], v[2])
    return [
      ct * (digammaRise(k + 1, m) + log(p)), ct * (digammaRise(m + 1, k) + log1p(-p)),
      ct * (over(k, p) - over(m, 1 - p)),
    ]
  }
  static let binomialLogitsLogMass: ScalarFunction = .init(
    "binomialLogitsLogMass", { ScalarMath.binomialLogitsLogMass($0, $1, $2) }
  ) { ct, v, _ in
    let (k, m, logits) = (v[0], v[1], v[2])
    return [
      ct * (digammaRise(k + 1, m) + logSigmoid(logits)),
      ct * (digammaRise(m + 1, k) - softplus(logits)),
      ct * (k * sigmoid(-logits) - m * sigmoid(logits)),
    ]
  }
  static let logGammaCross: ScalarFunction = .init(
    "logGammaCross", { ScalarMath.logGammaCross($0, $1, $2) }
  ) { ct, v, _ in
    let (c, u, w) = (v[0], v[1], v[2])
    return [
      ct * (digammaRise(c, u) - digammaRise(c + w, u)),
      -(ct * digammaRise(c + u, w)),
      -(ct * digammaRise(c + w, u)),
    ]
  }
  static let digammaRise: ScalarFunction = .init(
    "digammaRise", { ScalarMath.digammaRise($0, $1) }
  ) { ct, v, _ in
    let slope = trigamma(v[0] + v[1])
    return [ct * (slope - trigamma(v[0])), ct * slope]
  }
  static let poissonQuantile: ScalarFunction = .init(
    "poissonQuantile", { ScalarMath.poissonQuantile($0, $1) }
  ) { _, _, _ in [nil, nil] }
  static let binomialQuantile: ScalarFunction = .init(
    "binomialQuantile", { ScalarMath.binomialQuantile($0, $1, $2) }
  ) { _, _, _ in [nil, nil, nil] }
  static let binomialLogitsQuantile: ScalarFunction = .init(
    "binomialLogitsQuantile", { ScalarMath.binomialLogitsQuantile($0, $1, $2) }
  ) { _, _, _ in [nil, nil, nil] }
  static let negativeBinomialQuantile: ScalarFunction = .init(
    "negativeBinomialQuantile", { ScalarMath.negativeBinomialQuantile($0, $1, $2) }
  ) { _, _, _ in [nil, nil, nil] }
  static let negativeBinomialLogitsQuantile: ScalarFunction = .init(
    "negativeBinomialLogitsQuantile", { ScalarMath.negativeBinomialLogitsQuantile($0, $1, $2) }
  ) { _, _, _ in [nil, nil, nil] }

  static let betaincOfComplement: ScalarFunction = .init(
    "betaincOfComplement", { ScalarMath.betaLowerOfComplement($0, $1, $2) }
  ) { ct, v, _ in
    let x = 1 - v[2]
    return [
      ct * betaLowerSlopeA(v[0], v[1], x), ct * betaLowerSlopeB(v[0], v[1], x),
      -(ct * betaDensity(v[1], v[0], v[2])),
    ]
  }
  static let betaincOfLogits: ScalarFunction = .init(
    "betaincOfLogits", { ScalarMath.betaLowerOfLogits($0, $1, $2) }
  ) { ct, v, _ in
    let (p, x) = (sigmoid(v[2]), sigmoid(-v[2]))
    return [
      ct * betaLowerSlopeA(v[0], v[1], x), ct * betaLowerSlopeB(v[0], v[1], x),
      -(ct * (betaDensity(v[1], v[0], p) * (p * x))),
    ]
  }

  static let poissonEntropy: ScalarFunction = .init(
    "poissonEntropy", { ScalarMath.poissonEntropy($0) }
  ) { ct, v, _ in [ct * poissonEntropySlope(v[0])] }
  static let poissonEntropySlope: ScalarFunction = .init(
    "poissonEntropySlope", { ScalarMath.poissonEntropySlope($0) }
  ) { ct, _, y in missing("poissonEntropySlope", 1, ct, y) }
  static let negativeBinomialEntropy: ScalarFunction = .init(
    "negativeBinomialEntropy", { ScalarMath.negativeBinomialEntropy($0, $1) }
  ) { ct, v, _ in
    [
      ct * negativeBinomialEntropySlopeR(v[0], v[1]),
      ct * negativeBinomialEntropySlopeLogits(v[0], v[1]),
    ]
  }
  static let negativeBinomialEntropySlopeR: ScalarFunction = .init(
    "negativeBinomialEntropySlopeR", { ScalarMath.negativeBinomialEntropySlopeR($0, $1) }
  ) { ct, _, y in missing("negativeBinomialEntropySlope", 2, ct, y) }
  static let negativeBinomialEntropySlopeLogits: ScalarFunction = .init(
    "negativeBinomialEntropySlopeLogits",
    { ScalarMath.negativeBinomialEntropySlopeLogits($0, $1) }
  ) { ct, _, y in missing("negativeBinomialEntropySlope", 2, ct, y) }

  /// x / p, and 0 where x is 0, whatever p.
  private static func over(_ x: Tensor, _ p: Tensor) -> Tensor {
    BinaryOperation.mulSafe(x, reciprocal(p))
  }
}

/// log(e⁻ᵛ vˣ / x!) for a count x and v = `rate`, without cancellation. NaN outside x ≥ 0, v ≥ 0.
package func poissonLogMass(_ x: Tensor, rate: Tensor) -> Tensor {
  ScalarFunction.poissonLogMass(x, rate)
}

/// log of (k + m over k) pᵏ (1 − p)ᵐ for k, m ≥ 0, whole or not, without cancellation. NaN for other
/// arguments.
package func binomialLogMass(_ k: Tensor, _ m: Tensor, probs: Tensor) -> Tensor {
  ScalarFunction.binomialLogMass(k, m, probs)
}

/// The same for log odds log(p / (1 − p)).
package func binomialLogMass(_ k: Tensor, _ m: Tensor, logits: Tensor) -> Tensor {
  ScalarFunction.binomialLogitsLogMass(k, m, logits)
}

/// log(Γ(c + u) Γ(c + v) / (Γ(c) Γ(c + u + v))), which is at most 0, without cancellation.
package func logGammaCross(_ c: Tensor, _ u: Tensor, _ v: Tensor) -> Tensor {
  ScalarFunction.logGammaCross(c, u, v)
}

/// ψ(r + x) − ψ(r), accurate also where x is small beside r.
package func digammaRise(_ r: Tensor, _ x: Tensor) -> Tensor { ScalarFunction.digammaRise(r, x) }

/// The least count whose distribution function reaches p; 0 at p = 0, NaN outside [0, 1]. The
/// derivative is 0.
package func poissonQuantile(_ p: Tensor, rate: Tensor) -> Tensor {
  ScalarFunction.poissonQuantile(p, rate)
}

/// The least count of successes in n trials, as `poissonQuantile`.
package func binomialQuantile(_ u: Tensor, _ n: Tensor, probs: Tensor) -> Tensor {
  ScalarFunction.binomialQuantile(u, n, probs)
}
package func binomialQuantile(_ u: Tensor, _ n: Tensor, logits: Tensor) -> Tensor {
  ScalarFunction.binomialLogitsQuantile(u, n, logits)
}

/// The least count of successes before r failures, as `poissonQuantile`.
package func negativeBinomialQuantile(_ u: Tensor, _ r: Tensor, probs: Tensor) -> Tensor {
  ScalarFunction.negativeBinomialQuantile(u, r, probs)
}
package func negativeBinomialQuantile(_ u: Tensor, _ r: Tensor, logits: Tensor) -> Tensor {
  ScalarFunction.negativeBinomialLogitsQuantile(u, r, logits)
}

/// I(a, b, 1 − p), accurate also where 1 − p is not: for p close to 0, or given by its log odds.
package func betainc(_ a: Tensor, _ b: Tensor, complementOf p: Tensor) -> Tensor {
  ScalarFunction.betaincOfComplement(a, b, p)
}
package func betainc(_ a: Tensor, _ b: Tensor, complementOfLogits logits: Tensor) -> Tensor {
  ScalarFunction.betaincOfLogits(a, b, logits)
}

/// The entropy of a Poisson variable. Differentiable once.
package func poissonEntropy(rate: Tensor) -> Tensor { ScalarFunction.poissonEntropy(rate) }

/// The entropy of the number of successes before r failures. Differentiable once.
package func negativeBinomialEntropy(_ r: Tensor, logits: Tensor) -> Tensor {
  ScalarFunction.negativeBinomialEntropy(r, logits)
}
