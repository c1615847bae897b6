extension ScalarFunction {
  static let expi: ScalarFunction = .init("expi", { ScalarMath.expi($0) }) { ct, x, _ in
    [ct * expOverArgument(x[0])]
  }
  static let exp1: ScalarFunction = .init("exp1", { ScalarMath.exp1($0) }) { ct, x, _ in
    [ct * expOverArgument(-x[0])]
  }

  /// eˣ/x, also where eˣ alone overflows.
  private static func expOverArgument(_ x: Tensor) -> Tensor {
    let half = exp(0.5 * x)
    return half / x * half
  }
}

/// The exponential integral Ei(x) = ⨍ eᵗ/t dt from −∞ to x, the principal value for x > 0: −∞ at 0.
///
/// SciPy's `expi`. Accurate also near its zero at 0.3725.
public func expi(_ x: Tensor) -> Tensor { ScalarFunction.expi(x) }

/// The exponential integral E₁(x) = ∫ₓ^∞ e⁻ᵗ/t dt: +∞ at 0, and −Ei(−x) for x < 0.
///
/// SciPy's `exp1`.
public func exp1(_ x: Tensor) -> Tensor { ScalarFunction.exp1(x) }
