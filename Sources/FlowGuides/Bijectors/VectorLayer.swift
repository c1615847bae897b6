internal import PPL

/// A bijector of vectors of a given length.
protocol VectorLayer: Bijector {
  /// The number of elements of a point.
  var dimension: Int { get }
}

extension VectorLayer {
  public var eventRank: Int { 1 }

  public func forwardShape(_ shape: Shape) -> Shape {
    checkEvent(shape, [dimension], "\(Self.self)")
    return shape
  }

  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

  /// Stops the program unless the vectors have that length; one of a single element would be repeated.
  func checkLength(of x: Tensor) { _ = forwardShape(x.shape) }
}

/// Stops the program unless a point has the shape that a layer was made for.
func checkEvent(_ shape: Shape, _ event: Shape, _ layer: @autoclosure () -> String) {
  precondition(
    shape.rank >= event.rank && Shape(shape.suffix(event.rank)) == event,
    "\(layer()): expected points of shape \(event), got a tensor of shape \(shape)")
}
