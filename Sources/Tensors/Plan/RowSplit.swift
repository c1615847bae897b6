/// What of a plan is computed for some rows of a batch at a time, where that pays.
///
/// A thread then takes its rows through many products: what it writes it finds in its own cache, and
/// it waits for others once, not after every product. The parts depend on shapes alone, so the bits do
/// not depend on the number of threads.
struct RowSplit {
  enum Role {
    /// Whole, and needs nothing that is computed in parts.
    case before
    case inParts(RowRule)
    /// Whole.
    case after
  }

  private(set) var roles: [Role] = []
  /// The rows of each part.
  private(set) var parts: [Range<Int>] = []
  private let items: [Item]
  private let rows: Int

  /// Products that are too few or too small gain nothing.
  private static let fewestProducts = 3
  private static let leastWork = 4_000_000
  private static let leastRows = 128
  /// Four parts are for more threads than two, where that costs little. That is a share of all
  /// multiplications, of which there are so many in the time in which an element of a sum is written
  /// and added once more, in cache and in memory.
  private static let partCounts = [(count: 4, share: 80), (count: 2, share: 20)]
  private static let sumCosts = (cached: 6, other: 20)
  private static let cachedBytes = 1 << 20

  /// Nil where nothing is computed in parts.
  init?(_ ir: IR) {
    guard let rows = RowSplit.rows(of: ir.items) else { return nil }
    items = ir.items
    self.rows = rows
    var wholes: Set<Int> = []
    while true {
      let more = assignRoles(wholes)
      if more.isEmpty { break }
      wholes.formUnion(more)
    }
    guard let count = partCount() else { return nil }
    parts = (0..<count).map { rows * $0 / count..<rows * ($0 + 1) / count }
  }

  /// The extent of the outermost axis in most of the work.
  private static func rows(of items: [Item]) -> Int? {
    var work: [Int: Int] = [:]
    for item in items {
      guard case .array = item.kind, let extent = item.shape.first(where: { $0 != 1 }) else {
        continue
      }
      for rule in item.rowRules(extent) where !rule.isSum {
        work[extent, default: 0] += rule.work
      }
    }
    guard let most = work.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
      most.key >= 2 * leastRows
    else { return nil }
    return most.key
  }

  // MARK: Roles

  /// - Parameter wholes: items that are not to be computed in parts.
  /// - Returns: more of them, for whose sake others could not be.
  private mutating func assignRoles(_ wholes: Set<Int>) -> Set<Int> {
    roles = [Role](repeating: .before, count: items.count)
    var obstacles: Set<Int> = []
    for index in items.indices {
      roles[index] = wholeRole(index)
      if wholes.contains(index) { continue }
      for rule in items[index].rowRules(rows) {
        if fits(rule, index) {
          roles[index] = .inParts(rule)
          break
        }
        let removable = cheapObstacles(to: rule, index)
        obstacles.formUnion(removable)
        if !removable.isEmpty { break }
      }
    }
    withdraw()
    return obstacles
  }

  private func wholeRole(_ index: Int) -> Role {
    let needsParts = items[index].operands.contains { operand in
      if case .before = roles[operand.item] { false } else { true }
    }
    return needsParts ? .after : .before
  }

  private func fits(_ rule: RowRule, _ index: Int, butFor obstacles: Set<Int> = []) -> Bool {
    let operands = zip(items[index].operands, rule.axes)
    let isInParts = operands.contains { operand, axis in axis != nil && isRows(operand.item) }
    return (isInParts || !rule.isSum && rule.axes.contains { $0 != nil })
      && operands.allSatisfy { operand, axis in
        switch roles[operand.item] {
        case .before: true
        case .inParts(let made):
          !made.isSum
            && (axis.map { staysInRow(operand, $0) } ?? obstacles.contains(operand.item))
        case .after: false
        }
      }
  }

  /// Whether a part of an item is some of its rows.
  private func isRows(_ index: Int) -> Bool {
    if case .inParts(let rule) = roles[index] { return !rule.isSum }
    return false
  }

  /// Whether what is at i along an axis is in row i.
  private func staysInRow(_ operand: Operand, _ axis: Int) -> Bool {
    let view = operand.view
    let length = items[operand.item].count / rows
    var (lowest, highest) = (view.offset, view.offset)
    for other in 0..<view.shape.rank where other != axis {
      let reach = (view.shape[other] - 1) * view.strides[other]
      if reach < 0 { lowest += reach } else { highest += reach }
    }
    return view.strides[axis] == length && lowest >= 0 && highest < length
  }

  /// What stands in the way of a product since it is needed whole, with all it is made of, where that
  /// is much less work: masked weights with as many rows as the batch.
  private func cheapObstacles(to rule: RowRule, _ index: Int) -> Set<Int> {
    var all: Set<Int> = []
    for (operand, axis) in zip(items[index].operands, rule.axes)
    where axis == nil && isRows(operand.item) {
      var pending = [operand.item]
      while let next = pending.popLast() {
        guard isRows(next), all.insert(next).inserted else { continue }
        pending += items[next].operands.map(\.item)
      }
    }
    let isCheap = 4 * all.reduce(0) { $0 + work($1) } <= rule.work
    return isCheap && fits(rule, index, butFor: all) ? all : []
  }

  private func work(_ index: Int) -> Int {
    guard case .inParts(let rule) = roles[index] else { return 0 }
    return max(rule.work, items[index].loopCount)
  }

  /// Leaves out what has to do with no product.
  private mutating func withdraw() {
    var isWanted = [Bool](repeating: false, count: items.count)
    for index in items.indices {
      guard case .inParts(let rule) = roles[index] else { continue }
      isWanted[index] = rule.work > 0 || items[index].operands.contains { isWanted[$0.item] }
    }
    for index in items.indices.reversed() where isWanted[index] {
      for operand in items[index].operands { isWanted[operand.item] = true }
    }
    for index in items.indices {
      guard case .inParts = roles[index], !isWanted[index] else { continue }
      roles[index] = wholeRole(index)
    }
  }

  // MARK: Cost

  private func partCount() -> Int? {
    var (products, work, sums, bytes) = (0, 0, 0, 0)
    for (index, role) in roles.enumerated() {
      guard case .inParts(let rule) = role else { continue }
      if rule.work > 0 { products += 1 }
      work += rule.work
      guard rule.isSum else { continue }
      sums += items[index].count
      bytes += items[index].byteCount
    }
    guard products >= RowSplit.fewestProducts, work >= RowSplit.leastWork else { return nil }
    let costs = RowSplit.sumCosts
    return RowSplit.partCounts.first { count, share in
      let cost = count * bytes <= RowSplit.cachedBytes ? costs.cached : costs.other
      return rows / count >= RowSplit.leastRows && sums * count * cost <= work / share
    }?.count
  }
}
