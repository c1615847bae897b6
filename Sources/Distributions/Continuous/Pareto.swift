/// The Pareto distribution: numbers from `scale` on whose logarithms are exponentially distributed.
///
/// log p(x) = log alpha + alpha log scale − (alpha + 1) log x, for x ≥ scale
public struct Pareto: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let scale: Tensor
  public let alpha: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .atLeast(scale) }
  public var parameters: [Parameter] {
    [Parameter("scale", scale, .positive), Parameter("alpha", alpha, .positive)]
  }

  /// - Parameters:
  ///   - scale: positive; the least value.
  ///   - alpha: positive; the exponent of the tail.
  public init(_ scale: Tensor, _ alpha: Tensor) {
    requireParameter(scale, .positive, "Pareto", "scale")
    requireParameter(alpha, .positive, "Pareto", "alpha")
    self.scale = scale
    self.alpha = alpha
    batchShape = Distributions.batchShape(of: "Pareto", [("scale", scale), ("alpha", alpha)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(inside(value, below: logZero) { x in log(alpha / x) - alpha * logExcess(x) })
  }

  /// log(x / scale), accurate near 0.
  private func logExcess(_ x: Tensor) -> Tensor { log1p((x - scale) / scale) }

  /// A function of values in the support.
  private func inside(
    _ value: Tensor, below: Tensor, _ function: (Tensor) -> Tensor
  ) -> Tensor {
    let isOutside = value .< scale
    return `where`(isOutside, below, function(`where`(isOutside, scale, value)))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let u = key.uniform(shape + batchShape, dtype: drawDType([scale, alpha], dtype))
    return (scale * exp(-log(u) / alpha)).keptPositive()
  }

  public func expanded(to batchShape: Shape) -> Pareto {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// alpha · scale / (alpha − 1), infinite for alpha ≤ 1.
  public var mean: Tensor {
    `where`(alpha .> 1, scale * (alpha / (alpha - 1)), .infinite).broadcast(to: batchShape)
  }
  /// scale² alpha / ((alpha − 1)² (alpha − 2)), infinite for alpha ≤ 2.
  public var variance: Tensor {
    let finite = square(scale / (alpha - 1)) * (alpha / (alpha - 2))
    return `where`(alpha .> 2, finite, .infinite).broadcast(to: batchShape)
  }
  /// log(scale / alpha) + 1 + 1 / alpha.
  public var entropy: Tensor {
    (log(scale / alpha) + (1 + 1 / alpha)).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(inside(value, below: 0) { -expm1(-alpha * logExcess($0)) })
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, scale * exp(-log1p(-probability) / alpha)))
  }
}
