/// The Cauchy distribution with median `loc` and half width `scale`: Student's with one degree of
/// freedom.
///
/// log p(x) = −log(π scale) − log(1 + ((x − loc) / scale)²). Mean and variance do not exist: NaN.
public struct Cauchy: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] { place.parameters }

  /// - Parameter scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) { place = LocationScale("Cauchy", loc, scale) }

  public func logProb(_ value: Tensor) -> Tensor {
    // log scale − log π − log((x − loc)² + scale²), by a hypotenuse that does not overflow.
    overBatch(log(scale) - (2 * log(hypot(value - loc, scale)) + logPi))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    place.placed(standardQuantile(place.uniform(shape, key, dtype)))
  }

  /// tan(π (p − ½)) = ∓1 / tan(π q), with q the probability of the nearer tail.
  private func standardQuantile(_ p: Tensor) -> Tensor {
    let isLower = p .< 0.5
    let distance = 1 / tan(Double.pi * `where`(isLower, p, 1 - p))
    return `where`(isLower, -distance, distance)
  }

  public func expanded(to batchShape: Shape) -> Cauchy {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { place.constant(.nan) }
  public var variance: Tensor { place.constant(.nan) }
  /// log(4π scale).
  public var entropy: Tensor { place.entropy(2.531024246969290792977891594269411847) }

  /// The angle of the point (loc − x, scale) over π, which is exact in the lower tail.
  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(atan2(scale, loc - value) / Double.pi)
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, place.placed(standardQuantile(probability))))
  }
}
