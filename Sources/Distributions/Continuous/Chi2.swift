/// The chi-squared distribution with `df` degrees of freedom: Gamma(df / 2, 1/2).
public struct Chi2: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let df: Tensor
  private let base: Gamma
  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { .positive }
  public var parameters: [Parameter] { [Parameter("df", df, .positive)] }

  /// - Parameter df: positive, not necessarily whole.
  public init(_ df: Tensor) {
    requireParameter(df, .positive, "Chi2", "df")
    self.init(df, Gamma(oneHalf * df, oneHalf))
  }

  private init(_ df: Tensor, _ base: Gamma) {
    self.df = df
    self.base = base
  }

  public func logProb(_ value: Tensor) -> Tensor { base.logProb(value) }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> Chi2 { Chi2(df, base.expanded(to: batchShape)) }

  public var mean: Tensor { base.mean }
  public var variance: Tensor { base.variance }
  public var entropy: Tensor { base.entropy }
  public func cdf(_ value: Tensor) -> Tensor { base.cdf(value) }
  public func icdf(_ probability: Tensor) -> Tensor { base.icdf(probability) }
}
