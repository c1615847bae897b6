/// Lévy's distribution of the time at which a Brownian motion first reaches a level: that of
/// loc + scale / z² for a standard normal z.
///
/// log p(x) = ½ log(scale / 2π) − 3/2 log(x − loc) − scale / (2 (x − loc)), for x > loc. Mean and
/// variance are infinite.
public struct Levy: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .greaterThan(loc) }
  public var parameters: [Parameter] { place.parameters }

  /// - Parameters:
  ///   - loc: the lower end.
  ///   - scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) { place = LocationScale("Levy", loc, scale) }

  public func logProb(_ value: Tensor) -> Tensor {
    let isOutside = value .<= loc
    let distance = `where`(isOutside, 1, value - loc)
    let density = 0.5 * log(scale) - (1.5 * log(distance) + 0.5 * scale / distance + halfLog2Pi)
    return overBatch(`where`(isOutside, logZero, density))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    place.placed(1 / square(place.normal(shape, key, dtype)))
  }

  public func expanded(to batchShape: Shape) -> Levy {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { place.constant(.infinity) }
  public var variance: Tensor { place.constant(.infinity) }
  /// ½ (1 + 3γ + log 16π) + log scale.
  public var entropy: Tensor { place.entropy(3.324482801396889996815946053716486139) }

  /// erfc(√(scale / (2 (x − loc)))).
  public func cdf(_ value: Tensor) -> Tensor {
    let isOutside = value .<= loc
    let distance = `where`(isOutside, 1, value - loc)
    return overBatch(`where`(isOutside, 0, erfc(sqrt(0.5 * scale / distance))))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let distance = 0.5 / square(erfcInverse(probability))
    return overBatch(ofProbability(probability, place.placed(distance)))
  }
}
