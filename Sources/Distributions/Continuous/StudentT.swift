/// Student's t distribution with `df` degrees of freedom, around `loc`.
///
/// log p(x) = −½ (df + 1) log(1 + z²/df) − ½ log df − log B(½, df/2) − log scale, with
/// z = (x − loc) / scale
///
/// The mean is NaN for df ≤ 1; the variance is NaN for df ≤ 1 and ∞ for 1 < df ≤ 2.
public struct StudentT: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let df: Tensor
  private var place: LocationScale
  public var loc: Tensor { place.loc }
  public var scale: Tensor { place.scale }
  public var batchShape: Shape { place.batchShape }
  public var support: Constraint { .real }
  public var parameters: [Parameter] { [Parameter("df", df, .positive)] + place.parameters }

  /// - Parameters:
  ///   - df: positive.
  ///   - scale: positive; not the standard deviation.
  public init(_ df: Tensor, _ loc: Tensor = 0, _ scale: Tensor = 1) {
    requireParameter(df, .positive, "StudentT", "df")
    place = LocationScale("StudentT", loc, scale, with: [("df", df)])
    self.df = df
  }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(StandardStudent.logDensity(place.standardized(value), df) - log(scale))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([df, loc, scale], dtype)
    return place.placed(StandardStudent.noise(df, shape + batchShape, key, dtype))
  }

  public func expanded(to batchShape: Shape) -> StudentT {
    var result = self
    result.place = place.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor {
    `where`(df .> 1, loc, notANumber).broadcast(to: batchShape)
  }
  /// scale² df / (df − 2), for df > 2.
  public var variance: Tensor {
    let infinite = `where`(df .> 1, Tensor.infinite, notANumber)
    return `where`(df .> 2, square(scale) * (df / (df - 2)), infinite).broadcast(to: batchShape)
  }
  /// ½ (df + 1) (ψ(½ (df + 1)) − ψ(½ df)) + ½ log df + log B(½, df/2) + log scale.
  public var entropy: Tensor {
    let half = 0.5 * df
    let slopes = digamma(half + 0.5) - digamma(half)
    return place.entropy((half + 0.5) * slopes + 0.5 * log(df) + lbeta(0.5, half))
  }

  public func cdf(_ value: Tensor) -> Tensor {
    let df = df
    let result = withDensity(place.standardized(value)) { z in
      let outside = 0.5 * StandardStudent.masses(z, df).outside
      return `where`(z .< 0, outside, 1 - outside)
    } density: {
      exp(StandardStudent.logDensity($0, df))
    }
    return overBatch(result)
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let p = probability
    let isLower = p .< 0.5
    let tail = `where`(isLower, p, 1 - p)
    let distance = StandardStudent.quantile(inside: 1 - 2 * tail, outside: 2 * tail, df)
    return overBatch(
      ofProbability(p, place.placed(`where`(isLower, -distance, distance))))
  }
}
