/// How an operation's result follows from parts of its operands along an axis of each: as the same
/// part of the result, or as terms that add up to it.
struct RowRule {
  /// The axis of each operand that is cut; nil where every part needs the whole of it.
  let axes: [Int?]
  let isSum: Bool
  /// Multiplications of a matrix product.
  let work: Int

  init(_ axes: [Int?], isSum: Bool = false, work: Int = 0) {
    self.axes = axes
    self.isSum = isSum
    self.work = work
  }
}

extension Shape {
  /// The outermost axis of more than one element, if it has `rows` of them.
  func leadingAxis(of rows: Int) -> Int? {
    guard let axis = firstIndex(where: { $0 != 1 }), self[axis] == rows else { return nil }
    return axis
  }

  /// The axis that broadcasting lays along an axis of `shape`, if it is as long.
  func axis(alignedWith axis: Int, of shape: Shape) -> Int? {
    let own = axis - (shape.rank - rank)
    return own >= 0 && self[own] == shape[axis] ? own : nil
  }
}

extension Item {
  /// The ways in which an item can be computed from parts of its operands along an axis of extent
  /// `rows`. A part of a result is a piece of its memory, so that axis has to be the outermost.
  func rowRules(_ rows: Int) -> [RowRule] {
    let views = operands.map(\.view)
    switch kind {
    case .array(let operation): return operation.rowRules(views, shape, rows: rows)
    case .reduce(let operation):
      guard let axis = views[0].shape.leadingAxis(of: rows) else { return [] }
      let isSum = operation.code == ReduceOperation.Kind.sum.rawValue
      if axis < operation.axes.lowerBound { return [RowRule([axis])] }
      return isSum && operation.axes.contains(axis) ? [RowRule([axis], isSum: true)] : []
    default: break
    }
    guard let axis = shape.leadingAxis(of: rows) else { return [] }
    let aligned = views.map { $0.shape.axis(alignedWith: axis, of: shape) }
    switch kind {
    case .elementwise: return [RowRule(aligned)]
    case .random, .draw:
      // Elements are numbered from the start of their key's row: each row needs a key of its own.
      guard let keys = views[0].shape.leadingAxis(of: rows) else { return [] }
      return [RowRule([keys] + aligned.dropFirst())]
    case .concat(let joined): return joined > axis ? [RowRule(aligned)] : []
    case .place(let operation): return operation.axis > axis ? [RowRule(aligned)] : []
    default: return []
    }
  }
}
