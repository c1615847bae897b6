/// Positive definite matrices A to their lower triangular factors L with L Lᵀ = A.
///
/// The log determinant is that of lower triangles: −n log 2 − Σᵢ (n − i + 1) log Lᵢᵢ. Its inverse,
/// `Cholesky().inv`, is L ↦ L Lᵀ, Pyro's `PositiveDefiniteTransform`.
public struct Cholesky: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 2 }
  public var domain: Constraint { .positiveDefinite }
  public var codomain: Constraint { .lowerCholesky }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let factor = cholesky(x)
    return (factor, -Self.logDet(factor))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (matmul(y, y.transposed()), Self.logDet(y))
  }

  /// log |det ∂(L Lᵀ)/∂L|.
  private static func logDet(_ factor: Tensor) -> Tensor {
    let n = factor.shape[factor.rank - 1]
    let powers = Tensor((0..<n).map { Double(n - $0) }, dtype: factor.dtype)
    return (powers * log(factor.diagonal()) + logTwo).sum(axis: -1)
  }
}

/// Correlation matrices to their lower triangular factors.
///
/// The log determinant is that of the elements below the diagonals: −Σᵢ (n − i) log Lᵢᵢ.
public struct CorrelationMatrixCholesky: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 2 }
  public var domain: Constraint { .correlation }
  public var codomain: Constraint { .correlationCholesky }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let factor = cholesky(x)
    return (factor, -Self.logDet(factor))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (matmul(y, y.transposed()), Self.logDet(y))
  }

  private static func logDet(_ factor: Tensor) -> Tensor {
    let n = factor.shape[factor.rank - 1]
    let powers = Tensor((0..<n).map { Double(n - 1 - $0) }, dtype: factor.dtype)
    return (powers * log(factor.diagonal())).sum(axis: -1)
  }
}
