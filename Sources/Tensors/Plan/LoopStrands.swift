/// The members of a loop, apart where they have nothing to do with each other: neither does one use
/// what the other makes, nor do both read the same elements.
struct LoopStrands {
  /// Each in order, and in the order of their first members.
  let strands: [[Int]]

  init(_ members: [Int], _ schedule: Schedule) {
    var groups = DisjointSets(members.count)
    var position: [Int: Int] = [:]
    var readers: [Int: [(range: Range<Int>, member: Int)]] = [:]
    for (number, index) in members.enumerated() {
      position[index] = number
      for (place, operand) in schedule.items[index].operands.enumerated() {
        if schedule.isInside(index, place), let maker = position[operand.item] {
          groups.join(number, maker)
        } else if let range = operand.view.reach {
          readers[operand.item, default: []].append((range, number))
        }
      }
    }
    for reads in readers.values {
      let sorted = reads.sorted { $0.range.lowerBound < $1.range.lowerBound }
      var (end, last) = (0, sorted[0].member)
      for (range, member) in sorted {
        if range.lowerBound < end { groups.join(last, member) }
        if range.upperBound > end { (end, last) = (range.upperBound, member) }
      }
    }
    var strandOf: [Int: Int] = [:]
    var strands: [[Int]] = []
    for (number, index) in members.enumerated() {
      let root = groups.root(number)
      if let strand = strandOf[root] {
        strands[strand].append(index)
      } else {
        strandOf[root] = strands.count
        strands.append([index])
      }
    }
    self.strands = strands
  }
}

/// Numbers in sets that grow together.
private struct DisjointSets {
  private var parents: [Int]

  init(_ count: Int) { parents = Array(0..<count) }

  mutating func root(_ number: Int) -> Int {
    var number = number
    while parents[number] != number {
      parents[number] = parents[parents[number]]
      number = parents[number]
    }
    return number
  }

  mutating func join(_ a: Int, _ b: Int) { parents[root(a)] = root(b) }
}

extension View {
  /// From the first element that is read to the last; nil where one is read over and over, as good
  /// as none.
  fileprivate var reach: Range<Int>? {
    if isUniform { return nil }
    let steps = zip(shape, strides).map { ($0 - 1) * $1 }
    return offset + steps.reduce(0) { $0 + min($1, 0) }..<offset
      + steps.reduce(0) { $0 + max($1, 0) } + 1
  }
}
