import Foundation

/// The bound of a random program as a sum over all assignments of values, in plain loops.
struct BruteForce {
  private struct Copy {
    let node: Int
    let index: Int
    /// The copies of the parents, in the model and in the guide.
    let parents: [Int]
    let guideParents: [Int]
  }

  private let program: RandomProgram
  private let copies: [Copy]
  private let guide: [Int]
  private let model: [Int]
  /// How many values each table has in a row.
  private let widths: [Int: Int]
  /// Log probabilities.
  private var tables: [[Double]] = []
  private var values: [Int]

  init(_ program: RandomProgram) {
    self.program = program
    var copies: [Copy] = []
    var first: [Int] = []
    for (number, node) in program.nodes.enumerated() {
      first.append(copies.count)
      for index in 0..<node.plates.reduce(1, { $0 * $1.size }) {
        func positions(_ parents: [Int]) -> [Int] {
          parents.map { first[$0] + BruteForce.project(index, node, program.nodes[$0]) }
        }
        copies.append(
          Copy(
            node: number, index: index, parents: positions(node.parents),
            guideParents: positions(node.guideParents)))
      }
    }
    self.copies = copies
    guide = copies.indices.filter { position in
      if case .guide = program.nodes[copies[position].node].role { true } else { false }
    }
    model = copies.indices.filter { position in
      if case .model = program.nodes[copies[position].node].role { true } else { false }
    }
    widths = Dictionary(
      program.nodes.flatMap { [($0.table, $0.count), ($0.guideTable, $0.count)] }
    ) { first, _ in first }
    values = copies.map { program.nodes[$0.node].data[$0.index] }
  }

  /// The copy of an outer node to which a copy of an inner one belongs. The first plate of a nest has
  /// the innermost axis.
  private static func project(
    _ index: Int, _ inner: RandomProgram.Node, _ outer: RandomProgram.Node
  ) -> Int {
    var rest = index
    var result = 0
    var stride = 1
    for plate in inner.plates {
      if outer.plates.contains(plate) {
        result += stride * (rest % plate.size)
        stride *= plate.size
      }
      rest /= plate.size
    }
    return result
  }

  /// E_q [scale · log Σ p − scale · log q].
  mutating func elbo(_ logits: [Double]) -> Double {
    setTables(logits)
    return expectation(0, logWeight: 0, cost: 0)
  }

  /// All values of the model's variables, by site and copy, with their posterior probabilities.
  mutating func posterior(_ logits: [Double]) -> [(values: [String: [Int]], probability: Double)] {
    setTables(logits)
    let joint = joint(0)
    let total = logSumExp(joint)
    return joint.enumerated().map { number, logProb in
      var rest = number
      var values: [String: [Int]] = [:]
      for position in model.reversed() {
        let node = program.nodes[copies[position].node]
        values[node.name, default: []].insert(rest % node.count, at: 0)
        rest /= node.count
      }
      return (values, exp(logProb - total))
    }
  }

  private mutating func setTables(_ logits: [Double]) {
    var start = 0
    tables = []
    for (number, table) in program.tables.enumerated() {
      let width = widths[number] ?? 1
      tables.append(
        stride(from: start, to: start + table.count, by: width).flatMap { row in
          let row = Array(logits[row..<row + width])
          let total = logSumExp(row)
          return row.map { $0 - total }
        })
      start += table.count
    }
  }

  private mutating func expectation(_ next: Int, logWeight: Double, cost: Double) -> Double {
    guard next < guide.count else {
      let evidence = logSumExp(joint(0))
      return exp(logWeight) * (program.modelScale * evidence - program.guideScale * cost)
    }
    let copy = copies[guide[next]]
    return (0..<program.nodes[copy.node].count).reduce(0) { sum, value in
      values[guide[next]] = value
      let logProb = logProb(copy, value, isGuide: true)
      let counted = isMasked(copy) ? 0 : logProb
      return sum
        + expectation(next + 1, logWeight: logWeight + logProb, cost: cost + counted)
    }
  }

  /// log p of everything, for each assignment of the model's own variables.
  private mutating func joint(_ next: Int) -> [Double] {
    guard next < model.count else {
      return [
        copies.indices.reduce(0) { sum, position in
          let copy = copies[position]
          if isMasked(copy), !model.contains(position) { return sum }
          return sum + logProb(copy, values[position], isGuide: false)
        }
      ]
    }
    var all: [Double] = []
    for value in 0..<program.nodes[copies[model[next]].node].count {
      values[model[next]] = value
      all += joint(next + 1)
    }
    return all
  }

  private func isMasked(_ copy: Copy) -> Bool {
    program.nodes[copy.node].mask?[copy.index] == false
  }

  private func logProb(_ copy: Copy, _ value: Int, isGuide: Bool) -> Double {
    let node = program.nodes[copy.node]
    let (nodes, positions) =
      isGuide ? (node.guideParents, copy.guideParents) : (node.parents, copy.parents)
    var row = copy.index
    for (parent, position) in zip(nodes, positions) {
      row = row * program.nodes[parent].count + values[position]
    }
    return tables[isGuide ? node.guideTable : node.table][row * node.count + value]
  }
}
