/// The distribution of |x| for a Cauchy-distributed x around 0.
///
/// log p(x) = log (2 / (π scale)) − log(1 + (x / scale)²), for x ≥ 0
public struct HalfCauchy: Distribution {
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

  /// By inversion: scale · tan(π u / 2).
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let u = key.uniform(shape + batchShape, dtype: drawDType([scale], dtype))
    return scale * tan(u * (Double.pi / 2))
  }

  public func expanded(to batchShape: Shape) -> HalfCauchy {
    var result = self
    result.batchShape = batchShape
    return result
  }
}

private let log2OverPi: Tensor = -0.451582705289454864726195229894882143571
