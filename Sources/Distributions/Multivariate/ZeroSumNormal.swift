/// The distribution of independent normal numbers of standard deviation `scale` given that their
/// sums along every axis of the event are 0.
///
/// log p(x) = −½ Σ (x / scale)² − m (log scale + ½ log 2π), with m = Π (extent − 1)
///
/// m is the dimension of the subspace of such arrays, and the density is that of its volume. For
/// effects of groups, which an intercept beside them would leave undetermined.
public struct ZeroSumNormal: MomentDistribution, EntropyDistribution {
  public let scale: Tensor
  public let eventShape: Shape
  public private(set) var batchShape: Shape
  public var support: Constraint { .zeroSum(axes: eventShape.rank) }
  public var parameters: [Parameter] { [Parameter("scale", scale, .positive)] }

  /// - Parameters:
  ///   - scale: positive, of the batch's shape.
  ///   - eventShape: at least one axis, each of at least 2 elements.
  public init(_ scale: Tensor, _ eventShape: Shape) {
    precondition(
      eventShape.rank >= 1 && eventShape.allSatisfy { $0 >= 2 },
      "ZeroSumNormal: events need axes of at least 2 elements, got the shape \(eventShape)")
    requireParameter(scale, .positive, "ZeroSumNormal", "scale")
    self.scale = scale
    self.eventShape = eventShape
    batchShape = scale.shape
  }

  private var axes: [Int] { (1...eventShape.rank).map { -$0 } }
  /// The scale, as a factor of an event.
  private var scaleOfElements: Tensor {
    axes.reduce(scale) { scale, _ in scale.expandingDims(at: -1) }
  }
  /// m.
  private var dimension: Double { Double(eventShape.reduce(1) { $0 * ($1 - 1) }) }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "ZeroSumNormal")
    let distance = square(value / scaleOfElements).sum(axes: axes)
    return supported(
      minusHalf * distance - dimension * (log(scale) + halfLog2Pi), at: value)
  }

  /// Normal numbers less their means along each axis.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let noise = key.normal(shape + batchShape + eventShape, dtype: drawDType([scale], dtype))
    return axes.reduce(scaleOfElements * noise) { value, axis in
      value - value.mean(axis: axis, keepingAxes: true)
    }
  }

  public func expanded(to batchShape: Shape) -> ZeroSumNormal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor {
    Tensor.zeros(batchShape + eventShape, dtype: drawDType([scale], .float64))
  }
  /// scale² Π (1 − 1/extent).
  public var variance: Tensor {
    let share = dimension / Double(eventShape.elementCount)
    return (share * square(scaleOfElements)).broadcast(to: batchShape + eventShape)
  }
  public var entropy: Tensor {
    (dimension * (log(scale) + (halfLog2Pi + 0.5))).broadcast(to: batchShape)
  }
}
