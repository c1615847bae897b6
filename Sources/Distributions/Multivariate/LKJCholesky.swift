/// The distribution of the Cholesky factor L of a correlation matrix with density proportional to
/// det(L Lᵀ)^(concentration − 1) (Lewandowski, Kurowicka and Joe 2009).
///
/// log p(L) = Σᵢ₌₂ (2 concentration + d − i − 2) log Lᵢᵢ − log Z,
/// log Z = Σₙ₌₁..d₋₁ (n/2) log π − log Γ(n/2) + log B(concentration + (d − 1 − n)/2, n/2)
///
/// The density is that of the elements below the diagonal. Concentration 1 is uniform over
/// correlation matrices; more draws them towards the identity. Each correlation is 2 b − 1 for a
/// b of Beta(α, α), α = concentration − 1 + d/2.
public struct LKJCholesky: MomentDistribution, EntropyDistribution {
  /// The number of rows d.
  public let dimension: Int
  public let concentration: Tensor
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [dimension, dimension] }
  public var support: Constraint { .correlationCholesky }
  public var parameters: [Parameter] { [Parameter("concentration", concentration, .positive)] }

  /// - Parameters:
  ///   - dimension: at least 2.
  ///   - concentration: positive, of the batch's shape.
  public init(_ dimension: Int, _ concentration: Tensor = 1) {
    precondition(dimension >= 2, "LKJCholesky: dimension must be at least 2, got \(dimension)")
    requireParameter(concentration, .positive, "LKJCholesky", "concentration")
    self.dimension = dimension
    self.concentration = concentration
    batchShape = concentration.shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "LKJCholesky")
    return supported(density(value), at: value)
  }

  private func density(_ factor: Tensor) -> Tensor {
    let logDiagonal = logDiagonal(factor).slice(1..<dimension, along: -1)
    let shapes = shapes(factor.dtype)
    return (2 * (shapes - 1) * logDiagonal).sum(axis: -1) - logNormalizer(factor.dtype)
  }

  /// log Lᵢᵢ; of large ones, which huge concentrations make, by the other elements of the row, of which the
  /// squares are not rounded beside 1.
  func logDiagonal(_ factor: Tensor) -> Tensor {
    let diagonal = factor.diagonal()
    let squares = square(tril(factor, -1)).sum(axis: -1)
    let isLarge = squares .< oneHalf
    return `where`(isLarge, 0.5 * log1p(-`where`(isLarge, squares, 0)), log(diagonal))
  }

  /// n = 1 … d − 1, how many elements row n + 1 has below the diagonal. Constants take the dtype of
  /// the concentration, or the one asked for beside a literal.
  private func counts(_ dtype: DType) -> Tensor {
    Tensor((1..<dimension).map(Double.init), dtype: drawDType([concentration], dtype))
  }

  /// The squares of row n + 1 are Dirichlet, with ½ for each of n elements and this for the
  /// diagonal's.
  private func shapes(_ dtype: DType) -> Tensor {
    concentration.expandingDims(at: -1) + 0.5 * (Double(dimension - 1) - counts(dtype))
  }

  /// log Z.
  func logNormalizer(_ dtype: DType = .float64) -> Tensor {
    let half = 0.5 * counts(dtype)
    return (half * logPi - lgamma(half) + lbeta(shapes(dtype), half)).sum(axis: -1)
  }

  /// The mean of log det of the correlation matrix.
  var meanLogDeterminant: Tensor {
    digammaFall.sum(axis: -1)
  }

  /// By the onion method: row n + 1 is the direction of n normal numbers and the root of a χ² of
  /// 2 concentration + d − 1 − n degrees of freedom.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration], dtype)
    let keys = key.split(2)
    let noise = keys[0].normal(shape + batchShape + eventShape, dtype: dtype)
    let rows = Tensor((0..<dimension).map { 0.5 * Double(dimension - 1 - $0) }, dtype: dtype)
    let squares = keys[1].gamma(
      concentration.expandingDims(at: -1) + rows, shape + batchShape + [dimension], dtype: dtype)
    let factor = tril(noise, -1) + sqrt(2 * squares).embeddingDiagonal()
    return factor * rsqrt(square(factor).sum(axis: -1, keepingAxes: true))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let value = sample(shape, key: key, dtype: dtype)
    return (value, density(value))
  }

  public func expanded(to batchShape: Shape) -> LKJCholesky {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor {
    meanDiagonal.embeddingDiagonal().broadcast(to: batchShape + eventShape)
  }

  private var meanDiagonal: Tensor {
    let shapes = shapes(.float64)
    let half = 0.5 * counts(.float64)
    return exp(lbeta(shapes + 0.5, half) - lbeta(shapes, half)).padded(before: 1, after: 0) + first
  }

  /// 1, 0, …, 0: the diagonal's first element is certain.
  private var first: Tensor {
    Tensor(
      [1] + [Double](repeating: 0, count: dimension - 1),
      dtype: drawDType([concentration], .float64))
  }

  private var digammaFall: Tensor { -digammaRise(shapes(.float64), 0.5 * counts(.float64)) }

  public var variance: Tensor {
    let total = (2 * concentration + Double(dimension - 1)).expandingDims(at: -1)
    // E d² = (E d)² e^excess.
    let (shapes, half) = (shapes(.float64), 0.5 * counts(.float64))
    let excess =
      logGammaCross(shapes + half, oneHalf, oneHalf) - logGammaCross(shapes, oneHalf, oneHalf)
    let diagonal = square(meanDiagonal) * expm1(excess).padded(before: 1, after: 0)
    let below = tril(Tensor.ones(eventShape, dtype: first.dtype), -1)
    return (below / total.expandingDims(at: -1) + diagonal.embeddingDiagonal())
      .broadcast(to: batchShape + eventShape)
  }

  public var entropy: Tensor {
    let terms = ((shapes(.float64) - 1) * digammaFall).sum(axis: -1)
    return (logNormalizer() - terms).broadcast(to: batchShape)
  }
}
