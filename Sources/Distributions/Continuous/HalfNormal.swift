/// The distribution of |x| for a normal x with mean 0 and standard deviation `scale`.
///
/// log p(x) = ½ log(2/π) − log scale − ½ (x / scale)², for x ≥ 0
public struct HalfNormal: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let scale: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .nonNegative }
  public var parameters: [Parameter] { [Parameter("scale", scale, .positive)] }

  /// - Parameter scale: positive.
  public init(_ scale: Tensor) {
    requireParameter(scale, .positive, "HalfNormal", "scale")
    self.scale = scale
    batchShape = scale.shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let density = minusHalf * square(value / scale) - (log(scale) - halfLog2OverPi)
    return overBatch(`where`(value .< 0, logZero, density))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    scale * abs(key.normal(shape + batchShape, dtype: drawDType([scale], dtype)))
  }

  public func expanded(to batchShape: Shape) -> HalfNormal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// scale · √(2/π).
  public var mean: Tensor {
    (scale * rootTwoOverPi).broadcast(to: batchShape)
  }
  /// scale² (1 − 2/π).
  public var variance: Tensor {
    (square(scale) * 0.363380227632418656924464946509942526).broadcast(to: batchShape)
  }
  /// ½ log(πe/2) + log scale.
  public var entropy: Tensor { (log(scale) + (0.5 - halfLog2OverPi)).broadcast(to: batchShape) }

  /// erf(x / (scale √2)).
  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(`where`(value .< 0, 0, erf(value / scale * rootHalf)))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, scale * (rootTwo * erfInverse(probability))))
  }
}

/// ½ log(2/π).
private let halfLog2OverPi: Tensor = -0.225791352644727432363097614947441071786
