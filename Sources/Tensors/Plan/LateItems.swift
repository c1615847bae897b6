/// Moves fused items from the first level at which they can run to that of the loop that uses them,
/// so that their elements stay in the loop instead of passing through memory. Outputs are written
/// anyway, but need not be read again.
///
/// An item moves if one later loop has all its users, and if whatever is handed over to it moves
/// along.
struct LateItems {
  /// The level of each fused item; −1 for others.
  private(set) var levels: [Int]
  private let schedule: Schedule
  /// The level an item moves to.
  private var target: [Int?]
  private var users: [[(item: Int, operand: Int)]]

  init(_ schedule: Schedule) {
    self.schedule = schedule
    levels = schedule.loopLevel
    target = [Int?](repeating: nil, count: levels.count)
    users = [[(item: Int, operand: Int)]](repeating: [], count: levels.count)
    for (index, item) in schedule.items.enumerated() {
      for (number, operand) in item.operands.enumerated() {
        users[operand.item].append((index, number))
      }
    }
    for index in levels.indices.reversed() where isMovable(index) {
      target[index] = commonLevel(index)
    }
    while withdraw() {}
    for (index, level) in target.enumerated() { levels[index] = level ?? levels[index] }
  }

  private func isMovable(_ index: Int) -> Bool {
    switch schedule.items[index].kind {
    case .elementwise, .random, .draw: true
    default: false
    }
  }

  /// The one later level at which all users are, each in a loop that can take the elements over.
  private func commonLevel(_ index: Int) -> Int? {
    guard let first = users[index].first else { return nil }
    let level = target[first.item] ?? levels[first.item]
    guard level > levels[index] else { return nil }
    let agree = users[index].allSatisfy { item, operand in
      levels[item] >= 0 && (target[item] ?? levels[item]) == level
        && schedule.isHandedOver(to: item, operand)
    }
    return agree ? level : nil
  }

  /// Keeps items where they are that would part from what is handed over to them, or from their
  /// users; returns whether there were any.
  private mutating func withdraw() -> Bool {
    var changed = false
    func partsFromOperands(_ index: Int) -> Bool {
      schedule.items[index].operands.enumerated().contains { number, operand in
        schedule.isInside(index, number) && target[operand.item] != target[index]
      }
    }
    for index in target.indices where target[index] != nil && partsFromOperands(index) {
      target[index] = nil
      changed = true
    }
    for index in target.indices.reversed()
    where target[index] != nil && commonLevel(index) != target[index] {
      target[index] = nil
      changed = true
    }
    return changed
  }
}
