/// A number in the unit interval of density proportional to probsˣ (1 − probs)¹⁻ˣ, for grey values
/// (Loaiza-Ganem and Cunningham 2019).
///
/// log p(x) = logits · x − log((exp(logits) − 1) / logits), smooth through probs = ½, where it is 0
public struct ContinuousBernoulli: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private let chance: Chance
  public private(set) var batchShape: Shape
  public var support: Constraint { .unitInterval }
  public var parameters: [Parameter] { [chance.parameter()] }

  /// - Parameter probs: between 0 and 1; not the mean.
  public init(probs: Tensor) {
    self.init(Chance(probs: probs, of: "ContinuousBernoulli"))
  }

  /// - Parameter logits: log odds.
  public init(logits: Tensor) {
    self.init(Chance(logits: logits, of: "ContinuousBernoulli"))
  }

  private init(_ chance: Chance) {
    self.chance = chance
    batchShape = chance.given.shape
  }

  public var probs: Tensor { chance.probs }
  public var logits: Tensor { chance.logits }

  public func logProb(_ value: Tensor) -> Tensor {
    let logits = logits
    let isOutside = (value .< 0) .|| (value .> 1)
    // For positive logits from the other end, where the large terms are not.
    let density = minimum(logits, 0) * value - maximum(logits, 0) * (1 - value)
    let x = `where`(isOutside, 0, density)
    return overBatch(`where`(isOutside, logZero, x - logExpm1Ratio(-abs(logits))))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    icdf(key.uniform(shape + batchShape, dtype: drawDType([chance.given], dtype)))
  }

  public func expanded(to batchShape: Shape) -> ContinuousBernoulli {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// 1 / (1 − exp(−logits)) − 1 / logits.
  public var mean: Tensor { logExpm1RatioSlope(logits).broadcast(to: batchShape) }
  public var variance: Tensor { logExpm1RatioBend(logits).broadcast(to: batchShape) }
  public var entropy: Tensor {
    let size = abs(logits)
    return (logExpm1Ratio(-size) + size * logExpm1RatioSlope(-size)).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    let logits = logits
    return overBatch(
      cdfOnUnitInterval(value) { x in
        x * exp(logExpm1Ratio(logits * x) - logExpm1Ratio(logits))
      })
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(continuousBernoulliQuantile(logits, probability))
  }
}
