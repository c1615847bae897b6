/// The hyperbolic secant distribution: Laplace tails and a smooth mode.
///
/// log p(x) = log(2/π) − log scale − log(exp(z) + exp(−z)), with z = (x − loc) / scale
public struct SoftLaplace: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] { place.parameters }

  /// - Parameter scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) { place = LocationScale("SoftLaplace", loc, scale) }

  public func logProb(_ value: Tensor) -> Tensor {
    let z = place.standardized(value)
    return overBatch(log2OverPi - (logAddExp(z, -z) + log(scale)))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    place.placed(standardQuantile(place.uniform(shape, key, dtype)))
  }

  /// log tan(π p / 2), by the probability of the nearer tail.
  private func standardQuantile(_ p: Tensor) -> Tensor {
    let isLower = p .< 0.5
    let distance = log(tan(halfPi * `where`(isLower, p, 1 - p)))
    return `where`(isLower, distance, -distance)
  }

  public func expanded(to batchShape: Shape) -> SoftLaplace {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { place.mean(0) }
  /// π²/4 · scale².
  public var variance: Tensor { place.variance(2.467401100272339654708622749969037784) }
  /// log(2π scale).
  public var entropy: Tensor { place.entropy(log2Pi) }

  /// 2/π · atan(exp z), from the nearer tail.
  public func cdf(_ value: Tensor) -> Tensor {
    let z = place.standardized(value)
    return overBatch(
      `where`(z .< 0, atan(exp(z)) / halfPi, 1 - atan(exp(-z)) / halfPi))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, place.placed(standardQuantile(probability))))
  }
}
