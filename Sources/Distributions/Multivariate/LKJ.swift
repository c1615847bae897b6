/// The distribution of correlation matrices R with density proportional to
/// det R^(concentration − 1) (Lewandowski, Kurowicka and Joe 2009).
///
/// log p(R) = (concentration − 1) log det R − log Z, with the Z of `LKJCholesky`
///
/// The density is that of the elements below the diagonal. Concentration 1 is uniform. Where only
/// a Cholesky factor is needed, `LKJCholesky` is faster.
public struct LKJ: MomentDistribution, EntropyDistribution {
  private let factors: LKJCholesky
  /// The number of rows d.
  public var dimension: Int { factors.dimension }
  public var concentration: Tensor { factors.concentration }
  public var batchShape: Shape { factors.batchShape }
  public var eventShape: Shape { factors.eventShape }
  public var support: Constraint { .correlation }
  public var parameters: [Parameter] { factors.parameters }

  /// - Parameters:
  ///   - dimension: at least 2.
  ///   - concentration: positive, of the batch's shape.
  public init(_ dimension: Int, _ concentration: Tensor = 1) {
    precondition(dimension >= 2, "LKJ: dimension must be at least 2, got \(dimension)")
    requireParameter(concentration, .positive, "LKJ", "concentration")
    factors = LKJCholesky(dimension, concentration)
  }

  private init(factors: LKJCholesky) { self.factors = factors }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "LKJ")
    return supported(density(cholesky(value)), at: value)
  }

  /// R = L Lᵀ has dR = Π Lᵢᵢ^(d − i) dL, which takes the exponents of `LKJCholesky` to these.
  private func density(_ factor: Tensor) -> Tensor {
    2 * (concentration - 1) * factors.logDiagonal(factor).sum(axis: -1)
      - factors.logNormalizer(factor.dtype)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    correlation(factors.sample(shape, key: key, dtype: dtype))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let factor = factors.sample(shape, key: key, dtype: dtype)
    return (correlation(factor), density(factor))
  }

  private func correlation(_ factor: Tensor) -> Tensor {
    let isDiagonal = Tensor.eye(dimension, dtype: .bool)
    return `where`(isDiagonal, 1, gram(factor))
  }

  public func expanded(to batchShape: Shape) -> LKJ {
    LKJ(factors: factors.expanded(to: batchShape))
  }

  /// The identity.
  public var mean: Tensor {
    let dtype = drawDType([concentration], .float64)
    return Tensor.eye(dimension, dtype: dtype).broadcast(to: batchShape + eventShape)
  }
  /// That of each correlation is 1 / (2 concentration + d − 1).
  public var variance: Tensor {
    let each = 1 / (2 * concentration + Double(dimension - 1))
    return `where`(
      Tensor.eye(dimension, dtype: .bool), 0, each.expandingDims(at: -1).expandingDims(at: -1)
    ).broadcast(to: batchShape + eventShape)
  }
  public var entropy: Tensor {
    (factors.logNormalizer() - (concentration - 1) * factors.meanLogDeterminant)
      .broadcast(to: batchShape)
  }
}
