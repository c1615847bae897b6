/// A normal distribution of vectors.
protocol NormalVectorDistribution: Distribution {
  var loc: Tensor { get }
  /// The lower triangular factor of the covariance, … × d × d; nil if events are no vectors.
  var covarianceFactor: Tensor? { get }
}

extension MultivariateNormal: NormalVectorDistribution, KLDivergenceDistribution {
  var covarianceFactor: Tensor? { tril(scaleTril) }

  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? any NormalVectorDistribution).flatMap { normalVectorDivergence(self, $0) }
  }

  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    (p as? any NormalVectorDistribution).flatMap { normalVectorDivergence($0, self) }
  }
}

extension LowRankMultivariateNormal: NormalVectorDistribution, KLDivergenceDistribution {
  var covarianceFactor: Tensor? { cholesky(covariance) }

  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? any NormalVectorDistribution).flatMap { normalVectorDivergence(self, $0) }
  }

  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    (p as? any NormalVectorDistribution).flatMap { normalVectorDivergence($0, self) }
  }
}

extension Independent: NormalVectorDistribution where Base == Normal {
  var loc: Tensor { base.mean }
  var covarianceFactor: Tensor? {
    eventRank == 1 ? base.scale.broadcast(to: base.batchShape).embeddingDiagonal() : nil
  }
}

/// ½ (|L⁻¹ K|² + |L⁻¹ (m − l)|² − d) + log det L − log det K, from N(m, K Kᵀ) to N(l, L Lᵀ).
private func normalVectorDivergence(
  _ p: any NormalVectorDistribution, _ q: any NormalVectorDistribution
) -> Tensor? {
  guard let own = p.covarianceFactor, let other = q.covarianceFactor else { return nil }
  let ratio = triangularSolve(other, own)
  let distance = triangularSolve(other, (p.loc - q.loc).expandingDims(at: -1))
  // The diagonal of L⁻¹ K has the ratio of the determinants; r² − 1 − 2 log r is 0 where r is 1.
  let logRatios = log(ratio.diagonal())
  let scales = (expm1(2 * logRatios) - 2 * logRatios).sum(axis: -1)
  let rest = square(tril(ratio, -1)).sum(axes: [-2, -1])
  return 0.5 * (scales + rest + square(distance).sum(axes: [-2, -1]))
}
