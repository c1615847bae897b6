/// All mass at one point, with a log density of one's choice there.
public struct Delta: MomentDistribution {
  public let value: Tensor
  public let logDensity: Tensor
  public let eventRank: Int
  public private(set) var batchShape: Shape
  public var eventShape: Shape { Shape(value.shape.suffix(eventRank)) }
  public var support: Constraint { .real.independent(eventRank) }
  public var parameters: [Parameter] {
    [
      Parameter("value", value, support), Parameter("logDensity", logDensity, .real),
    ]
  }

  /// - Parameters:
  ///   - logDensity: what `logProb` returns at the point.
  ///   - eventRank: how many inner axes make up one point.
  public init(_ value: Tensor, logDensity: Tensor = 0, eventRank: Int = 0) {
    precondition(
      eventRank <= value.rank, "Delta: eventRank \(eventRank) for a value of shape \(value.shape)")
    self.value = value
    self.logDensity = logDensity
    self.eventRank = eventRank
    batchShape = Shape(value.shape.dropLast(eventRank))
  }

  public func logProb(_ value: Tensor) -> Tensor {
    var isEqual = value .== self.value
    if eventRank > 0 { isEqual = isEqual.all(axes: (1...eventRank).map { -$0 }) }
    return overBatch(`where`(isEqual, logDensity, logZero))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    value.broadcast(to: shape + batchShape + eventShape)
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    (sample(shape, key: key, dtype: dtype), logDensity)
  }

  /// There is no other point with a density.
  public func sampleWithScore(
    _ shape: Shape, key: RandomKey, dtype: DType
  ) -> (value: Tensor, logProb: Tensor, score: Tensor) {
    let value = sample(shape, key: key, dtype: dtype)
    return (value, logDensity, Tensor.zeros(value.shape, dtype: value.dtype))
  }

  public var mean: Tensor { value.broadcast(to: batchShape + eventShape) }
  public var variance: Tensor { Tensor.zeros(batchShape + eventShape, dtype: value.dtype) }

  public func expanded(to batchShape: Shape) -> Delta {
    var result = self
    result.batchShape = batchShape
    return result
  }
}
