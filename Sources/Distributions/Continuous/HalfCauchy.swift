/// The distribution of |x| for a Cauchy-distributed x around 0.
///
/// log p(x) = log (2 / (π scale)) − log(1 + (x / scale)²), for x ≥ 0. Mean and variance are
/// infinite.
public struct HalfCauchy: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let scale: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .nonNegative }
  public var parameters: [Parameter] { [Parameter("scale", scale, .positive)] }

  /// - Parameter scale: positive.
  public init(_ scale: Tensor) {
    requireParameter(scale, .positive, "HalfCauchy", "scale")
    self.scale = scale
    batchShape = scale.shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    // log 2/π + log scale − log(x² + scale²); the hypotenuse does not overflow where squares do.
    let density = log2OverPi + log(scale) - 2 * log(hypot(value, scale))
    return overBatch(`where`(value .< 0, logZero, density))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    scale * standardQuantile(key.uniform(shape + batchShape, dtype: drawDType([scale], dtype)))
  }

  /// tan(π p / 2), in the upper half from the tangent of the rest, which is not near its pole.
  private func standardQuantile(_ p: Tensor) -> Tensor {
    `where`(p .> 0.5, 1 / tan(halfPi * (1 - p)), tan(halfPi * p))
  }

  public func expanded(to batchShape: Shape) -> HalfCauchy {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor {
    Tensor(.infinity, dtype: drawDType([scale], .float64)).broadcast(to: batchShape)
  }
  public var variance: Tensor { mean }
  /// log(2π scale).
  public var entropy: Tensor { (log(scale) + log2Pi).broadcast(to: batchShape) }

  /// 2/π · atan(x / scale).
  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(`where`(value .< 0, 0, atan(value / scale) / halfPi))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, scale * standardQuantile(probability)))
  }
}
