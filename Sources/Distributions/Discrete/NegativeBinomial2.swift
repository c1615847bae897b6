/// The negative binomial distribution by its mean, as NumPyro has it: the variance is
/// mean + mean² / concentration.
///
/// log p(x) = log Γ(x + c) − log Γ(c) − log x! + c log(c / (c + m)) + x log(m / (c + m)), for
/// x = 0, 1, …, with m = `mean` and c = `concentration`
public struct NegativeBinomial2: MomentDistribution, EntropyDistribution {
  private let mu: Tensor
  public let concentration: Tensor
  private var base: NegativeBinomial
  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { .nonNegativeInteger }
  public var parameters: [Parameter] {
    [Parameter("mean", mu, .positive), Parameter("concentration", concentration, .positive)]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - mean: positive.
  ///   - concentration: positive; the larger, the closer to a Poisson distribution.
  public init(_ mean: Tensor, _ concentration: Tensor) {
    requireParameter(mean, .positive, "NegativeBinomial2", "mean")
    requireParameter(concentration, .positive, "NegativeBinomial2", "concentration")
    _ = Distributions.batchShape(
      of: "NegativeBinomial2", [("mean", mean), ("concentration", concentration)])
    mu = mean
    self.concentration = concentration
    base = NegativeBinomial(concentration, logOdds: log(mean) - log(concentration))
  }

  public func logProb(_ value: Tensor) -> Tensor { base.logProb(value) }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> NegativeBinomial2 {
    var result = self
    result.base = base.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { mu.broadcast(to: batchShape) }
  public var variance: Tensor { (mu + square(mu) / concentration).broadcast(to: batchShape) }
  public var entropy: Tensor { base.entropy }
}

extension NegativeBinomial2: QuantileDistribution {
  public func cdf(_ value: Tensor) -> Tensor { base.cdf(value) }
  public func icdf(_ probability: Tensor) -> Tensor { base.icdf(probability) }
}
