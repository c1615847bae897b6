public import PPL

/// The coordinates of the innermost axis in reverse order.
public struct Reverse: Bijector {
  public init() {}
  public var eventRank: Int { 1 }
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (x.flipped(along: -1), Tensor.zeros(Shape(x.shape.dropLast()), dtype: x.dtype))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (y.flipped(along: -1), Tensor.zeros(Shape(y.shape.dropLast()), dtype: y.dtype))
  }
}
