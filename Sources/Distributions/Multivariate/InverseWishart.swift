/// The distribution of the inverse of a Wishart matrix of `df` degrees of freedom around Ψ⁻¹.
///
/// log p(X) = (df/2) log det Ψ − ((df + d + 1)/2) log det X − ½ tr(Ψ X⁻¹) − (df d/2) log 2
///            − log Γ_d(df/2)
///
/// Ψ = L Lᵀ is given as itself or as its Cholesky factor L, each … × d × d. The density is that of
/// the elements on and below the diagonal. The mean is Ψ / (df − d − 1).
public struct InverseWishart: MomentDistribution, EntropyDistribution {
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
  ///   - scaleMatrix: Ψ, positive definite.
  public init(_ df: Tensor, scaleMatrix: Tensor) {
    self.init(df, ScaleMatrix(covariance: scaleMatrix, named: "scaleMatrix", "InverseWishart"))
  }

  /// - Parameter scaleTril: L, lower triangular with a positive diagonal.
  public init(_ df: Tensor, scaleTril: Tensor) {
    self.init(df, ScaleMatrix(scaleTril: scaleTril, "InverseWishart"))
  }

  private init(_ df: Tensor, _ scale: ScaleMatrix) {
    requireParameter(df, BartlettFactor.degrees(scale.size), "InverseWishart", "df")
    self.df = df
    self.scale = scale
    batchShape = Distributions.batchShape(
      of: "InverseWishart", [("df", df, 0), (scale.parameter.name, scale.parameter.value, 2)])
  }

  private var bartlett: BartlettFactor { BartlettFactor(df: df, size: scale.size) }
  private var size: Int { scale.size }

  /// By N = C⁻¹ L of X = C Cᵀ, for which N Nᵀ is around the identity.
  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "InverseWishart")
    let c = cholesky(value)
    let n = triangularSolve(c, tril(scale.factor(beside: [df, value])))
    let powers = Tensor((1...size).map { Double($0 + 1) }, dtype: c.dtype)
    let density =
      bartlett.logDensity(n) + (powers * log(n.diagonal())).sum(axis: -1)
      - Double(size + 1) * logDeterminant(c)
    return supported(density, at: value)
  }

  /// L (M Mᵀ)⁻¹ Lᵀ for a Bartlett factor M.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let m = bartlett.sample(
      shape + batchShape, key: key, dtype: drawDType([df, scale.parameter.value], dtype))
    let factor = tril(scale.factor(beside: [m]))
    return gram(triangularSolve(m, factor, transposed: true, left: false))
  }

  public func expanded(to batchShape: Shape) -> InverseWishart {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// The Cholesky factor of Ψ.
  public var scaleTril: Tensor { scale.factor(beside: [df]) }
  /// Ψ.
  public var scaleMatrix: Tensor { gram(tril(scaleTril)) }

  /// Ψ / (df − d − 1) for df > d + 1; else +∞ on the diagonal and NaN off it.
  public var mean: Tensor {
    let excess = df - Double(size + 1)
    let isFinite = excess .> 0
    let ratio = scaleMatrix / `where`(isFinite, excess, 1).overMatrix
    return `where`(isFinite.overMatrix, ratio, undefined).broadcast(to: batchShape + eventShape)
  }

  /// Known for df > d + 3; else +∞ on the diagonal and NaN off it, all NaN without a mean.
  public var variance: Tensor {
    let n = Double(size)
    let psi = scaleMatrix
    let isFinite = df .> n + 3
    let safe = `where`(isFinite, df, Tensor(floatLiteral: n + 4)).overMatrix
    let excess = safe - (n + 1)
    let diagonal = psi.diagonal()
    let numerator = (excess + 2) * square(psi) + excess * outer(diagonal, diagonal)
    let value = numerator / ((excess + 1) * square(excess) * (excess - 2))
    let otherwise = `where`((df .> n + 1).overMatrix, undefined, notANumber)
    return `where`(isFinite.overMatrix, value, otherwise).broadcast(to: batchShape + eventShape)
  }

  /// +∞ on the diagonal, NaN off it.
  private var undefined: Tensor {
    `where`(Tensor.eye(size, dtype: .bool), .infinite, notANumber)
  }

  public var entropy: Tensor {
    let n = Double(size)
    return
      ((n + 1) * logDeterminant(scaleTril) - 0.5 * n * (n + 1) * logTwo
      + bartlett.entropyPart { Double($0) + (n + 1) }).broadcast(to: batchShape)
  }
}
