/// The Gumbel distribution of the largest of many draws.
///
/// log p(x) = −z − exp(−z) − log scale, with z = (x − loc) / scale
public struct Gumbel: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] { place.parameters }

  /// - Parameters:
  ///   - loc: the mode.
  ///   - scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) { place = LocationScale("Gumbel", loc, scale) }

  public func logProb(_ value: Tensor) -> Tensor {
    let z = place.standardized(value)
    // At −∞ the two terms are infinities of opposite sign; the exponential is infinite well above.
    return overBatch(`where`(z .< -1000, logZero, -(z + exp(-z)) - log(scale)))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    place.placed(-log(-log(place.uniform(shape, key, dtype))))
  }

  public func expanded(to batchShape: Shape) -> Gumbel {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  /// loc + γ · scale.
  public var mean: Tensor { place.mean(eulerGamma) }
  /// π²/6 · scale².
  public var variance: Tensor { place.variance(sixthOfPiSquared) }
  /// 1 + γ + log scale.
  public var entropy: Tensor { place.entropy(1 + eulerGamma) }

  /// exp(−exp(−z)).
  public func cdf(_ value: Tensor) -> Tensor {
    // Below −80 it is 0 in every precision, and so are its derivatives.
    overBatch(exp(-exp(-maximum(place.standardized(value), -80))))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(place.placed(-log(-log(probability))))
  }
}
