/// The beta distribution with a given mean: Beta(mean · concentration, (1 − mean) · concentration).
public struct BetaProportion: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let mean: Tensor
  public let concentration: Tensor
  private let base: Beta
  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { .unitInterval }
  public var parameters: [Parameter] {
    [
      Parameter("mean", mean, .openInterval(0, 1)),
      Parameter("concentration", concentration, .positive),
    ]
  }

  /// - Parameters:
  ///   - mean: between 0 and 1.
  ///   - concentration: positive; the variance is mean · (1 − mean) / (concentration + 1).
  public init(_ mean: Tensor, _ concentration: Tensor) {
    requireParameter(mean, .openInterval(0, 1), "BetaProportion", "mean")
    requireParameter(concentration, .positive, "BetaProportion", "concentration")
    let shape = Distributions.batchShape(
      of: "BetaProportion", [("mean", mean), ("concentration", concentration)])
    self.init(
      mean.broadcast(to: shape), concentration,
      Beta(mean * concentration, (1 - mean) * concentration))
  }

  private init(_ mean: Tensor, _ concentration: Tensor, _ base: Beta) {
    self.mean = mean
    self.concentration = concentration
    self.base = base
  }

  public func logProb(_ value: Tensor) -> Tensor { base.logProb(value) }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> BetaProportion {
    BetaProportion(
      mean.broadcast(to: batchShape), concentration, base.expanded(to: batchShape))
  }

  public var variance: Tensor { base.variance }
  public var entropy: Tensor { base.entropy }
  public func cdf(_ value: Tensor) -> Tensor { base.cdf(value) }
  public func icdf(_ probability: Tensor) -> Tensor { base.icdf(probability) }
}
