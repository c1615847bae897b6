extension IR {
  /// The same computations, those of a batch's rows in parts, where that pays.
  func inParts() -> IR {
    guard let split = RowSplit(self) else { return self }
    return PartsBuilder(self, split).result
  }
}

/// Writes out an IR in parts: first what is done whole, then every part's items, then what joins their
/// results and uses them.
private struct PartsBuilder {
  private let old: [Item]
  private let split: RowSplit
  private(set) var result: IR
  /// For each old item, where it is whole, and where every part of it is.
  private var wholes: [Int?]
  private var parts: [[Int]]

  init(_ ir: IR, _ split: RowSplit) {
    old = ir.items
    self.split = split
    result = ir
    result.items = []
    wholes = [Int?](repeating: nil, count: old.count)
    parts = [[Int]](repeating: [], count: old.count)
    for index in old.indices {
      if case .before = split.roles[index] { addWhole(index) }
    }
    for (number, rows) in split.parts.enumerated() {
      for index in old.indices {
        if case .inParts(let rule) = split.roles[index] { addPart(number, rows, rule, index) }
      }
    }
    for index in old.indices {
      if case .after = split.roles[index] { addWhole(index) }
    }
    result.outputs = ir.outputs.map { whole($0) }
  }

  /// The whole of an item, joined from its parts where it is first needed.
  private mutating func whole(_ index: Int) -> Int {
    if let item = wholes[index] { return item }
    let item = joined(index)
    wholes[index] = item
    return item
  }

  private mutating func append(_ item: Item) -> Int {
    result.items.append(item)
    return result.items.count - 1
  }

  private mutating func addWhole(_ index: Int) {
    var item = old[index]
    for number in item.operands.indices {
      item.operands[number].item = whole(item.operands[number].item)
    }
    wholes[index] = append(item)
  }

  private mutating func addPart(_ part: Int, _ rows: Range<Int>, _ rule: RowRule, _ index: Int) {
    var item = old[index]
    item.part = part
    for (number, axis) in rule.axes.enumerated() {
      item.operands[number] = operand(item.operands[number], axis, part, rows)
    }
    if let axis = rule.axis { item.shape[axis] = rows.count }
    parts[index].append(append(item))
  }

  /// An operand as a part sees it.
  private mutating func operand(
    _ operand: Operand, _ axis: Int?, _ part: Int, _ rows: Range<Int>
  ) -> Operand {
    guard let axis else { return Operand(item: whole(operand.item), view: operand.view) }
    if let cut = split.cut(operand.item),
      let view = operand.view.inPart(
        axis, of: old[operand.item].shape, cut: cut, rows: rows.count)
    {
      return Operand(item: parts[operand.item][part], view: view)
    }
    var view = operand.view
    view.shape[axis] = rows.count
    view.offset += rows.lowerBound * view.strides[axis]
    return Operand(item: whole(operand.item), view: view)
  }

  private mutating func joined(_ index: Int) -> Int {
    let item = old[index]
    let operands = parts[index].map { part in
      Operand(item: part, view: View(contiguous: result.items[part].shape))
    }
    if let axis = split.cut(index) {
      return append(
        Item(kind: .concat(axis: axis), operands: operands, shape: item.shape, dtype: item.dtype))
    }
    return operands.dropFirst().reduce(operands[0].item) { sum, term in
      append(
        Item(
          kind: .elementwise(BinaryOperation.add),
          operands: [Operand(item: sum, view: View(contiguous: item.shape)), term],
          shape: item.shape, dtype: item.dtype))
    }
  }
}
