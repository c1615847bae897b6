/// The number of events whose rate is drawn from a gamma distribution: Poisson(λ) with
/// λ ~ Gamma(concentration, rate).
///
/// log p(x) = log Γ(x + c) − log Γ(c) − log x! + c log(b / (1 + b)) − x log(1 + b), for x = 0, 1, …,
/// with c = `concentration` and b = `rate`
public struct GammaPoisson: MomentDistribution, EntropyDistribution {
  public let concentration: Tensor
  public let rate: Tensor
  private var base: NegativeBinomial
  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { .nonNegativeInteger }
  public var parameters: [Parameter] {
    [Parameter("concentration", concentration, .positive), Parameter("rate", rate, .positive)]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - concentration: the shape of the gamma distribution, positive.
  ///   - rate: its rate, positive.
  public init(_ concentration: Tensor, _ rate: Tensor) {
    requireParameter(concentration, .positive, "GammaPoisson", "concentration")
    requireParameter(rate, .positive, "GammaPoisson", "rate")
    _ = Distributions.batchShape(
      of: "GammaPoisson", [("concentration", concentration), ("rate", rate)])
    self.concentration = concentration
    self.rate = rate
    base = NegativeBinomial(concentration, logOdds: -log(rate))
  }

  public func logProb(_ value: Tensor) -> Tensor { base.logProb(value) }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> GammaPoisson {
    var result = self
    result.base = base.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { (concentration / rate).broadcast(to: batchShape) }
  public var variance: Tensor {
    (concentration / rate * (1 + 1 / rate)).broadcast(to: batchShape)
  }
  public var entropy: Tensor { base.entropy }
}

extension GammaPoisson: QuantileDistribution {
  public func cdf(_ value: Tensor) -> Tensor { base.cdf(value) }
  public func icdf(_ probability: Tensor) -> Tensor { base.icdf(probability) }
}
