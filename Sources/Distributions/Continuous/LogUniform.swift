/// Numbers between `low` and `high` whose logarithms are uniformly distributed.
///
/// log p(x) = −log x − log log(high / low), for low ≤ x ≤ high
public struct LogUniform: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let low: Tensor
  public let high: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .interval(low, high) }
  public var parameters: [Parameter] {
    [Parameter("low", low, .positive), Parameter("high", high, .greaterThan(low))]
  }

  /// - Parameters:
  ///   - low: positive.
  ///   - high: greater than `low`.
  public init(_ low: Tensor, _ high: Tensor) {
    requireParameter(low, .positive, "LogUniform", "low")
    requireParameter(high, .greaterThan(low), "LogUniform", "high")
    self.low = low
    self.high = high
    batchShape = Distributions.batchShape(of: "LogUniform", [("low", low), ("high", high)])
  }

  /// log(high / low), accurate near 0.
  private var width: Tensor { log1p((high - low) / low) }

  public func logProb(_ value: Tensor) -> Tensor {
    let isOutside = (value .< low) .|| (value .> high)
    let x = `where`(isOutside, low, value)
    return overBatch(`where`(isOutside, logZero, -(log(x) + log(width))))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let u = key.uniform(shape + batchShape, dtype: drawDType([low, high], dtype))
    return minimum(maximum(quantile(u), low), high)
  }

  private func quantile(_ p: Tensor) -> Tensor { low * exp(p * width) }

  public func expanded(to batchShape: Shape) -> LogUniform {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// (high − low) / log(high / low).
  public var mean: Tensor { (low * exp(logExpm1Ratio(width))).broadcast(to: batchShape) }
  /// (high² − low²) / (2 log(high / low)) − mean².
  public var variance: Tensor {
    let first = logExpm1Ratio(width)
    let excess = logExpm1Ratio(2 * width) - 2 * first
    return (square(low * exp(first)) * expm1(excess)).broadcast(to: batchShape)
  }
  /// log log(high / low) + ½ log(low · high).
  public var entropy: Tensor {
    (log(width) + oneHalf * (log(low) + log(high))).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    let x = minimum(maximum(value, low), high)
    return overBatch(log1p((x - low) / low) / width)
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, quantile(probability)))
  }
}
