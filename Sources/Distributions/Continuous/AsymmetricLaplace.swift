/// A Laplace distribution with two scales: `scale · asymmetry` below `loc` and `scale / asymmetry`
/// above.
///
/// log p(x) = −|x − loc| / (the scale of the side) − log(left scale + right scale)
public struct AsymmetricLaplace: MomentDistribution, EntropyDistribution, QuantileDistribution {
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
  ///   - asymmetry: positive; 1 is symmetric, above 1 the lower tail is the heavier one.
  public init(_ loc: Tensor, _ scale: Tensor, _ asymmetry: Tensor) {
    requireParameter(asymmetry, .positive, "AsymmetricLaplace", "asymmetry")
    place = LocationScale("AsymmetricLaplace", loc, scale, with: [("asymmetry", asymmetry)])
    self.asymmetry = asymmetry
  }

  /// The mean distance of draws below `loc`.
  public var leftScale: Tensor { scale * asymmetry }
  /// The mean distance of draws above `loc`.
  public var rightScale: Tensor { scale / asymmetry }

  public func logProb(_ value: Tensor) -> Tensor {
    let (left, right) = (leftScale, rightScale)
    let distance = value - loc
    return overBatch(
      `where`(distance .< 0, distance / left, -distance / right) - log(left + right))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    quantile(place.uniform(shape, key, dtype, with: [asymmetry]))
  }

  private func quantile(_ p: Tensor) -> Tensor {
    let (left, right) = (leftScale, rightScale)
    let total = left + right
    // The shares of the sides are left / total and right / total.
    return loc
      + `where`(
        p * total .< left, left * log(p * total / left), -right * log((1 - p) * total / right))
  }

  public func expanded(to batchShape: Shape) -> AsymmetricLaplace {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  /// loc + right scale − left scale.
  public var mean: Tensor { (loc + (rightScale - leftScale)).broadcast(to: batchShape) }
  public var variance: Tensor {
    (square(leftScale) + square(rightScale)).broadcast(to: batchShape)
  }
  /// 1 + log(left scale + right scale).
  public var entropy: Tensor { (1 + log(leftScale + rightScale)).broadcast(to: batchShape) }

  public func cdf(_ value: Tensor) -> Tensor {
    let (left, right) = (leftScale, rightScale)
    let total = left + right
    let distance = value - loc
    return overBatch(
      `where`(
        distance .< 0, left / total * exp(distance / left),
        1 - right / total * exp(-distance / right)))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, quantile(probability)))
  }
}
