import PPL

/// Which coordinates the map of each coordinate may depend on: a directed graph without cycles.
public struct Dependencies: Sendable {
  /// For each coordinate the ones it depends on.
  let parents: [BitSet]
  /// For each coordinate how many others, at most, stand before it in a chain of dependencies.
  let stages: [Int]

  /// How many coordinates there are.
  public var dimension: Int { parents.count }

  /// Whether every coordinate depends on those before it only.
  var areInOrder: Bool {
    parents.indices.allSatisfy { i in !(i..<dimension).contains { parents[i].contains($0) } }
  }

  private init(_ parents: [BitSet], _ stages: [Int]) {
    precondition(!parents.isEmpty, "Dependencies: no coordinates")
    self.parents = parents
    self.stages = stages
  }

  /// Coordinate i depends on those before it: 0 ..< i.
  public static func sequence(_ dimension: Int) -> Dependencies {
    precondition(dimension > 0, "Dependencies: dimension must be positive, got \(dimension)")
    return order(Array(0..<dimension))
  }

  /// Each coordinate depends on those that come before it in an order: coordinate `order[0]` on
  /// none, `order[1]` on `order[0]`, and so on.
  public static func order(_ order: [Int]) -> Dependencies {
    precondition(
      order.sorted() == Array(order.indices), "Dependencies: \(order) is no order of coordinates")
    var parents = [BitSet](repeating: BitSet(capacity: order.count), count: order.count)
    var stages = order
    var earlier = BitSet(capacity: order.count)
    for (stage, coordinate) in order.enumerated() {
      parents[coordinate] = earlier
      stages[coordinate] = stage
      earlier.insert(coordinate)
    }
    return Dependencies(parents, stages)
  }

  /// Coordinate i depends on coordinate j where `adjacency[i][j]` says so.
  ///
  /// A graph with a cycle is none that can be inverted, and stops the program.
  public static func graph(_ adjacency: [[Bool]]) -> Dependencies {
    let count = adjacency.count
    let parents = adjacency.map { row -> BitSet in
      precondition(
        row.count == count, "Dependencies: a row of \(row.count) entries for \(count) coordinates")
      var set = BitSet(capacity: count)
      for (index, isParent) in row.enumerated() where isParent { set.insert(index) }
      return set
    }
    return Dependencies(parents, longestChains(parents))
  }

  /// Each coordinate has a map of its own.
  public static func none(_ dimension: Int) -> Dependencies {
    graph([[Bool]](repeating: [Bool](repeating: false, count: dimension), count: dimension))
  }

  /// The stage of each coordinate: one more than the last of its parents.
  private static func longestChains(_ parents: [BitSet]) -> [Int] {
    var stages = [Int](repeating: 0, count: parents.count)
    var known = BitSet(capacity: parents.count)
    var waiting = Array(parents.indices)
    var stage = 0
    while !waiting.isEmpty {
      let ready = waiting.filter { parents[$0].isSubset(of: known) }
      precondition(!ready.isEmpty, "Dependencies: coordinates \(waiting) depend on each other")
      for coordinate in ready {
        stages[coordinate] = stage
        known.insert(coordinate)
      }
      waiting.removeAll { known.contains($0) }
      stage += 1
    }
    return stages
  }
}
