extension ScalarFunction {
  // A root moves with a parameter of its equation as a draw at fixed probability does.
  static let gammaLowerInverse: ScalarFunction = .init(
    "gammaincInverse", { ScalarMath.gammaLowerInverse($0, $1) }
  ) { ct, x, y in [ct * gammaDrawSlope(x[0], y), ct / gammaDensity(x[0], y)] }
  static let gammaUpperInverse: ScalarFunction = .init(
    "gammainccInverse", { ScalarMath.gammaUpperInverse($0, $1) }
  ) { ct, x, y in [ct * gammaDrawSlope(x[0], y), -(ct / gammaDensity(x[0], y))] }
  static let betaLowerInverse: ScalarFunction = .init(
    "betaincInverse", { ScalarMath.betaLowerInverse($0, $1, $2) }
  ) { ct, v, y in
    let slopes = betaDrawSlopes(v[0], v[1], y)
    return [ct * slopes.a, ct * slopes.b, ct / betaDensity(v[0], v[1], y)]
  }
  static let betaLowerOfLogit: ScalarFunction = .init(
    "betaincOfLogit", { ScalarMath.betaLowerOfLogit($0, $1, $2) }
  ) { ct, v, _ in
    let kernel = betaKernelOfLogit(v[0], v[1], v[2])
    let slopes = betaLogitSlopes(v[0], v[1], v[2])
    return [-(ct * (kernel * slopes.a)), -(ct * (kernel * slopes.b)), ct * kernel]
  }
  static let betaKernelOfLogit: ScalarFunction = .init(
    "betaKernelOfLogit", { ScalarMath.betaKernelOfLogit($0, $1, $2) }
  ) { ct, v, y in
    let (a, b, logit) = (v[0], v[1], v[2])
    let whole = digamma(a + b)
    return [
      ct * (y * (logSigmoid(logit) - (digamma(a) - whole))),
      ct * (y * (logSigmoid(-logit) - (digamma(b) - whole))),
      ct * (y * (a * sigmoid(-logit) - b * sigmoid(logit))),
    ]
  }
  static let betaLogitInverse: ScalarFunction = .init(
    "betaLogitInverse", { ScalarMath.betaLogitInverse($0, $1, $2) }
  ) { ct, v, y in
    let slopes = betaLogitSlopes(v[0], v[1], y)
    return [ct * slopes.a, ct * slopes.b, ct / betaKernelOfLogit(v[0], v[1], y)]
  }
  static let normalQuantileOfLog: ScalarFunction = .init(
    "normalQuantileOfLog", { ScalarMath.normalQuantileOfLog($0) }
  ) { ct, _, y in [ct / normalHazard(y)] }
  static let logNormalInterval: ScalarFunction = .init(
    "logNormalInterval", { ScalarMath.logNormalInterval($0, $1) }
  ) { ct, x, y in [-(ct * exp(logBell(x[0]) - y)), ct * exp(logBell(x[1]) - y)] }
  /// Of the lower end and the width.
  static let logNormalWindow: ScalarFunction = .init(
    "logNormalWindow", { ScalarMath.logNormalWindow($0, $1) }
  ) { ct, x, y in
    let upper = exp(logBell(x[0] + x[1]) - y)
    return [ct * (upper - exp(logBell(x[0]) - y)), ct * upper]
  }
  /// Of the lower end, the upper end and the probability.
  static let truncatedNormalQuantile: ScalarFunction = .init(
    "truncatedNormalQuantile", { ScalarMath.truncatedNormalQuantile($0, $1, $2) }
  ) { ct, x, y in
    let bell = logBell(y)
    return [
      ct * ((1 - x[2]) * exp(logBell(x[0]) - bell)), ct * (x[2] * exp(logBell(x[1]) - bell)),
      ct * exp(logNormalInterval(x[0], x[1]) - bell),
    ]
  }

  /// log φ(x), φ the standard normal density.
  private static func logBell(_ x: Tensor) -> Tensor {
    -0.5 * square(x) - ScalarMath.logRootTwoPi
  }

  static let logExpm1Ratio: ScalarFunction = .init(
    "logExpm1Ratio", { ScalarMath.logExpm1Ratio($0) }
  ) { ct, x, _ in [ct * logExpm1RatioSlope(x[0])] }
  static let logExpm1RatioSlope: ScalarFunction = .init(
    "logExpm1RatioSlope", { ScalarMath.logExpm1RatioSlope($0) }
  ) { ct, x, _ in [ct * logExpm1RatioBend(x[0])] }
  static let logExpm1RatioBend: ScalarFunction = .init(
    "logExpm1RatioBend", { ScalarMath.logExpm1RatioBend($0) }
  ) { ct, x, _ in [ct * logExpm1RatioTwist(x[0])] }
  static let logExpm1RatioTwist: ScalarFunction = .init(
    "logExpm1RatioTwist", { ScalarMath.logExpm1RatioTwist($0) }
  ) { ct, _, y in [ct * MissingDerivative.of("logExpm1RatioTwist", by: "its operand", like: y)] }
  static let logGammaSpread: ScalarFunction = .init(
    "logGammaSpread", { ScalarMath.logGammaSpread($0) }
  ) { ct, x, _ in [ct * (2 * (digamma(1 + 2 * x[0]) - digamma(1 + x[0])))] }
}

/// The x with P(a, x) = p, P the lower incomplete gamma function `gammainc`; NaN outside 0 ≤ p ≤ 1.
public func gammaincInverse(_ a: Tensor, _ p: Tensor) -> Tensor {
  ScalarFunction.gammaLowerInverse(a, p)
}

/// The x with Q(a, x) = q, Q the upper incomplete gamma function `gammaincc`; accurate for tiny q.
public func gammainccInverse(_ a: Tensor, _ q: Tensor) -> Tensor {
  ScalarFunction.gammaUpperInverse(a, q)
}

/// The x with I(a, b, x) = p, I the incomplete beta function `betainc`; NaN outside 0 ≤ p ≤ 1.
public func betaincInverse(_ a: Tensor, _ b: Tensor, _ p: Tensor) -> Tensor {
  ScalarFunction.betaLowerInverse(a, b, p)
}

/// The x with log Φ(x) = y, Φ the standard normal distribution function, also where Φ underflows.
public func normalQuantileOfLog(_ y: Tensor) -> Tensor { ScalarFunction.normalQuantileOfLog(y) }

/// log(Φ(b) − Φ(a)) for a ≤ b, Φ the standard normal distribution function: accurate also where
/// both ends are far in one tail, and where they are close together.
public func logNormalInterval(_ a: Tensor, _ b: Tensor) -> Tensor {
  ScalarFunction.logNormalInterval(a, b)
}

/// log(Φ(a + width) − Φ(a)): `logNormalInterval` for ends known by their distance.
public func logNormalWindow(_ a: Tensor, _ width: Tensor) -> Tensor {
  ScalarFunction.logNormalWindow(a, width)
}

/// The z with Φ(z) = Φ(a) + p (Φ(b) − Φ(a)): the quantiles of a standard normal variable known to
/// lie between a and b, accurate as `logNormalInterval`.
public func truncatedNormalQuantile(_ a: Tensor, _ b: Tensor, _ p: Tensor) -> Tensor {
  ScalarFunction.truncatedNormalQuantile(a, b, p)
}

/// log((eʸ − 1) / y), smooth through 0 at 0.
public func logExpm1Ratio(_ y: Tensor) -> Tensor { ScalarFunction.logExpm1Ratio(y) }

/// The derivative of `logExpm1Ratio`, 1 / (1 − e⁻ʸ) − 1 / y: between 0 and 1, ½ at 0.
package func logExpm1RatioSlope(_ y: Tensor) -> Tensor { ScalarFunction.logExpm1RatioSlope(y) }

/// The second derivative of `logExpm1Ratio`; 1/12 at 0.
package func logExpm1RatioBend(_ y: Tensor) -> Tensor { ScalarFunction.logExpm1RatioBend(y) }

/// log Γ(1 + 2h) − 2 log Γ(1 + h), accurate near 0.
package func logGammaSpread(_ h: Tensor) -> Tensor { ScalarFunction.logGammaSpread(h) }

extension ScalarFunction {
  /// Of y and p; its slopes are those of an implicit function, with F(x) = x e^(g(yx) − g(y)),
  /// g = logExpm1Ratio.
  static let tiltedUniformQuantile: ScalarFunction = .init(
    "tiltedUniformQuantile", { ScalarMath.tiltedUniformQuantile($0, $1) }
  ) { ct, v, x in
    let (y, p) = (v[0], v[1])
    let inverseDensity = exp(logExpm1Ratio(y) - y * x)
    let slope = p * (logExpm1RatioSlope(y) - x * logExpm1RatioSlope(y * x))
    return [ct * (slope * inverseDensity), ct * inverseDensity]
  }
}

/// The quantile of probability p of the density proportional to eʸˣ on the unit interval.
package func continuousBernoulliQuantile(_ y: Tensor, _ p: Tensor) -> Tensor {
  ScalarFunction.tiltedUniformQuantile(y, p)
}

extension ScalarFunction {
  /// Of the ends. Moving an end adds mass there: dE[g]/db = φ(b) / m (g(b) − E[g]).
  static let truncatedNormalMean: ScalarFunction = .init(
    "truncatedNormalMean", { ScalarMath.truncatedNormalMoments($0, $1).mean }
  ) { ct, x, mean in
    let (a, b) = (x[0], x[1])
    let mass = logNormalInterval(a, b)
    return [
      ct * (exp(logBell(a) - mass) * (mean - a)), ct * (exp(logBell(b) - mass) * (b - mean)),
    ]
  }
  static let truncatedNormalVariance: ScalarFunction = .init(
    "truncatedNormalVariance", { ScalarMath.truncatedNormalMoments($0, $1).variance }
  ) { ct, x, variance in
    let (a, b) = (x[0], x[1])
    let (mass, mean) = (logNormalInterval(a, b), truncatedNormalMean(a, b))
    return [
      ct * (exp(logBell(a) - mass) * (variance - square(a - mean))),
      ct * (exp(logBell(b) - mass) * (square(b - mean) - variance)),
    ]
  }
}

/// Mean and variance of a standard normal variable known to lie between a and b.
package func truncatedNormalMoments(_ a: Tensor, _ b: Tensor) -> (mean: Tensor, variance: Tensor) {
  (ScalarFunction.truncatedNormalMean(a, b), ScalarFunction.truncatedNormalVariance(a, b))
}

/// I(a, b, x) given the log odds of x, accurate for x near 1 too.
package func betaincOfLogit(_ a: Tensor, _ b: Tensor, _ logit: Tensor) -> Tensor {
  ScalarFunction.betaLowerOfLogit(a, b, logit)
}

/// The log odds of the x with I(a, b, x) = p.
package func betaLogitInverse(_ a: Tensor, _ b: Tensor, _ p: Tensor) -> Tensor {
  ScalarFunction.betaLogitInverse(a, b, p)
}
