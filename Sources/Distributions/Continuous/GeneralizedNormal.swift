/// The generalised normal distribution, also called exponential power distribution (Subbotin 1923):
/// with shape 2 a normal distribution, with 1 a Laplace distribution, with ∞ a uniform one.
///
/// log p(x) = −|z|^shape − log(2 scale) − log Γ(1 + 1/shape), with z = (x − loc) / scale
///
/// With shape 2 the standard deviation is scale / √2.
public struct GeneralizedNormal: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private var place: LocationScale
  public let shape: Tensor
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] {
    place.parameters + [Parameter("shape", shape, .positive)]
  }

  /// - Parameters:
  ///   - scale: positive.
  ///   - shape: positive; below 2 the tails are heavier than normal ones.
  public init(_ loc: Tensor, _ scale: Tensor, _ shape: Tensor) {
    requireParameter(shape, .positive, "GeneralizedNormal", "shape")
    place = LocationScale("GeneralizedNormal", loc, scale, with: [("shape", shape)])
    self.shape = shape
  }

  /// 1/shape: |z|^shape is a gamma variable with this concentration.
  private var concentration: Tensor { 1 / shape }

  public func logProb(_ value: Tensor) -> Tensor {
    let normalizer = logTwo + log(scale) + lgamma(1 + concentration)
    return overBatch(-power(place.standardized(value)) - normalizer)
  }

  /// |z|^shape, which is given the derivative 0 at 0, where for shapes up to 1 it has none.
  private func power(_ z: Tensor) -> Tensor {
    let isZero = z .== 0
    return `where`(isZero, 0, pow(abs(`where`(isZero, 1, z)), shape))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([loc, scale, self.shape], dtype)
    let extent = shape + batchShape
    let logPower = key.foldIn(0).logGamma(concentration.cast(to: dtype), extent, dtype: dtype)
    let isLower = key.foldIn(1).uniform(extent, dtype: dtype) .< 0.5
    let distance = exp(concentration * logPower)
    return place.placed(`where`(isLower, -distance, distance))
  }

  public func expanded(to batchShape: Shape) -> GeneralizedNormal {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { place.mean(0) }
  /// scale² Γ(3/shape) / Γ(1/shape).
  public var variance: Tensor {
    let a = concentration
    return place.variance(exp(lgamma(1 + 3 * a) - lgamma(1 + a)) / 3)
  }
  /// 1/shape + log(2 scale) + log Γ(1 + 1/shape).
  public var entropy: Tensor {
    place.entropy(concentration + logTwo + lgamma(1 + concentration))
  }

  public func cdf(_ value: Tensor) -> Tensor {
    let concentration = concentration
    let result = withDensity(place.standardized(value)) { z in
      let outside = 0.5 * outsideMass(z)
      return `where`(z .< 0, outside, 1 - outside)
    } density: {
      exp(-power($0) - logTwo - lgamma(1 + concentration))
    }
    return overBatch(result)
  }

  /// The probability beyond ±z.
  private func outsideMass(_ z: Tensor) -> Tensor {
    // At 0 the derivative by the gamma variable is infinite.
    let isZero = z .== 0
    return `where`(isZero, 1, gammaincc(concentration, power(`where`(isZero, 1, z))))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let isLower = probability .< 0.5
    let tail = `where`(isLower, probability, 1 - probability)
    let distance = distance(inside: 1 - 2 * tail, outside: 2 * tail)
    return overBatch(
      ofProbability(probability, place.placed(`where`(isLower, -distance, distance))))
  }

  /// The z > 0 with probability `outside` beyond ±z and 1 − `outside` = `inside` between.
  private func distance(inside: Tensor, outside: Tensor) -> Tensor {
    let a = concentration
    let isFar = outside .< 0.5
    let power = `where`(
      isFar, gammainccInverse(a, `where`(isFar, outside, 0.5)),
      gammaincInverse(a, `where`(isFar, 0.5, inside)))
    // Where the density is that at 0 to rounding the gamma variable may be too small for a number.
    let near = inside * exp(lgamma(1 + a))
    let isNear = log(near) .< -37 * a
    return `where`(isNear, near, exp(a * log(`where`(isNear, 1, power))))
  }
}
