/// The uniform distribution between two bounds, both of which belong to it.
///
/// log p(x) = −log(high − low), for low ≤ x ≤ high
public struct Uniform: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let low: Tensor
  public let high: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .interval(low, high) }
  public var parameters: [Parameter] {
    [Parameter("low", low, .real), Parameter("high", high, .greaterThan(low))]
  }

  /// - Parameter high: above `low`.
  public init(_ low: Tensor, _ high: Tensor) {
    requireParameter(low, .real, "Uniform", "low")
    requireParameter(high, .real, "Uniform", "high")
    self.low = low
    self.high = high
    batchShape = Distributions.batchShape(of: "Uniform", [("low", low), ("high", high)])
    if low.literalScalar != nil {
      requireParameter(high, .greaterThan(low), "Uniform", "high")
    } else if low.isGiven && high.isGiven {
      precondition(
        (high .> low).all().scalar() == 1,
        "Uniform: high must be greater than low, got \(high) and \(low)")
    }
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let isOutside = (value .< low) .|| (value .> high)
    // Zero times the value, so that NaN stays.
    return overBatch(`where`(isOutside, logZero, 0 * value - log(high - low)))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let u = key.uniform(shape + batchShape, dtype: drawDType([low, high], dtype))
    return quantile(u)
  }

  /// low + p (high − low), which rounding must not take beyond `high`.
  private func quantile(_ p: Tensor) -> Tensor {
    let x = low + p * (high - low)
    return `where`(x .> high, high, x)
  }

  public func expanded(to batchShape: Shape) -> Uniform {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { (0.5 * low + 0.5 * high).broadcast(to: batchShape) }
  /// (high − low)² / 12.
  public var variance: Tensor { (square(high - low) / 12).broadcast(to: batchShape) }
  /// log(high − low).
  public var entropy: Tensor { log(high - low).broadcast(to: batchShape) }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(clamp((value - low) / (high - low), 0, 1))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, quantile(probability)))
  }
}
