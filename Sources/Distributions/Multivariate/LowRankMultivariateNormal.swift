/// The normal distribution of vectors with mean `loc` and covariance W Wᵀ + diag(`diagonal`).
///
/// With A = diag(`diagonal`)^−½ W, the capacitance matrix C = 1 + AᵀA, t = diag(`diagonal`)^−½ (x −
/// loc) and s = C⁻¹ Aᵀ t,
///
/// log p(x) = −½ (|t − A s|² + |s|²) − ½ log det C − ½ Σ log diagonal − (d/2) log 2π
///
/// `factor` W is … × d × r, `loc` and `diagonal` are … × d. No d × d matrix is formed and the
/// quadratic form is a sum of squares, so that it keeps its digits where Woodbury's difference
/// (Pyro's) loses them.
public struct LowRankMultivariateNormal: MomentDistribution, EntropyDistribution {
  public let loc: Tensor
  public let factor: Tensor
  public let diagonal: Tensor
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [diagonal.shape[diagonal.rank - 1]] }
  public var support: Constraint { .real.independent(1) }
  public var parameters: [Parameter] {
    [
      Parameter("loc", loc, .real.independent(1)),
      Parameter("factor", factor, .real.independent(2)),
      Parameter("diagonal", diagonal, .positive.independent(1)),
    ]
  }

  /// - Parameters:
  ///   - factor: … × d × r.
  ///   - diagonal: positive, … × d.
  public init(_ loc: Tensor, _ factor: Tensor, _ diagonal: Tensor) {
    let size = lastExtent(diagonal, "LowRankMultivariateNormal", "diagonal")
    precondition(
      factor.rank >= 2 && factor.shape[factor.rank - 2] == size,
      """
      LowRankMultivariateNormal: a factor of shape \(factor.shape) for vectors of \(size) elements
      """)
    requireParameter(factor, .real, "LowRankMultivariateNormal", "factor")
    requireParameter(diagonal, .positive, "LowRankMultivariateNormal", "diagonal")
    self.loc = location(loc, size, "LowRankMultivariateNormal")
    self.factor = factor
    self.diagonal = diagonal
    batchShape = Distributions.batchShape(
      of: "LowRankMultivariateNormal",
      [("loc", self.loc, 1), ("factor", factor, 2), ("diagonal", diagonal, 1)])
  }

  /// 1 / √diagonal, A, and the Cholesky factor of C; those of literals take the given dtype.
  private func whitening(
    _ dtype: DType
  ) -> (inverseRoot: Tensor, a: Tensor, capacitance: Tensor) {
    let inverseRoot = rsqrt(diagonal.isLiteral ? diagonal.cast(to: dtype) : diagonal)
    let a = inverseRoot.expandingDims(at: -1) * factor
    let rank = factor.shape[factor.rank - 1]
    let product = matmul(a.transposed(), a)
    return (inverseRoot, a, cholesky(product + Tensor.eye(rank, dtype: product.dtype)))
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "LowRankMultivariateNormal")
    let (difference, isOutside) = finitePart(value - loc)
    let (inverseRoot, a, capacitance) = whitening(drawDType([difference, factor], .float64))
    let t = difference * inverseRoot
    let projected = rowwise(t, a) { matmul($0, $1) }
    let s = rowwise(projected, capacitance) {
      let half = triangularSolve($1, $0, transposed: true, left: false)
      return triangularSolve($1, half, left: false)
    }
    let rest = t - multiplied(s, by: a)
    let distance = square(rest).sum(axis: -1) + square(s).sum(axis: -1)
    let density = minusHalf * distance - halfLogDeterminant(capacitance)
    return overBatch(`where`(isOutside, logZero, density - constant))
  }

  /// ½ log det of the covariance.
  private func halfLogDeterminant(_ capacitance: Tensor) -> Tensor {
    logDeterminant(capacitance) + 0.5 * log(diagonal).sum(axis: -1)
  }

  private var constant: Tensor { Double(eventShape[0]) * halfLog2Pi }

  /// loc + W ε + √diagonal ε′, with independent standard normal ε and ε′.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([loc, factor, diagonal], dtype)
    let keys = key.split(2)
    let rank = factor.shape[factor.rank - 1]
    let common = keys[0].normal(shape + batchShape + [rank], dtype: dtype)
    let own = keys[1].normal(shape + batchShape + eventShape, dtype: dtype)
    return loc + multiplied(common, by: factor) + sqrt(diagonal) * own
  }

  public func expanded(to batchShape: Shape) -> LowRankMultivariateNormal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// The whole d × d covariance, for each element of the parameters' own batch.
  public var covariance: Tensor { gram(factor) + diagonal.embeddingDiagonal() }
  public var mean: Tensor { loc.broadcast(to: batchShape + eventShape) }
  public var variance: Tensor {
    (square(factor).sum(axis: -1) + diagonal).broadcast(to: batchShape + eventShape)
  }
  public var entropy: Tensor {
    (halfLogDeterminant(whitening(drawDType([loc, factor], .float64)).capacitance) + Double(
      eventShape[0]) * (halfLog2Pi + 0.5))
      .broadcast(to: batchShape)
  }
}
