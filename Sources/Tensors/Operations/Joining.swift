internal import CTensorKernels

/// Tensors side by side along an axis. The planner lets their producers write in place.
final class ConcatOperation: Operation {
  let name = "concat"
  let axis: Int

  init(axis: Int) { self.axis = axis }

  func encodeAttributes(into key: inout [Int]) { key.append(axis) }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let full = cotangent.tensor.broadcast(to: result.shape)
    return full.split(inputs.map { $0.shape[axis] }, along: axis).map(cotangent.with)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let parts = zip(inputs, isBatched).map { input, batched in
      batched ? input : input.broadcast(to: [size] + input.shape)
    }
    return concat(parts, along: axis + 1)
  }
}

/// Tensors of equal shape but for one axis, joined along it.
public func concat(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
  precondition(!tensors.isEmpty, "concat: no tensors")
  let shape = tensors[0].shape
  let axis = shape.normalized(axis: axis, "concat")
  if tensors.count == 1 { return tensors[0] }
  var dtype = tensors[0]
  for tensor in tensors.dropFirst() {
    let kind = commonDType(dtype, tensor, "concat")
    dtype = dtype.dtype == kind ? dtype : tensor
  }
  var result = shape
  result[axis] = 0
  for tensor in tensors {
    var expected = tensor.shape
    precondition(
      expected.rank == shape.rank, "concat: shapes \(shape) and \(tensor.shape) along axis \(axis)")
    result[axis] += expected[axis]
    expected[axis] = shape[axis]
    precondition(
      expected == shape, "concat: shapes \(shape) and \(tensor.shape) along axis \(axis)")
  }
  let nodes = tensors.map { $0.operand(as: dtype.dtype).node }
  return Tensor(
    Node(
      ConcatOperation(axis: axis), nodes[0], nodes[1], nodes.count > 2 ? nodes[2] : nil,
      rest: Array(nodes.dropFirst(3)), shape: result, dtype: dtype.dtype,
      isWeak: tensors.allSatisfy { $0.node.isWeak }))
}

/// Tensors of one shape along a new axis.
public func stack(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
  precondition(!tensors.isEmpty, "stack: no tensors")
  let position = axis < 0 ? axis + tensors[0].rank + 1 : axis
  return concat(tensors.map { $0.expandingDims(at: position) }, along: position)
}

/// Elements set into a tensor of zeros along one axis: the transpose of a slice.
final class PlaceOperation: Operation {
  let name = "place"
  let axis: Int
  let start: Int
  let step: Int

  init(axis: Int, start: Int, step: Int) {
    self.axis = axis
    self.start = start
    self.step = step
  }

  func encodeAttributes(into key: inout [Int]) { key += [axis, start, step] }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let full = cotangent.tensor.broadcast(to: result.shape)
    return [
      cotangent.with(
        full.sliced(along: axis, start: start, count: inputs[0].shape[axis], step: step))
    ]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].placed(along: axis + 1, in: original.shape[axis], start: start, step: step)
  }
}

extension Tensor {
  /// A tensor of zeros, `extent` long along the axis, with this one's elements at `start`, …
  package func placed(along axis: Int, in extent: Int, start: Int, step: Int = 1) -> Tensor {
    var result = shape
    result[axis] = extent
    return Tensor(
      Node(
        PlaceOperation(axis: axis, start: start, step: step), node, shape: result, dtype: dtype))
  }

  /// Zeros added before and after the elements along an axis.
  public func padded(before: Int, after: Int, along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "padded")
    precondition(before >= 0 && after >= 0, "padded: by \(before) and \(after)")
    if before == 0 && after == 0 { return self }
    return placed(along: axis, in: before + shape[axis] + after, start: before)
  }
}
