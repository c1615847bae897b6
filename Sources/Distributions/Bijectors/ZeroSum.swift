/// Arrays with one element less along each of `axes` inner axes onto those whose sums along these
/// axes are 0, without stretching: distances, and so volumes, stay as they are.
public struct ZeroSum: Bijector, Equatable {
  private let axes: Int

  public init(axes: Int = 1) {
    precondition(axes > 0, "ZeroSum: at least one axis, got \(axes)")
    self.axes = axes
  }

  public var eventRank: Int { axes }
  public var codomain: Constraint { .zeroSum(axes: axes) }
  public var isVolumePreserving: Bool { true }
  public func forwardShape(_ shape: Shape) -> Shape { moved(shape, by: 1) }
  public func inverseShape(_ shape: Shape) -> Shape { moved(shape, by: -1) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (inner.reduce(x) { Self.extended($0, along: $1) }, zeros(x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (inner.reduce(y) { Self.shortened($0, along: $1) }, zeros(y))
  }

  /// A reflection turns the direction of the last axis into that of equal elements; the vectors
  /// without a last element turn into those of sum zero.
  private static func extended(_ x: Tensor, along axis: Int) -> Tensor {
    let root = Double(x.shape[x.rank + axis] + 1).squareRoot()
    let sum = x.sum(axis: axis, keepingAxes: true)
    return concat([x - sum / (root * (root + 1)), -sum / root], along: axis)
  }

  private static func shortened(_ y: Tensor, along axis: Int) -> Tensor {
    let count = y.shape[y.rank + axis] - 1
    let root = Double(count + 1).squareRoot()
    let last = y.slice(count..<count + 1, along: axis)
    return y.slice(0..<count, along: axis) - last / (root + 1)
  }

  private var inner: [Int] { (1...axes).map { -$0 } }

  private func moved(_ shape: Shape, by change: Int) -> Shape {
    precondition(
      shape.rank >= axes && shape.suffix(axes).allSatisfy { $0 + change > 0 },
      "ZeroSum: \(axes) axes of the shape \(shape)")
    return Shape(shape.dropLast(axes)) + Shape(shape.suffix(axes).map { $0 + change })
  }

  private func zeros(_ x: Tensor) -> Tensor {
    Tensor.zeros(Shape(x.shape.dropLast(axes)), dtype: x.dtype)
  }
}
