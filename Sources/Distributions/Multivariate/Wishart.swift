/// The distribution of Σ xᵢ xᵢᵀ for `df` normal vectors x of mean 0 and covariance V = L Lᵀ, and its
/// continuation to any real df > d − 1.
///
/// log p(X) = ((df − d − 1)/2) log det X − ½ tr(V⁻¹X) − (df d/2) log 2 − (df/2) log det V
///            − log Γ_d(df/2)
///
/// V is given as itself, as its inverse or as its Cholesky factor L, each … × d × d. The density is
/// that of the elements on and below the diagonal. The mean is df V.
public struct Wishart: MomentDistribution, EntropyDistribution {
  public let df: Tensor
  private let scale: ScaleMatrix
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [scale.size, scale.size] }
  public var support: Constraint { .positiveDefinite }
  public var parameters: [Parameter] {
    [Parameter("df", df, BartlettFactor.degrees(scale.size)), scale.parameter]
  }

  /// - Parameters:
  ///   - df: more than d − 1, of the batch's shape.
  ///   - covariance: V, positive definite.
  public init(_ df: Tensor, covariance: Tensor) {
    self.init(df, ScaleMatrix(covariance: covariance, "Wishart"))
  }

  /// - Parameter precision: V⁻¹, positive definite.
  public init(_ df: Tensor, precision: Tensor) {
    self.init(df, ScaleMatrix(precision: precision, "Wishart"))
  }

  /// - Parameter scaleTril: L, lower triangular with a positive diagonal.
  public init(_ df: Tensor, scaleTril: Tensor) {
    self.init(df, ScaleMatrix(scaleTril: scaleTril, "Wishart"))
  }

  private init(_ df: Tensor, _ scale: ScaleMatrix) {
    requireParameter(df, BartlettFactor.degrees(scale.size), "Wishart", "df")
    self.df = df
    self.scale = scale
    batchShape = Distributions.batchShape(
      of: "Wishart", [("df", df, 0), (scale.parameter.name, scale.parameter.value, 2)])
  }

  private var bartlett: BartlettFactor { BartlettFactor(df: df, size: scale.size) }
  private var size: Int { scale.size }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "Wishart")
    let factor = scale.factor(beside: [df, value])
    return supported(density(triangularSolve(factor, cholesky(value)), factor), at: value)
  }

  /// By the Bartlett factor M of X = L M Mᵀ Lᵀ, with dX = det L^(d + 1) Π 2 Mᵢᵢ^(d − i + 1) dM.
  private func density(_ m: Tensor, _ factor: Tensor) -> Tensor {
    let powers = Tensor((1...size).map { Double($0 - size) }, dtype: m.dtype)
    return bartlett.logDensity(m) + (powers * log(m.diagonal())).sum(axis: -1)
      - Double(size + 1) * logDeterminant(factor)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let m = noise(shape, key, dtype)
    return gram(matmul(tril(scale.factor(beside: [m])), m))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let m = noise(shape, key, dtype)
    let factor = tril(scale.factor(beside: [m]))
    return (gram(matmul(factor, m)), density(m, factor))
  }

  private func noise(_ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    bartlett.sample(
      shape + batchShape, key: key, dtype: drawDType([df, scale.parameter.value], dtype))
  }

  public func expanded(to batchShape: Shape) -> Wishart {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// The Cholesky factor of V.
  public var scaleTril: Tensor { scale.factor(beside: [df]) }
  /// V, the mean divided by df.
  public var covariance: Tensor { gram(tril(scaleTril)) }
  public var mean: Tensor {
    (df.overMatrix * covariance).broadcast(to: batchShape + eventShape)
  }
  /// df (Vᵢⱼ² + Vᵢᵢ Vⱼⱼ).
  public var variance: Tensor {
    let v = covariance
    return (df.overMatrix * (square(v) + outer(v.diagonal(), v.diagonal())))
      .broadcast(to: batchShape + eventShape)
  }
  public var entropy: Tensor {
    let n = Double(size)
    return
      ((n + 1) * logDeterminant(scaleTril) + 0.5 * n * (n + 1) * logTwo
      + bartlett.entropyPart { Double($0) - (n + 1) }).broadcast(to: batchShape)
  }
}
