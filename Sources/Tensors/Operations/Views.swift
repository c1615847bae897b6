/// The same elements, in order, under another shape.
final class ReshapeOperation: ViewOperation {
  static let shared = ReshapeOperation()
  let name = "reshape"

  func apply(to view: View, shape: Shape) -> View? {
    if view.isContiguous {
      var result = View(contiguous: shape)
      result.offset = view.offset
      return result
    }
    if view.isUniform {
      return View(
        shape: shape, strides: [Int](repeating: 0, count: shape.rank), offset: view.offset)
    }
    return insertingOnes(view, shape)
  }

  /// A strided view survives a reshape that only adds or drops axes of extent one.
  private func insertingOnes(_ view: View, _ shape: Shape) -> View? {
    let old = (0..<view.shape.rank).filter { view.shape[$0] != 1 }
    let new = (0..<shape.rank).filter { shape[$0] != 1 }
    guard old.map({ view.shape[$0] }) == new.map({ shape[$0] }) else { return nil }
    var strides = [Int](repeating: 0, count: shape.rank)
    for (from, to) in zip(old, new) { strides[to] = view.strides[from] }
    return View(shape: shape, strides: strides, offset: view.offset)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    [
      cotangent.with(
        cotangent.tensor.broadcast(to: result.shape).reshaped(to: inputs[0].shape))
    ]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].reshaped(to: [size] + original.shape)
  }
}

extension Tensor {
  /// The same elements, in row-major order, as a tensor of another shape.
  public func reshaped(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    precondition(
      shape.elementCount == count,
      "reshape: \(self.shape) has \(count) elements, \(shape) has \(shape.elementCount)")
    return Tensor(
      Node(ReshapeOperation.shared, node, shape: shape, dtype: dtype, isWeak: node.isWeak))
  }

  /// The elements as a vector.
  public func flattened() -> Tensor { reshaped(to: [count]) }

  /// A new axis of extent one, placed before the given one; `rank` or −1 appends it.
  public func expandingDims(at axis: Int) -> Tensor {
    let position = axis < 0 ? axis + rank + 1 : axis
    precondition(
      position >= 0 && position <= rank, "expandingDims: axis \(axis) for the shape \(shape)")
    return reshaped(to: shape.inserting(1, at: position))
  }

  /// Without the given axis, whose extent must be one.
  public func squeezing(at axis: Int) -> Tensor {
    let position = shape.normalized(axis: axis, "squeezing")
    precondition(shape[position] == 1, "squeezing: axis \(axis) of \(shape) is not of extent one")
    return reshaped(to: shape.removing(at: position))
  }
}

/// The same elements repeated along new axes and axes of extent one.
final class BroadcastOperation: ViewOperation {
  static let shared = BroadcastOperation()
  let name = "broadcast"

  func apply(to view: View, shape: Shape) -> View? { view.broadcast(to: shape) }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    [cotangent.summed(from: result.shape, to: inputs[0].shape)]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    alignBatch(inputs, isBatched, original.shape.rank)[0].broadcast(to: [size] + original.shape)
  }
}

extension Tensor {
  /// The tensor read as one of a larger shape, NumPy's `broadcast_to`.
  public func broadcast(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    precondition(
      self.shape.broadcasts(to: shape),
      "broadcast: a tensor of shape \(self.shape) does not broadcast to \(shape)")
    return Tensor(
      Node(BroadcastOperation.shared, node, shape: shape, dtype: dtype, isWeak: node.isWeak))
  }
}

extension Cotangent {
  /// Adds up what belongs to one element of `target` from a cotangent that stands for `full`.
  ///
  /// An axis along which this cotangent is constant (extent one) counts its extent in `full`.
  func summed(from full: Shape, to target: Shape) -> Cotangent {
    let own = tensor.shape
    if full == target { return self }
    let shift = full.rank - target.rank
    let ownShift = full.rank - own.rank
    var axes: Set<Int> = []
    var repeats = 1
    for axis in 0..<full.rank where full[axis] != 1 {
      guard axis < shift || target[axis - shift] == 1 else { continue }
      if axis >= ownShift && own[axis - ownShift] != 1 {
        axes.insert(axis - ownShift)
      } else {
        repeats *= full[axis]
      }
    }
    var result = tensor
    if !axes.isEmpty { result = result.sum(axes: Array(axes), keepingAxes: true) }
    if repeats != 1 { result = result * Double(repeats) }
    // Axes before the target's all have extent one now.
    let excess = result.rank - target.rank
    if excess > 0 { result = result.reshaped(to: Shape(result.shape.dropFirst(excess))) }
    return with(result)
  }
}

/// The axes in another order.
final class PermuteOperation: ViewOperation {
  let name = "transpose"
  private let order: [Int]

  init(_ order: [Int]) { self.order = order }

  func encodeAttributes(into key: inout [Int]) { key += order }

  func apply(to view: View, shape: Shape) -> View? {
    View(shape: shape, strides: order.map { view.strides[$0] }, offset: view.offset)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    var inverse = order
    for (to, from) in order.enumerated() { inverse[from] = to }
    let full = cotangent.tensor.broadcast(to: result.shape)
    return [cotangent.with(full.transposed(to: inverse))]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].transposed(to: [0] + order.map { $0 + 1 })
  }
}

extension Tensor {
  /// Axis `order[i]` of this tensor becomes axis i.
  public func transposed(to order: [Int]) -> Tensor {
    let order = order.map { shape.normalized(axis: $0, "transposed") }
    precondition(
      order.sorted() == Array(0..<rank), "transposed: \(order) does not name each axis of \(shape)")
    if order == Array(0..<rank) { return self }
    return Tensor(
      Node(
        PermuteOperation(order), node, shape: Shape(order.map { shape[$0] }), dtype: dtype,
        isWeak: node.isWeak))
  }

  /// The last two axes exchanged: each matrix transposed.
  public func transposed() -> Tensor {
    precondition(rank >= 2, "transposed: expected a matrix, got the shape \(shape)")
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    return transposed(to: order)
  }
}

/// Every `step`-th element along one axis; a negative step reads backwards.
final class SliceOperation: ViewOperation {
  let name = "slice"
  private let axis: Int
  private let start: Int
  private let step: Int

  init(axis: Int, start: Int, step: Int) {
    self.axis = axis
    self.start = start
    self.step = step
  }

  func encodeAttributes(into key: inout [Int]) { key += [axis, start, step] }

  func apply(to view: View, shape: Shape) -> View? {
    var result = View(shape: shape, strides: view.strides, offset: view.offset)
    result.offset += start * view.strides[axis]
    result.strides[axis] *= step
    return result
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let full = cotangent.tensor.broadcast(to: result.shape)
    let shape = inputs[0].shape
    if step == -1 && result.shape[axis] == shape[axis] {
      return [cotangent.with(full.flipped(along: axis))]
    }
    let unsliced = full.placed(
      along: axis, in: shape[axis], start: start, step: step)
    return [cotangent.with(unsliced)]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].sliced(
      along: axis + 1, start: start, count: original.shape[axis], step: step)
  }
}

extension Tensor {
  /// `count` elements along an axis, the first at `start`, each `step` after the last.
  package func sliced(along axis: Int, start: Int, count: Int, step: Int = 1) -> Tensor {
    let axis = shape.normalized(axis: axis, "slice")
    if start == 0 && step == 1 && count == shape[axis] { return self }
    let last = start + (count - 1) * step
    precondition(
      count >= 0
        && (count == 0 || (Swift.min(start, last) >= 0 && Swift.max(start, last) < shape[axis])),
      "slice: elements \(start)…\(last) of an axis of extent \(shape[axis])")
    var result = shape
    result[axis] = count
    return Tensor(
      Node(
        SliceOperation(axis: axis, start: start, step: step), node, shape: result, dtype: dtype,
        isWeak: node.isWeak))
  }

  /// The part of an axis between two bounds, every `stride`-th element of it.
  public func slice(_ bounds: Range<Int>, along axis: Int = 0, stride: Int = 1) -> Tensor {
    precondition(stride > 0, "slice: a stride of \(stride); use flipped(along:) to reverse")
    return sliced(
      along: axis, start: bounds.lowerBound, count: (bounds.count + stride - 1) / stride,
      step: stride)
  }

  /// The elements in reverse order along an axis.
  public func flipped(along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "flipped")
    guard shape[axis] > 1 else { return self }
    return sliced(along: axis, start: shape[axis] - 1, count: shape[axis], step: -1)
  }

  /// Entry `index` of the first axis (negative: from the end).
  public subscript(_ index: Int) -> Tensor { selecting(index, along: 0) }

  /// The given range of the first axis.
  public subscript(_ bounds: Range<Int>) -> Tensor { slice(bounds, along: 0) }

  /// Entry `index` of an axis, which the result does not have.
  public func selecting(_ index: Int, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "subscript")
    let position = index < 0 ? index + shape[axis] : index
    precondition(
      position >= 0 && position < shape[axis],
      "subscript: index \(index) of an axis of extent \(shape[axis])")
    return sliced(along: axis, start: position, count: 1).squeezing(at: axis)
  }

  /// The tensor cut into parts of the given extents along an axis.
  public func split(_ counts: [Int], along axis: Int = -1) -> [Tensor] {
    let axis = shape.normalized(axis: axis, "split")
    precondition(
      counts.reduce(0, +) == shape[axis],
      "split: parts of \(counts) of an axis of extent \(shape[axis])")
    var start = 0
    return counts.map { count in
      defer { start += count }
      return sliced(along: axis, start: start, count: count)
    }
  }
}
