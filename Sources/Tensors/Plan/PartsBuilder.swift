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
  private(set) var result: IR
  /// For each old item, where it is whole, and where every part of it is.
  private var wholes: [Int?]
  private var parts: [[Int]]

  init(_ ir: IR, _ split: RowSplit) {
    old = ir.items
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
      let operand = item.operands[number].item
      if let axis { item.operands[number].view.shape[axis] = rows.count }
      if parts[operand].indices.contains(part) {
        item.operands[number].item = parts[operand][part]
        continue
      }
      item.operands[number].item = whole(operand)
      guard let axis else { continue }
      item.operands[number].view.offset +=
        rows.lowerBound * item.operands[number].view.strides[axis]
    }
    if !rule.isSum { item.shape[item.rowAxis] = rows.count }
    parts[index].append(append(item))
  }

  private mutating func joined(_ index: Int) -> Int {
    let item = old[index]
    let operands = parts[index].map { part in
      Operand(item: part, view: View(contiguous: result.items[part].shape))
    }
    if result.items[parts[index][0]].shape != item.shape {
      return append(
        Item(
          kind: .concat(axis: item.rowAxis), operands: operands, shape: item.shape,
          dtype: item.dtype))
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

extension Item {
  /// The outermost axis of more than one element.
  fileprivate var rowAxis: Int { shape.firstIndex { $0 != 1 } ?? 0 }
}
