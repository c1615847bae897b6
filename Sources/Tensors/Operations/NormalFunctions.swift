extension ScalarFunction {
  static let erfcx: ScalarFunction = .init("erfcx", { ScalarMath.erfcx($0) }) { ct, x, y in
    [ct * (2 * x[0] * y - Double.twoOverSqrtPi)]
  }
  static let logErfc: ScalarFunction = .init("logErfc", { ScalarMath.logErfc($0) }) { ct, x, _ in
    [ct * (-Double.twoOverSqrtPi / erfcx(x[0]))]
  }
  static let logNormalCDF: ScalarFunction = .init("logNormalCDF", { ScalarMath.logNormalCDF($0) }) {
    ct, x, _ in [ct * normalHazard(x[0])]
  }
  static let normalHazard: ScalarFunction = .init("normalHazard", { ScalarMath.normalHazard($0) }) {
    ct, x, y in [-(ct * (y * (x[0] + y)))]
  }
  static let erfInverse: ScalarFunction = .init("erfInverse", { ScalarMath.erfInverse($0) }) {
    ct, _, y in
    [ct * (exp(square(y)) / Double.twoOverSqrtPi)]
  }
  static let erfcInverse: ScalarFunction = .init("erfcInverse", { ScalarMath.erfcInverse($0) }) {
    ct, _, y in [-(ct * (exp(square(y)) / Double.twoOverSqrtPi))]
  }
  static let normalQuantile: ScalarFunction = .init(
    "normalQuantile", { ScalarMath.normalQuantile($0) }
  ) { ct, _, y in
    [ct * (exp(0.5 * square(y)) * Double.rootTwoPi)]
  }
}

extension Double {
  fileprivate static let rootTwoPi = 2.50662827463100050241576528481104525
}

/// exp(x²) erfc(x), which neither under- nor overflows for x > 0.
public func erfcx(_ x: Tensor) -> Tensor { ScalarFunction.erfcx(x) }

/// log erfc(x), also where erfc(x) underflows: about −x² for large x.
public func logErfc(_ x: Tensor) -> Tensor { ScalarFunction.logErfc(x) }

/// log Φ(x), Φ the standard normal distribution function, also where Φ underflows: about −x²/2 for
/// very negative x.
public func logNormalCDF(_ x: Tensor) -> Tensor { ScalarFunction.logNormalCDF(x) }

/// The y with erf(y) = x; ±∞ at ±1, NaN outside.
public func erfInverse(_ x: Tensor) -> Tensor { ScalarFunction.erfInverse(x) }

/// The y with erfc(y) = x, accurate also for tiny x; +∞ at 0, −∞ at 2, NaN outside.
public func erfcInverse(_ x: Tensor) -> Tensor { ScalarFunction.erfcInverse(x) }

/// The y with Φ(y) = p, Φ the standard normal distribution function; −∞ at 0, +∞ at 1, NaN outside.
public func normalQuantile(_ p: Tensor) -> Tensor { ScalarFunction.normalQuantile(p) }

/// log(p / (1 − p)), the inverse of `sigmoid`; ±∞ at 1 and 0, NaN outside.
public func logit(_ p: Tensor) -> Tensor { log(p) - log1p(-p) }

/// x log y, and 0 where x is 0, whatever y.
public func xlogy(_ x: Tensor, _ y: Tensor) -> Tensor { BinaryOperation.mulSafe(x, log(y)) }

/// x log(1 + y), and 0 where x is 0, whatever y.
public func xlog1py(_ x: Tensor, _ y: Tensor) -> Tensor { BinaryOperation.mulSafe(x, log1p(y)) }
