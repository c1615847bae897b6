extension Constraint {
  /// Square matrices of finite numbers with zeros above the diagonal.
  public static let lowerTriangular = Constraint(LowerTriangular(diagonal: .any))
  /// Lower triangular matrices with a positive diagonal: Cholesky factors of positive definite
  /// matrices.
  public static let lowerCholesky = Constraint(LowerTriangular(diagonal: .positive(by: .exp)))
  /// The same set, with a bijector that makes the diagonal positive by softplus in place of exp.
  public static let softplusLowerCholesky = Constraint(
    LowerTriangular(diagonal: .positive(by: .softplus)))
  /// Lower triangular matrices with ones on the diagonal.
  public static let unitLowerCholesky = Constraint(LowerTriangular(diagonal: .unit))
  /// The set of `lowerCholesky`, with a bijector that multiplies a unit triangle by its diagonal:
  /// the scale of a row and its direction are then apart.
  public static let scaledUnitLowerCholesky = Constraint(
    LowerTriangular(diagonal: .positive(by: .scaling)))
}

/// Lower triangular matrices.
struct LowerTriangular: ConstraintSet {
  /// How unconstrained numbers become a positive diagonal.
  enum Positivity: Sendable {
    case exp, softplus, scaling
  }

  /// What is asked of the diagonal.
  enum Diagonal: Sendable, Equatable {
    case any
    case unit
    case positive(by: Positivity)
  }

  let diagonal: Diagonal

  var description: String {
    switch diagonal {
    case .any: "a lower triangular matrix"
    case .unit: "a lower triangular matrix with a diagonal of ones"
    case .positive: "a lower triangular matrix with a positive diagonal"
    }
  }
  var eventRank: Int { 2 }
  var bijector: any Bijector {
    switch diagonal {
    case .any: UnpackLowerTriangle()
    case .unit: UnitLowerCholesky()
    case .positive(.exp): LowerCholesky()
    case .positive(.softplus): SoftplusLowerCholesky()
    case .positive(.scaling): ScaledUnitLowerCholesky()
    }
  }

  func contains(_ value: Tensor) -> Tensor {
    requireSquare(value)
    let isTriangular = value.isLowerTriangular()
    return switch diagonal {
    case .any: isTriangular
    case .unit: isTriangular .&& (value.diagonal() .== 1).allInVector()
    case .positive: isTriangular .&& (value.diagonal() .> 0).allInVector()
    }
  }
}
