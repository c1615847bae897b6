extension Constraint {
  /// Cholesky factors of correlation matrices: lower triangular with a positive diagonal and rows
  /// of length 1 but for rounding (10⁻⁸ in float64, 10⁻⁵ in float32).
  public static let correlationCholesky = Constraint(CorrelationCholeskyFactors())
  /// Correlation matrices: positive definite with ones on the diagonal but for rounding (10⁻⁸ in
  /// float64, 10⁻⁵ in float32).
  public static let correlation = Constraint(CorrelationMatrices())
}

/// Cholesky factors of correlation matrices.
struct CorrelationCholeskyFactors: ConstraintSet {
  let description = "a Cholesky factor of a correlation matrix"
  var eventRank: Int { 2 }
  var bijector: any Bijector { CorrelationCholesky() }

  func contains(_ value: Tensor) -> Tensor {
    let error = abs(square(value).sum(axis: -1) - 1)
    return Constraint.lowerCholesky.contains(value)
      .&& (error .<= 2 * roundingTolerance(value)).allInVector()
  }
}

/// Correlation matrices.
struct CorrelationMatrices: ConstraintSet {
  let description = "a correlation matrix"
  var eventRank: Int { 2 }
  var bijector: any Bijector {
    Compose([CorrelationCholesky(), CorrelationMatrixCholesky().inv])
  }

  func contains(_ value: Tensor) -> Tensor {
    let error = abs(value.diagonal() - 1)
    return Constraint.positiveDefinite.contains(value)
      .&& (error .<= roundingTolerance(value)).allInVector()
  }
}
