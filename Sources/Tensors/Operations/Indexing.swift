internal import CTensorKernels

/// An array seen as outer × axis × inner.
struct AxisExtents {
  let outer: Int
  let extent: Int
  let inner: Int

  init(_ shape: Shape, _ axis: Int) {
    outer = shape[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }
}

/// Moves elements along one axis as an int64 tensor of positions says. `gather` and `scatterAdd`
/// share one vector of positions between all rows; `takeAlong` and `putAlong` have one for each
/// element. Gather and scatter are each other's derivatives, and so are take and put.
final class IndexOperation: ArrayOperation {
  enum Kind: Int {
    case gather, scatterAdd, takeAlong, putAlong
  }

  private let kind: Kind
  private let axis: Int
  /// The extent of the axis in the result.
  private let extent: Int
  var name: String { "\(kind)" }

  init(_ kind: Kind, axis: Int, extent: Int) {
    self.kind = kind
    self.axis = axis
    self.extent = extent
  }

  func encodeAttributes(into key: inout [Int]) { key += [kind.rawValue, axis, extent] }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let source = AxisExtents(operands[0].shape, axis)
    let isReading = kind == .gather || kind == .takeAlong
    let descriptor = ctk_gather_desc(
      outer: Int64(source.outer), reduced: Int64(isReading ? source.extent : extent),
      inner: Int64(source.inner), n: Int64(isReading ? extent : source.extent))
    let code = dtype.kernelCode
    let function =
      switch kind {
      case .gather: ctk_gather(code)
      case .scatterAdd: ctk_scatter_add(code)
      case .takeAlong: ctk_take_along(code)
      case .putAlong: ctk_put_along(code)
      }
    return ArrayInstruction(function, descriptor, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let inverse: Kind =
      switch kind {
      case .gather: .scatterAdd
      case .scatterAdd: .gather
      case .takeAlong: .putAlong
      case .putAlong: .takeAlong
      }
    let operation = IndexOperation(inverse, axis: axis, extent: inputs[0].shape[axis])
    return [cotangent.with(operation(ct, inputs[1])), nil]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let inner = IndexOperation(kind, axis: axis + 1, extent: extent)
    if kind == .gather || kind == .scatterAdd, !isBatched[1] { return inner(inputs[0], inputs[1]) }
    if kind == .gather, !isBatched[0] { return gatheredOnce(inputs[0], inputs[1], size) }
    let x = isBatched[0] ? inputs[0] : inputs[0].broadcast(to: [size] + inputs[0].shape)
    switch kind {
    case .takeAlong, .putAlong:
      let indices = isBatched[1] ? inputs[1] : inputs[1].broadcast(to: [size] + inputs[1].shape)
      return inner(x, indices)
    case .gather, .scatterAdd:
      // Every row now has positions of its own.
      var shape = x.shape
      shape[axis + 1] = inputs[1].shape[1]
      var aligned: Shape = [size]
      for position in 1..<x.rank { aligned.append(position == axis + 1 ? inputs[1].shape[1] : 1) }
      let indices = inputs[1].reshaped(to: aligned).broadcast(to: shape)
      let each: Kind = kind == .gather ? .takeAlong : .putAlong
      return IndexOperation(each, axis: axis + 1, extent: extent)(x, indices)
    }
  }

  /// Rows of one table at the positions of all members of the batch, looked up together.
  private func gatheredOnce(_ x: Tensor, _ indices: Tensor, _ size: Int) -> Tensor {
    let all = IndexOperation(.gather, axis: axis, extent: size * extent)(x, indices.flattened())
    let dims = Array(x.shape)
    let split = all.reshaped(to: Shape(dims[..<axis] + [size, extent] + dims[(axis + 1)...]))
    if axis == 0 { return split }
    let others = (0..<split.rank).filter { $0 != axis }
    return split.transposed(to: [axis] + others)
  }

  func callAsFunction(_ x: Tensor, _ indices: Tensor) -> Tensor {
    var shape = x.shape
    shape[axis] = extent
    return Tensor(Node(self, x.node, indices.node, shape: shape, dtype: x.dtype))
  }
}

extension Tensor {
  /// The entries of an axis at the given positions, NumPy's `take`.
  ///
  /// The axes of `indices` take the place of the axis. Positions are whole numbers, also as floats,
  /// which draws are. Negative ones count from the end. Traps where one that is given is out of range,
  /// or not whole; one that turns out to be gives NaN, or 0 where there is none.
  public func gathered(_ indices: Tensor, along axis: Int = 0) -> Tensor {
    let axis = shape.normalized(axis: axis, "gathered")
    let flat = indices.positions("gathered", in: shape[axis]).flattened()
    let result = IndexOperation(.gather, axis: axis, extent: flat.count)(self, flat)
    let dims = Array(shape)
    return result.reshaped(to: Shape(dims[..<axis] + Array(indices.shape) + dims[(axis + 1)...]))
  }

  /// Zeros, `extent` long along the axis, to which entry j of this tensor's axis is added at
  /// position `indices[j]`: the sum where a position occurs more than once.
  ///
  /// `indices` is a vector; positions out of range are left out.
  public func scatterAdded(_ indices: Tensor, along axis: Int = 0, extent: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "scatterAdded")
    precondition(
      indices.rank == 1 && indices.count == shape[axis],
      "scatterAdded: \(indices.shape) positions for an axis of extent \(shape[axis])")
    return IndexOperation(.scatterAdd, axis: axis, extent: extent)(
      self, indices.positions("scatterAdded"))
  }

  /// Element j along the axis is the element at position `indices[…, j, …]` of the same row,
  /// NumPy's `take_along_axis`. The other axes of `indices` and of this tensor broadcast.
  public func takeAlong(_ indices: Tensor, axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "takeAlong")
    let (values, positions) = alignedRows(indices, axis, "takeAlong")
    return IndexOperation(.takeAlong, axis: axis, extent: positions.shape[axis])(values, positions)
  }

  /// Zeros, `extent` long along the axis, to which each element is added at the position that
  /// `indices`, of this tensor's shape, says: the transpose of `takeAlong`.
  public func putAlong(_ indices: Tensor, axis: Int = -1, extent: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "putAlong")
    let (values, positions) = alignedRows(indices, axis, "putAlong")
    precondition(
      values.shape == positions.shape,
      "putAlong: positions of shape \(indices.shape) for values of shape \(shape)")
    return IndexOperation(.putAlong, axis: axis, extent: extent)(values, positions)
  }

  /// The entries of the first axis at the given positions, or those where a mask is true.
  ///
  ///     let z = sample("z", Categorical(probs: weights))
  ///     sample("x", Normal(means[z], 1), observed: data)
  ///
  /// The shape of the result depends on a mask's value, which is therefore read here.
  public subscript(_ indices: Tensor) -> Tensor {
    guard indices.dtype == .bool else { return gathered(indices) }
    precondition(
      indices.rank == 1 && rank > 0 && indices.count == shape[0],
      "subscript: a mask of shape \(indices.shape) for a tensor of shape \(shape)")
    return gathered(indices.truePositions())
  }

  /// The positions at which a mask of one axis is true. Reads its value.
  public func truePositions() -> Tensor {
    let mask = boolArray()
    return Tensor(mask.indices.filter { mask[$0] })
  }

  /// As int64. Draws of whole numbers are floats: these are positions too, but any other number is
  /// out of range, or an error where it is there to be seen.
  ///
  /// - Parameter extent: of the axis, where positions that are given must be in it.
  fileprivate func positions(_ name: StaticString, in extent: Int? = nil) -> Tensor {
    precondition(
      dtype == .int64 || dtype.isFloat,
      "\(name): expected whole numbers as positions, got a tensor of dtype \(dtype)")
    if isGiven { requirePositions(name, in: extent) }
    if dtype == .int64 { return self }
    let nowhere = 1e18
    return `where`(floor(self) .== self, self, Tensor(floatLiteral: nowhere)).cast(to: .int64)
  }

  /// Traps where one of these numbers is no position, of an axis whose extent is given.
  private func requirePositions(_ name: StaticString, in extent: Int?) {
    // Whole numbers of any size are positions where no extent limits them.
    if extent == nil && dtype == .int64 { return }
    let limit = extent.map(Double.init) ?? .infinity
    for (element, position) in array().enumerated() {
      var shown: String { Int(exactly: position).map { "\($0)" } ?? "\(position)" }
      precondition(
        position.rounded() == position,
        """
        \(name): position \(shown), element \(element) of the index, is no whole number; round it, or \
        cast the index to int64
        """)
      precondition(
        extent == nil || position >= -limit && position < limit,
        """
        \(name): position \(shown), element \(element) of the index, is out of range for an axis of \
        \(extent ?? 0); positions count from 0
        """)
    }
  }

  /// This tensor and positions, broadcast against each other in all axes but one.
  private func alignedRows(
    _ indices: Tensor, _ axis: Int, _ name: StaticString
  ) -> (Tensor, Tensor) {
    let positions = indices.positions(name)
    var (left, right) = (shape, indices.shape)
    precondition(
      left.rank == right.rank,
      "\(name): positions of shape \(right) for a tensor of shape \(left)")
    let (extent, count) = (left[axis], right[axis])
    left[axis] = 1
    right[axis] = 1
    guard var common = left.broadcast(with: right) else {
      preconditionFailure(
        "\(name): positions of shape \(indices.shape) for a tensor of shape \(shape)")
    }
    common[axis] = extent
    let values = broadcast(to: common)
    common[axis] = count
    return (values, positions.broadcast(to: common))
  }
}

/// Ones at the given positions of a new last axis of extent `count`, zeros elsewhere.
///
/// A position outside 0 ..< count gives a row of zeros.
public func oneHot(_ indices: Tensor, count: Int, dtype: DType = .float64) -> Tensor {
  let positions = indices.positions("oneHot").expandingDims(at: -1)
  return (positions .== Tensor.arange(count)).cast(to: dtype)
}
