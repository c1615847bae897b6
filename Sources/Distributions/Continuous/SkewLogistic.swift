/// A logistic distribution with tails of different weight, the generalised logistic distribution of
/// type I: its distribution function is a power of the logistic one, σ(z)^asymmetry.
///
/// log p(x) = log asymmetry − log scale + log σ(−z) + asymmetry · log σ(z), with z = (x − loc) / scale
public struct SkewLogistic: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public let asymmetry: Tensor
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] {
    place.parameters + [Parameter("asymmetry", asymmetry, .positive)]
  }

  /// - Parameters:
  ///   - scale: positive.
  ///   - asymmetry: positive; 1 is the logistic distribution, below 1 the lower tail is the heavier.
  public init(_ loc: Tensor, _ scale: Tensor, _ asymmetry: Tensor = 1) {
    requireParameter(asymmetry, .positive, "SkewLogistic", "asymmetry")
    place = LocationScale("SkewLogistic", loc, scale, with: [("asymmetry", asymmetry)])
    self.asymmetry = asymmetry
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let z = place.standardized(value)
    return overBatch(logSigmoid(-z) + asymmetry * logSigmoid(z) + log(asymmetry / scale))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    place.placed(standardQuantile(place.uniform(shape, key, dtype, with: [asymmetry])))
  }

  /// The log odds of p^(1/asymmetry) = exp(−w): −log(exp(w) − 1).
  private func standardQuantile(_ p: Tensor) -> Tensor {
    let w = -log(p) / asymmetry
    return -(w + log(-expm1(-w)))
  }

  public func expanded(to batchShape: Shape) -> SkewLogistic {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  /// loc + scale (ψ(asymmetry) + γ).
  public var mean: Tensor { place.mean(digamma(asymmetry) + eulerGamma) }
  /// scale² (ψ′(asymmetry) + π²/6).
  public var variance: Tensor { place.variance(trigamma(asymmetry) + sixthOfPiSquared) }
  /// log(scale / asymmetry) + ψ(asymmetry + 1) + γ + 1.
  public var entropy: Tensor {
    place.entropy(digamma(asymmetry + 1) - log(asymmetry) + (eulerGamma + 1))
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(exp(asymmetry * logSigmoid(place.standardized(value))))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(place.placed(standardQuantile(probability)))
  }
}
