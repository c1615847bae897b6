internal import CTensorKernels

/// What runs together, and in which order.
///
/// Every item gets a level: it can run once all items of lower levels have. Elements handed over
/// inside a fused loop do not raise the level; reductions, whole-array kernels and changes of the
/// iteration space do. Items of one level and one element count share a loop, so no cycle can arise,
/// unless they have nothing to do with each other; the loops of a level run side by side.
struct Schedule {
  /// Items that are computed in one loop, in chunks of so many elements.
  struct Loop {
    let members: [Int]
    let chunk: Int
  }

  enum Step {
    /// Loops of one level.
    case loops([Loop])
    case single(Int)
  }

  private(set) var steps: [Step] = []
  /// The level of each fused item; −1 for others.
  private(set) var loopLevel: [Int]
  let items: [Item]

  private struct LoopKey: Hashable {
    let level: Int
    let count: Int
  }

  init(_ ir: IR) {
    items = ir.items
    loopLevel = [Int](repeating: -1, count: items.count)
    var singles: [(level: Int, item: Int)] = []
    var chunks: [LoopKey: Int] = [:]
    assignLevels(&singles, &chunks)
    loopLevel = LateItems(self).levels
    join(singles, chunks)
  }

  /// Gives every item the first level at which it can run.
  private mutating func assignLevels(
    _ singles: inout [(level: Int, item: Int)], _ chunks: inout [LoopKey: Int]
  ) {
    var available = [Int](repeating: 0, count: items.count)
    // A part of the rows comes after all that comes before it, whether it needs it or not.
    var (part, floor, top): (Int?, Int, Int) = (nil, 0, 0)
    for index in items.indices {
      if items[index].part != part { (part, floor) = (items[index].part, top) }
      defer { top = max(top, available[index]) }
      switch items[index].kind {
      case .input, .constant: continue
      case .array, .place, .concat:
        let level = max(floor, items[index].operands.map { available[$0.item] }.max() ?? 0)
        singles.append((level, index))
        available[index] = level + 1
      case .elementwise, .random, .draw, .reduce, .rowDots, .rowCombine:
        let level = max(floor, readiness(index, available))
        var key = LoopKey(level: level, count: items[index].loopCount)
        if let chunk = items[index].chunk {
          // The order in which a reduction adds up must not depend on its company.
          while let other = chunks[key], other != chunk {
            key = LoopKey(level: key.level + 1, count: key.count)
          }
          chunks[key] = chunk
        }
        loopLevel[index] = key.level
        available[index] = key.level + 1
      }
    }
  }

  /// Joins the items of one level and one element count into loops, and orders all by level.
  private mutating func join(
    _ singles: [(level: Int, item: Int)], _ chunks: [LoopKey: Int]
  ) {
    var loops: [LoopKey: [Int]] = [:]
    var byLevel: [Int: (keys: [LoopKey], singles: [Int])] = [:]
    for (level, item) in singles { byLevel[level, default: ([], [])].singles.append(item) }
    for index in items.indices where loopLevel[index] >= 0 {
      let key = LoopKey(level: loopLevel[index], count: items[index].loopCount)
      if loops[key] == nil { byLevel[key.level, default: ([], [])].keys.append(key) }
      loops[key, default: []].append(index)
    }
    for level in byLevel.keys.sorted() {
      let (keys, singles) = byLevel[level] ?? ([], [])
      let group = keys.flatMap { key in
        LoopStrands(loops[key] ?? [], self).strands.map {
          Loop(members: $0, chunk: chunks[key] ?? Int(CTK_CHUNK))
        }
      }
      if !group.isEmpty { steps.append(.loops(group)) }
      steps += singles.map(Step.single)
    }
  }

  /// The first level at which a fused item can run.
  private func readiness(_ index: Int, _ available: [Int]) -> Int {
    var level = 0
    for number in items[index].operands.indices {
      let operand = items[index].operands[number].item
      level = max(
        level, isHandedOver(to: index, number) ? loopLevel[operand] : available[operand])
    }
    return level
  }

  /// The part of the rows that a step computes.
  func part(of step: Step) -> Int? {
    switch step {
    case .loops(let loops): items[loops[0].members[0]].part
    case .single(let item): items[item].part
    }
  }

  /// Whether a fused item could see an operand's elements in the order in which they are made.
  func isHandedOver(to index: Int, _ number: Int) -> Bool {
    let item = items[index]
    switch item.kind {
    case .rowDots: return false
    // A draw reads its keys from memory, even where there are as many as draws.
    case .random: return false
    case .draw where number == 0: return false
    case .rowCombine where number == 0: return false
    default: break
    }
    let operand = item.operands[number]
    let count = item.loopCount
    return items[operand.item].isFusible && items[operand.item].count == count
      && operand.view.shape.elementCount == count && operand.view.offset == 0
      && operand.view.isContiguous
  }

  /// Whether an operand of a fused item is made in the same loop and need not be in memory.
  func isInside(_ index: Int, _ number: Int) -> Bool {
    let level = loopLevel[index]
    return level >= 0 && loopLevel[items[index].operands[number].item] == level
      && isHandedOver(to: index, number)
  }
}

extension Item {
  /// The iteration space of a fused item: that of what a reduction reduces.
  var loopCount: Int {
    switch kind {
    case .reduce: operands[0].view.shape.elementCount
    case .rowCombine: operands[1].view.shape.elementCount
    default: count
    }
  }

  /// For an item that adds up over a loop: how many elements make up a partial result.
  fileprivate var chunk: Int? {
    let plain = Int(CTK_CHUNK)
    switch kind {
    case .rowCombine: return plain
    case .reduce(let operation):
      let extents = ReduceExtents(operation, operands[0].view.shape)
      if extents.inner == 1 && extents.outer > 1 {
        // Whole rows.
        return max(plain / max(extents.reduced, 1), 1) * extents.reduced
      }
      // A reduction over an outer axis needs memory for its result once per chunk: few chunks where
      // that is large.
      guard extents.inner > 1 else { return plain }
      let chunks = min(loopCount / max(4 * count, 1), 16)
      return max(plain, (loopCount / max(chunks, 1) + plain - 1) / plain * plain)
    default: return nil
    }
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
