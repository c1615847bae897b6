/// The Laplace or double exponential distribution around `loc`.
///
/// log p(x) = −|x − loc| / scale − log(2 scale)
public struct Laplace: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] { place.parameters }

  /// - Parameter scale: positive; the mean distance from `loc`.
  public init(_ loc: Tensor, _ scale: Tensor) { place = LocationScale("Laplace", loc, scale) }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(-abs(place.standardized(value)) - (log(scale) + logTwo))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    place.placed(standardQuantile(place.uniform(shape, key, dtype)))
  }

  /// log 2p below the median, −log 2(1 − p) above.
  private func standardQuantile(_ p: Tensor) -> Tensor {
    let isLower = p .< 0.5
    let distance = log(2 * `where`(isLower, p, 1 - p))
    return `where`(isLower, distance, -distance)
  }

  public func expanded(to batchShape: Shape) -> Laplace {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { place.mean(0) }
  public var variance: Tensor { place.variance(2) }
  /// 1 + log(2 scale).
  public var entropy: Tensor { place.entropy(1 + logTwo) }

  public func cdf(_ value: Tensor) -> Tensor {
    let z = place.standardized(value)
    return overBatch(`where`(z .< 0, 0.5 * exp(z), 1 - 0.5 * exp(-z)))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, place.placed(standardQuantile(probability))))
  }
}
