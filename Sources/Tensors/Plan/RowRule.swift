/// How an operation's result follows from parts of its operands along an axis of each: as the same
/// part of the result along an axis of its own, or as terms that add up to it.
struct RowRule {
  /// The axis of each operand that is cut; nil where every part needs the whole of it.
  let axes: [Int?]
  /// The axis of the result; nil where the parts' results are added up.
  let axis: Int?
  /// Multiplications of a matrix product.
  let work: Int

  init(_ axes: [Int?], into axis: Int?, work: Int = 0) {
    self.axes = axes
    self.axis = axis
    self.work = work
  }

  var isSum: Bool { axis == nil }
}

extension Shape {
  /// The axes of an extent.
  func axes(of extent: Int) -> [Int] { indices.filter { self[$0] == extent } }

  /// The axis that broadcasting lays along an axis of `shape`, if it is as long.
  func axis(alignedWith axis: Int, of shape: Shape) -> Int? {
    let own = axis - (shape.rank - rank)
    return own >= 0 && self[own] == shape[axis] ? own : nil
  }
}

extension Item {
  /// The ways in which an item can be computed from parts of its operands along an axis of extent
  /// `rows`.
  func rowRules(_ rows: Int) -> [RowRule] {
    let views = operands.map(\.view)
    switch kind {
    case .array(let operation): return operation.rowRules(views, shape, rows: rows)
    case .reduce(let operation):
      let isSum = operation.code == ReduceOperation.Kind.sum.rawValue
      return views[0].shape.axes(of: rows).compactMap { axis in
        if operation.axes.contains(axis) { return isSum ? RowRule([axis], into: nil) : nil }
        let isInner = axis >= operation.axes.upperBound
        return RowRule([axis], into: axis - (isInner ? operation.axes.count : 0))
      }
    case .elementwise: return alignedRules(rows) { _ in true }
    case .concat(let joined): return alignedRules(rows) { $0 != joined }
    case .place(let operation): return alignedRules(rows) { $0 != operation.axis }
    case .random, .draw:
      // Elements are numbered from the start of their key's row: each row needs a key of its own.
      guard views[0].shape == [rows], rows > 1 else { return [] }
      return alignedRules(rows) { $0 == 0 }.map { RowRule([0] + $0.axes.dropFirst(), into: 0) }
    case .input, .constant, .rowDots, .rowCombine: return []
    }
  }

  private func alignedRules(_ rows: Int, where isPossible: (Int) -> Bool) -> [RowRule] {
    shape.axes(of: rows).filter(isPossible).map { axis in
      RowRule(operands.map { $0.view.shape.axis(alignedWith: axis, of: shape) }, into: axis)
    }
  }
}

extension View {
  /// What a view of a row-major array becomes where only some rows along an axis of the array are
  /// there.
  ///
  /// - Parameters:
  ///   - axis: the view's axis that runs along the rows.
  ///   - cut: that of the array.
  ///   - rows: how many there are.
  /// - Returns: nil where the view's i-th entry along its axis is not in row i.
  func inPart(_ axis: Int, of array: Shape, cut: Int, rows: Int) -> View? {
    let length = array.suffix(array.rank - cut - 1).elementCount
    let block = array[cut] * length
    guard block > 0, strides[axis] == length, offset % block < length else { return nil }
    var result = self
    result.shape[axis] = rows
    result.offset = offset / block * rows * length + offset % block
    var (lowest, highest) = (offset % block, offset % block)
    for other in 0..<shape.rank where other != axis && shape[other] != 1 {
      let stride = strides[other]
      if stride % block == 0 {
        result.strides[other] = stride / block * rows * length
      } else {
        let reach = (shape[other] - 1) * stride
        if reach < 0 { lowest += reach } else { highest += reach }
      }
    }
    return lowest >= 0 && highest < length ? result : nil
  }
}
