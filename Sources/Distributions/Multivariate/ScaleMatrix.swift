/// A positive definite matrix for each element of a batch, given in one of three ways and used
/// through its Cholesky factor.
struct ScaleMatrix: Sendable {
  /// What was given.
  let parameter: Parameter
  private let triangle: Tensor

  private init(
    _ name: StaticString, _ value: Tensor, _ constraint: Constraint, _ distribution: StaticString,
    _ triangle: (Tensor) -> Tensor
  ) {
    precondition(
      value.rank >= 2 && value.shape[value.rank - 1] == value.shape[value.rank - 2],
      "\(distribution): \(name) must be a square matrix, got the shape \(value.shape)")
    requireParameter(value, constraint, distribution, name)
    parameter = Parameter("\(name)", value, constraint)
    self.triangle = triangle(value)
  }

  init(
    covariance: Tensor, named name: StaticString = "covariance", _ distribution: StaticString
  ) {
    self.init(name, covariance, .positiveDefinite, distribution) { cholesky($0) }
  }

  /// The factor L of P⁻¹ is U⁻ᵀ for P = U Uᵀ with upper triangular U, which is the Cholesky factor
  /// of P with both axes reversed.
  init(precision: Tensor, _ distribution: StaticString) {
    self.init("precision", precision, .positiveDefinite, distribution) { precision in
      func reversed(_ matrix: Tensor) -> Tensor {
        matrix.flipped(along: -1).flipped(along: -2)
      }
      let upper = reversed(cholesky(reversed(precision)))
      let identity = Tensor.eye(precision.shape[precision.rank - 1], dtype: precision.dtype)
      return triangularSolve(upper, identity, lower: false, transposed: true)
    }
  }

  init(
    scaleTril: Tensor, named name: StaticString = "scaleTril", _ distribution: StaticString
  ) {
    self.init(name, scaleTril, .lowerCholesky, distribution) { $0 }
  }

  private var value: Tensor { parameter.value }
  var size: Int { value.shape[value.rank - 1] }

  /// The lower triangular factor; that of a literal takes the dtype of the other operands.
  func factor(beside others: [Tensor] = []) -> Tensor {
    value.isLiteral ? triangle.cast(to: drawDType(others, .float64)) : triangle
  }
}
