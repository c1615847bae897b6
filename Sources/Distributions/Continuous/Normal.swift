/// The normal distribution with mean `loc` and standard deviation `scale`.
///
/// log p(x) = −½ ((x − loc) / scale)² − log scale − ½ log 2π
public struct Normal: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let loc: Tensor
  public let scale: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .real }
  public var parameters: [Parameter] {
    [Parameter("loc", loc, .real), Parameter("scale", scale, .positive)]
  }

  /// - Parameter scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) {
    requireParameter(scale, .positive, "Normal", "scale")
    requireParameter(loc, .real, "Normal", "loc")
    self.loc = loc
    self.scale = scale
    batchShape = Distributions.batchShape(of: "Normal", [("loc", loc), ("scale", scale)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(logProb(standardized: (value - loc) / scale))
  }

  private func logProb(standardized z: Tensor) -> Tensor {
    minusHalf * square(z) - (log(scale) + halfLog2Pi)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    loc + scale * noise(shape, key, dtype)
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let z = noise(shape, key, dtype)
    return (loc + scale * z, logProb(standardized: z))
  }

  private func noise(_ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    key.normal(shape + batchShape, dtype: drawDType([loc, scale], dtype))
  }

  public func expanded(to batchShape: Shape) -> Normal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { loc.broadcast(to: batchShape) }
  public var variance: Tensor { square(scale).broadcast(to: batchShape) }
  /// ½ log(2πe) + log scale.
  public var entropy: Tensor { (log(scale) + (halfLog2Pi + 0.5)).broadcast(to: batchShape) }

  /// Φ((x − loc) / scale), relatively accurate in the lower tail.
  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(0.5 * erfc((loc - value) / scale * rootHalf))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(loc + scale * normalQuantile(probability))
  }
}
