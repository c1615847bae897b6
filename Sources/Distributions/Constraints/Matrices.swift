extension Constraint {
  /// Square matrices of finite numbers.
  public static let square = Constraint(SquareMatrices())
  /// Square matrices equal to their transposes but for rounding: 10⁻⁸ in float64, 10⁻⁵ in float32,
  /// times the largest element.
  public static let symmetric = Constraint(SymmetricMatrices())
  /// Symmetric matrices whose eigenvalues are all positive, as far as a Cholesky factor can be
  /// computed.
  public static let positiveDefinite = Constraint(PositiveDefiniteMatrices())
  /// Symmetric matrices without negative eigenvalues, but for rounding: 10⁻⁸ in float64, 10⁻⁵ in
  /// float32, times the largest eigenvalue.
  ///
  /// Its bijector reaches the positive definite matrices; the others among them have no volume.
  public static let positiveSemidefinite = Constraint(PositiveSemidefiniteMatrices())
}

/// Square matrices of finite numbers.
struct SquareMatrices: ConstraintSet {
  let description = "a square matrix"
  var eventRank: Int { 2 }
  var bijector: any Bijector { Identity().toEvent(2) }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    let isSquare = value.shape[value.rank - 1] == value.shape[value.rank - 2]
    return isFinite(value).allInMatrix() .&& Tensor(isSquare)
  }
}

/// Matrices equal to their transposes.
struct SymmetricMatrices: ConstraintSet {
  let description = "a symmetric matrix"
  var eventRank: Int { 2 }
  var bijector: any Bijector { UnpackSymmetric() }

  func contains(_ value: Tensor) -> Tensor {
    requireSquare(value)
    return value.isSymmetric()
  }
}

/// Symmetric matrices with positive eigenvalues.
struct PositiveDefiniteMatrices: ConstraintSet {
  let description = "a positive definite matrix"
  var eventRank: Int { 2 }
  var bijector: any Bijector { Compose([LowerCholesky(), Cholesky().inv]) }

  func contains(_ value: Tensor) -> Tensor {
    requireSquare(value)
    return value.isSymmetric() .&& isFinite(cholesky(value)).allInMatrix()
  }
}

/// Symmetric matrices without negative eigenvalues.
struct PositiveSemidefiniteMatrices: ConstraintSet {
  let description = "a positive semidefinite matrix"
  var eventRank: Int { 2 }
  var bijector: any Bijector { Constraint.positiveDefinite.bijector }

  func contains(_ value: Tensor) -> Tensor {
    requireSquare(value)
    let isSymmetric = value.isSymmetric()
    let mask = isSymmetric.expandingDims(at: -1).expandingDims(at: -1)
    // Eigenvalues of what is no symmetric matrix are not asked for.
    let values = eigh(`where`(mask, value, 0)).values
    let allowed = roundingTolerance(value) * abs(values).max(axis: -1)
    return isSymmetric .&& (values.min(axis: -1) .>= -allowed)
  }
}
