internal import CTensorKernels

/// What runs together, and in which order.
///
/// Every item gets a level: it can run once all items of lower levels have. Elements handed over
/// inside a fused loop do not raise the level; reductions, whole-array kernels and changes of the
/// iteration space do. Items of one level and one element count share a loop, so no cycle can arise.
struct Schedule {
  enum Step {
    case loop([Int], rowLength: Int?)
    case single(Int)
  }

  private(set) var steps: [Step] = []
  /// The level of each fused item; −1 for others.
  private(set) var loopLevel: [Int]

  private struct LoopKey: Hashable {
    let level: Int
    let count: Int
  }

  init(_ ir: IR) {
    let items = ir.items
    var available = [Int](repeating: 0, count: items.count)
    loopLevel = [Int](repeating: -1, count: items.count)
    var loops: [LoopKey: [Int]] = [:]
    var rowLengths: [LoopKey: Int] = [:]
    var byLevel: [Int: [(first: Int, step: LoopKey?)]] = [:]

    func readiness(_ item: Item, _ count: Int) -> Int {
      var level = 0
      for operand in item.operands {
        let isInline = isHandedOver(operand, items, count)
        level = max(level, isInline ? loopLevel[operand.item] : available[operand.item])
      }
      return level
    }

    for (index, item) in items.enumerated() {
      switch item.kind {
      case .input, .constant:
        continue
      case .elementwise, .random, .reduce:
        let count = loopCount(item)
        var key = LoopKey(level: readiness(item, count), count: count)
        if let row = Schedule.rowLength(item), count > Int(CTK_BLOCK) {
          // One loop cuts its iteration space at the ends of one kind of row.
          while let other = rowLengths[key], other != row {
            key = LoopKey(level: key.level + 1, count: count)
          }
          rowLengths[key] = row
        }
        if loops[key] == nil { byLevel[key.level, default: []].append((index, key)) }
        loops[key, default: []].append(index)
        loopLevel[index] = key.level
        available[index] = key.level + 1
      case .array, .place, .concat:
        let level = item.operands.map { available[$0.item] }.max() ?? 0
        byLevel[level, default: []].append((index, nil))
        available[index] = level + 1
      }
    }
    for level in byLevel.keys.sorted() {
      for entry in byLevel[level] ?? [] {
        if let key = entry.step {
          steps.append(.loop(loops[key] ?? [], rowLength: rowLengths[key]))
        } else {
          steps.append(.single(entry.first))
        }
      }
    }
  }

  /// Whether the consumer, looping over `count` elements, sees the operand's elements in the order
  /// in which they are made.
  func isHandedOver(_ operand: Operand, _ items: [Item], _ count: Int) -> Bool {
    items[operand.item].isFusible && items[operand.item].count == count
      && operand.view.shape.elementCount == count && operand.view.offset == 0
      && operand.view.isContiguous
  }

  /// The iteration space of a fused item: that of what a reduction reduces.
  private func loopCount(_ item: Item) -> Int {
    if case .reduce = item.kind { return item.operands[0].view.shape.elementCount }
    return item.count
  }

  /// For a reduction of whole rows, their length.
  static func rowLength(_ item: Item) -> Int? {
    guard case .reduce(let operation) = item.kind else { return nil }
    let extents = ReduceExtents(operation, item.operands[0].view.shape)
    return extents.inner == 1 && extents.outer > 1 ? extents.reduced : nil
  }
}

/// A reduction seen as one over the middle axis of three.
struct ReduceExtents {
  let outer: Int
  let reduced: Int
  let inner: Int

  init(_ operation: any ReductionOperation, _ shape: Shape) {
    let axes = operation.axes
    outer = shape[..<axes.lowerBound].reduce(1, *)
    reduced = shape[axes].reduce(1, *)
    inner = shape[axes.upperBound...].reduce(1, *)
  }

  var descriptor: ctk_reduce_desc {
    ctk_reduce_desc(outer: Int64(outer), reduced: Int64(reduced), inner: Int64(inner))
  }
}
