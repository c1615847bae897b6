/// The logistic distribution: log odds of a uniform number, scaled.
///
/// log p(x) = log σ(z) + log σ(−z) − log scale, with z = (x − loc) / scale and σ the sigmoid
public struct Logistic: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] { place.parameters }

  /// - Parameter scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) { place = LocationScale("Logistic", loc, scale) }

  public func logProb(_ value: Tensor) -> Tensor {
    let z = place.standardized(value)
    return overBatch(logSigmoid(z) + logSigmoid(-z) - log(scale))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    place.placed(logit(place.uniform(shape, key, dtype)))
  }

  public func expanded(to batchShape: Shape) -> Logistic {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { place.mean(0) }
  /// π²/3 · scale².
  public var variance: Tensor { place.variance(3.289868133696452872944830333292050373) }
  /// 2 + log scale.
  public var entropy: Tensor { place.entropy(2) }

  public func cdf(_ value: Tensor) -> Tensor { overBatch(sigmoid(place.standardized(value))) }

  public func icdf(_ probability: Tensor) -> Tensor { overBatch(place.placed(logit(probability))) }
}
