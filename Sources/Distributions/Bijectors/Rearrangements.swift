/// The elements of vectors in another order: yᵢ = x at `permutation[i]`.
public struct Permute: Bijector, Equatable {
  private let order: [Int]
  private let inverseOrder: [Int]

  /// - Parameter permutation: each of 0 ..< count once.
  public init(_ permutation: [Int]) {
    precondition(
      permutation.sorted() == Array(permutation.indices),
      "Permute: \(permutation) is no permutation")
    order = permutation
    inverseOrder = permutation.indices.sorted { permutation[$0] < permutation[$1] }
  }

  public var eventRank: Int { 1 }
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (x.gathered(positions(order, x.shape), along: -1), zeroLogDet(of: x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (y.gathered(positions(inverseOrder, y.shape), along: -1), zeroLogDet(of: y))
  }

  private func positions(_ order: [Int], _ shape: Shape) -> Tensor {
    precondition(
      shape.last("Permute") == order.count,
      "Permute: a shape of \(shape) for \(order.count) elements")
    return Tensor(order)
  }
}

/// The elements of arrays of one shape as arrays of another, in row-major order.
public struct Reshape: Bijector, Equatable {
  private let from: Shape
  private let to: Shape

  /// - Parameters:
  ///   - from: the shape of a point, without the batch.
  ///   - to: the shape of a value, of as many elements.
  public init(from: Shape, to: Shape) {
    precondition(
      from.elementCount == to.elementCount,
      "Reshape: \(from) and \(to) have different numbers of elements")
    self.from = from
    self.to = to
  }

  public var eventRank: Int { from.rank }
  public var valueRank: Int { to.rank }
  public var isAutoregressive: Bool { true }
  public var isVolumePreserving: Bool { true }
  public func forwardShape(_ shape: Shape) -> Shape { batch(shape, from) + to }
  public func inverseShape(_ shape: Shape) -> Shape { batch(shape, to) + from }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let outer = batch(x.shape, from)
    return (x.reshaped(to: outer + to), Tensor.zeros(outer, dtype: x.dtype))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let outer = batch(y.shape, to)
    return (y.reshaped(to: outer + from), Tensor.zeros(outer, dtype: y.dtype))
  }

  private func batch(_ shape: Shape, _ event: Shape) -> Shape {
    precondition(
      shape.rank >= event.rank && Shape(shape.suffix(event.rank)) == event,
      "Reshape: expected events of shape \(event), got \(shape)")
    return Shape(shape.dropLast(event.rank))
  }
}
