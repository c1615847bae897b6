internal import CTensorKernels

/// The elements along an axis in ascending order, NaN last.
final class SortOperation: ArrayOperation {
  let name = "sorted"
  private let axis: Int

  init(axis: Int) { self.axis = axis }

  func encodeAttributes(into key: inout [Int]) { key.append(axis) }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands[0].isContiguous else { return nil }
    return ArrayInstruction(
      ctk_sort(dtype.kernelCode), AxisExtents(shape, axis).descriptor, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let origins = inputs[0].argsort(along: axis)
    return [cotangent.with(ct.putAlong(origins, axis: axis, extent: result.shape[axis]))]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].sorted(along: axis + 1)
  }
}

/// The positions of the elements in ascending order, or of the extreme one.
final class PositionOperation: ArrayOperation {
  enum Kind: Int {
    case argsort, argmax, argmin
  }

  private let kind: Kind
  private let axis: Int
  var name: String { "\(kind)" }

  init(_ kind: Kind, axis: Int) {
    self.kind = kind
    self.axis = axis
  }

  func encodeAttributes(into key: inout [Int]) { key += [kind.rawValue, axis] }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands[0].isContiguous else { return nil }
    let code = dtypes[0].kernelCode
    let function =
      switch kind {
      case .argsort: ctk_argsort(code)
      case .argmax: ctk_arg(Int32(CTK_RMAX), code)
      case .argmin: ctk_arg(Int32(CTK_RMIN), code)
      }
    return ArrayInstruction(
      function, AxisExtents(operands[0].shape, axis).descriptor, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [nil] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    PositionOperation(kind, axis: axis + 1)(inputs[0])
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = x.dtype == .bool ? x.cast(to: .int64) : x
    precondition(
      kind == .argsort || x.shape[axis] > 0,
      "\(name): no elements along axis \(axis) of \(x.shape)")
    let shape = kind == .argsort ? x.shape : x.shape.reducing([axis], keepingAxes: false)
    return Tensor(Node(self, x.node, shape: shape, dtype: .int64))
  }
}

/// Where numbers belong in a sorted vector.
final class SearchOperation: ArrayOperation {
  let name = "searchSorted"
  private let right: Bool

  init(right: Bool) { self.right = right }

  func encodeAttributes(into key: inout [Int]) { key.append(right ? 1 : 0) }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let descriptor = ctk_reduce_desc(
      outer: 1, reduced: Int64(operands[0].shape.elementCount), inner: right ? 1 : 0)
    return ArrayInstruction(
      ctk_search_sorted(dtypes[0].kernelCode), descriptor, count: shape.elementCount, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    [nil, nil]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    if !isBatched[0] {
      return Tensor(
        Node(
          self, inputs[0].node, inputs[1].node, shape: [size] + original.shape, dtype: .int64))
    }
    let values = isBatched[1] ? inputs[1] : inputs[1].broadcast(to: [size] + inputs[1].shape)
    let flat = values.reshaped(to: [size, values.count / Swift.max(size, 1)])
    return searchSorted(inputs[0], flat, right: right).reshaped(to: [size] + original.shape)
  }
}

extension Tensor {
  /// The elements along an axis in ascending order, NaN last.
  public func sorted(along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "sorted")
    return Tensor(
      Node(SortOperation(axis: axis), node, shape: shape, dtype: dtype, isWeak: node.isWeak))
  }

  /// The positions (int64) of the elements along an axis in ascending order: equal ones in the
  /// order in which they stand, NaN last.
  public func argsort(along axis: Int = -1) -> Tensor {
    PositionOperation(.argsort, axis: shape.normalized(axis: axis, "argsort"))(self)
  }

  /// The position (int64) of the largest element along an axis: the first of equal ones, or the
  /// first NaN.
  public func argmax(axis: Int = -1) -> Tensor {
    PositionOperation(.argmax, axis: shape.normalized(axis: axis, "argmax"))(self)
  }

  /// The position (int64) of the smallest element along an axis: the first of equal ones, or the
  /// first NaN.
  public func argmin(axis: Int = -1) -> Tensor {
    PositionOperation(.argmin, axis: shape.normalized(axis: axis, "argmin"))(self)
  }

  /// The q-quantile along an axis, interpolated linearly between order statistics: the element at
  /// position q (n − 1) of the sorted ones. NaN if one of them is.
  public func quantile(_ q: Double, axis: Int = -1) -> Tensor {
    quantiles([q], axis: axis).squeezing(at: 0)
  }

  /// Several quantiles along an axis; they are the first axis of the result.
  public func quantiles(_ qs: [Double], axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "quantiles")
    let extent = shape[axis]
    precondition(extent > 0, "quantiles: no elements along axis \(axis) of \(shape)")
    precondition(
      qs.allSatisfy { $0 >= 0 && $0 <= 1 }, "quantiles: expected numbers in [0, 1], got \(qs)")
    let ordered = asFloat.sorted(along: axis)
    let greatest = ordered.selecting(-1, along: axis)
    let results = qs.map { q -> Tensor in
      let position = q * Double(extent - 1)
      let below = Int(position)
      let fraction = position - Double(below)
      let low = ordered.selecting(below, along: axis)
      if fraction == 0 { return low }
      let high = ordered.selecting(below + 1, along: axis)
      // From the nearer end, so that the result never passes either.
      let step = high - low
      return fraction < 0.5 ? low + step * fraction : high - step * (1 - fraction)
    }
    let isUndefined = isNaN(greatest)
    return `where`(isUndefined, greatest, stack(results))
  }

  /// The median along an axis: the mean of the middle two of an even number. NaN if an element is.
  public func median(axis: Int = -1) -> Tensor { quantile(0.5, axis: axis) }
}

/// For each value the position (int64) in ascending `sorted` before which it can be inserted: the
/// number of smaller elements, or with `right` of elements not greater.
///
/// `sorted` is a vector and `values` of any shape; or `sorted` is … × n and `values` … × m, and
/// each row is searched in its own.
public func searchSorted(_ sorted: Tensor, _ values: Tensor, right: Bool = false) -> Tensor {
  precondition(sorted.rank >= 1, "searchSorted: expected a vector, got a scalar")
  let common = commonDType(sorted, values, "searchSorted")
  let dtype: DType = common == .bool ? .int64 : common
  let (a, b) = (sorted.operand(as: dtype), values.operand(as: dtype))
  if a.rank == 1 {
    return Tensor(
      Node(SearchOperation(right: right), a.node, b.node, shape: b.shape, dtype: .int64))
  }
  // Rows of their own are short (the bins of splines): counting beats a search for each.
  let (bounds, queries) = (a.expandingDims(at: -2), b.expandingDims(at: -1))
  let isBefore = right ? bounds .<= queries : bounds .< queries
  return isBefore.cast(to: .int64).sum(axis: -1)
}
