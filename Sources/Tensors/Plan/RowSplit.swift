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
    /// Whole, once all parts are done.
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
  private static let mostCandidates = 3
  /// Four parts are for more threads than two, where that costs little: planning so many items more
  /// often, and a share of all multiplications, of which there are so many in the time in which an
  /// element of a sum is written and added once more, in cache and in memory.
  private static let partCounts = [
    (count: 4, mostItems: 2000, share: 80), (count: 2, mostItems: Int.max, share: 20),
  ]
  private static let sumCosts = (cached: 6, other: 20)
  private static let cachedBytes = 1 << 20

  /// Nil where nothing is computed in parts.
  init?(_ ir: IR) {
    let (total, candidates) = RowSplit.candidates(ir.items)
    for rows in candidates {
      // What leaves much to be done whole afterwards gains little, such as a cut through the units
      // of a layer.
      if let split = RowSplit(ir.items, rows: rows), 4 * split.work >= 3 * total {
        self = split
        return
      }
    }
    return nil
  }

  private init?(_ items: [Item], rows: Int) {
    self.items = items
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

  /// The work of all products, and the extents of axes along which most of it could be cut.
  private static func candidates(_ items: [Item]) -> (work: Int, rows: [Int]) {
    var total = 0
    var work: [Int: Int] = [:]
    for item in items {
      guard case .array = item.kind else { continue }
      let extents = Set(item.shape).union(item.operands.flatMap { Array($0.view.shape) })
      let works = extents.map { ($0, item.rowRules($0).map(\.work).max() ?? 0) }
      for (extent, value) in works where extent >= 2 * leastRows {
        work[extent, default: 0] += value
      }
      total += works.map(\.1).max() ?? 0
    }
    if total < leastWork { return (total, []) }
    let sorted = work.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
    return (total, sorted.prefix(mostCandidates).map(\.key))
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
    let isCut = operands.contains { operand, axis in
      axis != nil && (!rule.isSum || cut(operand.item) != nil)
    }
    return isCut
      && operands.allSatisfy { operand, axis in
        if case .before = roles[operand.item] { return true }
        guard let cut = cut(operand.item) else { return false }
        guard let axis else { return obstacles.contains(operand.item) }
        let array = items[operand.item].shape
        return operand.view.inPart(axis, of: array, cut: cut, rows: rows) != nil
      }
  }

  /// The axis of an item of which each part computes some rows.
  func cut(_ index: Int) -> Int? {
    if case .inParts(let rule) = roles[index] { rule.axis } else { nil }
  }

  /// What stands in the way of a product since it is needed whole, with all it is made of, where that
  /// is much less work: masked weights with as many rows as the batch.
  private func cheapObstacles(to rule: RowRule, _ index: Int) -> Set<Int> {
    var all: Set<Int> = []
    for (operand, axis) in zip(items[index].operands, rule.axes)
    where axis == nil && cut(operand.item) != nil {
      var pending = [operand.item]
      while let next = pending.popLast() {
        guard cut(next) != nil, all.insert(next).inserted else { continue }
        pending += items[next].operands.map(\.item)
      }
    }
    let isCheap = 4 * all.reduce(0) { $0 + cost($1) } <= rule.work
    return isCheap && fits(rule, index, butFor: all) ? all : []
  }

  private func cost(_ index: Int) -> Int {
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
    var (products, sums, bytes) = (0, 0, 0)
    for (index, role) in roles.enumerated() {
      guard case .inParts(let rule) = role else { continue }
      if rule.work > 0 { products += 1 }
      guard rule.isSum else { continue }
      sums += items[index].count
      bytes += items[index].byteCount
    }
    let work = work
    guard products >= RowSplit.fewestProducts, work >= RowSplit.leastWork else { return nil }
    let costs = RowSplit.sumCosts
    return RowSplit.partCounts.first { count, mostItems, share in
      let cost = count * bytes <= RowSplit.cachedBytes ? costs.cached : costs.other
      return rows / count >= RowSplit.leastRows && items.count <= mostItems
        && sums * count * cost <= work / share
    }?.count
  }

  /// Multiplications in parts.
  private var work: Int {
    roles.reduce(0) { sum, role in
      if case .inParts(let rule) = role { sum + rule.work } else { sum }
    }
  }
}
