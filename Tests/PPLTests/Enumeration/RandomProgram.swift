import Foundation
import PPL
import TestSupport

/// A random program of discrete variables and observations in plates, as a description that can be
/// run by the library and by plain loops.
struct RandomProgram {
  enum Role {
    /// Drawn by the guide, and summed over in parallel or one value after the other.
    case guide(InferConfig.Enumeration)
    /// Summed out in the model.
    case model
    case observed
  }

  struct Node {
    let name: String
    let role: Role
    let plates: [Plate]
    /// The number of values.
    let count: Int
    /// Earlier nodes, in plates that enclose this one.
    let parents: [Int]
    let guideParents: [Int]
    /// The numbers of the tables of its logits: by copy, values of the parents, own value.
    let table: Int
    let guideTable: Int
    /// Data of an observed node, by copy.
    let data: [Int]
    /// Where the log density counts, by copy.
    let mask: [Bool]?
    /// The step of a Markov chain that it belongs to.
    var step: Int?
  }

  struct Plate: Hashable {
    let name: String
    let size: Int
    let axis: Int
  }

  private(set) var nodes: [Node] = []
  private(set) var tables: [[Double]] = []
  private(set) var modelScale = 1.0
  private(set) var guideScale = 1.0
  /// The steps that a step depends on; nil if steps are not marked.
  private(set) var history: Int?
  private var generator: SeededGenerator

  // MARK: Making one

  /// The plates that a node may stand in: outer ones first.
  private static let nests: [[Plate]] = {
    let a = Plate(name: "a", size: 2, axis: -1)
    let b = Plate(name: "b", size: 2, axis: -2)
    let c = Plate(name: "c", size: 3, axis: -1)
    return [[], [a], [a, b], [c]]
  }()

  /// A few nodes in plates.
  ///
  /// - Parameter isModelOnly: whether the guide draws nothing.
  init(seed: Int, isModelOnly: Bool = false) {
    generator = SeededGenerator(seed: seed)
    var copies = 0
    let count = 3 + generator.below(5)
    for number in 0..<count {
      let plates = generator.pick(RandomProgram.nests)
      let size = plates.reduce(1) { $0 * $1.size }
      var role = Role.observed
      if number < count - 1, copies + size <= 8, generator.chance(0.7) {
        role =
          isModelOnly || generator.chance(0.5)
          ? .model : .guide(generator.chance(0.7) ? .parallel : .sequential)
        copies += size
      }
      let outer = latent(within: plates)
      let parents = outer.filter { _ in generator.chance(0.6) }
      add(role, plates, count: 2 + generator.below(2), Array(parents.suffix(3)), isMasked: true)
    }
    modelScale = generator.pick([1, 1, 2.5])
    guideScale = generator.pick([1, 1, 0.5])
  }

  /// The unobserved nodes in plates that enclose a node in some plates.
  private func latent(within plates: [Plate]) -> [Int] {
    nodes.indices.filter { index in
      if case .observed = nodes[index].role { return false }
      return Set(nodes[index].plates).isSubset(of: plates)
    }
  }

  @discardableResult
  private mutating func add(
    _ role: Role, _ plates: [Plate], count: Int, _ parents: [Int], table: Int? = nil,
    isMasked: Bool = false, step: Int? = nil
  ) -> Int {
    var guideParents: [Int] = []
    if case .guide = role {
      guideParents = latent(within: plates).filter { index in
        guard case .guide = nodes[index].role else { return false }
        return generator.chance(0.5)
      }
    }
    let copies = plates.reduce(1) { $0 * $1.size }
    let guideTable = makeTable(copies * count, Array(guideParents.suffix(2)))
    nodes.append(
      Node(
        name: "x\(nodes.count)", role: role, plates: plates, count: count, parents: parents,
        guideParents: Array(guideParents.suffix(2)),
        table: table ?? makeTable(copies * count, parents), guideTable: guideTable,
        data: (0..<copies).map { _ in generator.below(count) },
        mask: isMasked && generator.chance(0.2)
          ? (0..<copies).map { _ in generator.chance(0.6) } : nil, step: step))
    return nodes.count - 1
  }

  private mutating func makeTable(_ size: Int, _ parents: [Int]) -> Int {
    let count = parents.reduce(size) { $0 * nodes[$1].count }
    tables.append(generator.signed(count, magnitude: 0.1...2))
    return tables.count - 1
  }

  /// A Markov chain: of one or two variables a step, of history one or two, perhaps in a plate,
  /// coupled to variables of the model or the guide outside, observed in each step and at its end.
  ///
  /// - Parameter isMarked: whether its steps are marked by `markov`.
  static func chain(seed: Int, isMarked: Bool) -> RandomProgram {
    var program = RandomProgram(generator: SeededGenerator(seed: seed))
    program.makeChain()
    if !isMarked { program.history = nil }
    return program
  }

  private init(generator: SeededGenerator) { self.generator = generator }

  private mutating func makeChain() {
    let history = 1 + generator.below(2)
    let isWide = history == 1 && generator.chance(0.5)
    self.history = history
    let length = 2 * history + 3
    let isInPlate = !isWide && history == 1 && generator.chance(0.4)
    let plates = isInPlate ? [RandomProgram.nests[1][0]] : []
    let inner = generator.chance(0.3) ? RandomProgram.nests[2] : plates
    let isConstant = generator.chance(0.5)
    var outside: [Int] = []
    if generator.chance(0.3) { outside.append(add(.model, [], count: 2, [])) }
    if generator.chance(0.3), !isInPlate || outside.isEmpty {
      outside.append(add(.guide(.parallel), [], count: 2, []))
    }
    let start = generator.chance(0.3) ? add(.model, plates, count: 2, []) : nil
    var first: [Int] = []
    var shared: [Int: Int] = [:]
    for step in 0..<length {
      let parents = first.suffix(history) + (step == 0 ? [start].compactMap(\.self) : [])
      let isLooped = step > history
      func table(_ slot: Int) -> Int? { isConstant && isLooped ? shared[slot] : nil }
      let state = add(
        .model, plates, count: 2, outside + parents, table: table(0), step: step)
      var emitters = [state]
      if isWide {
        emitters.append(
          add(.model, plates, count: 2, [state], table: table(1), step: step))
      }
      let data = add(
        .observed, inner, count: 3, emitters + outside.prefix(1), table: table(2), step: step)
      for (slot, index) in [0: state, 1: emitters.last ?? state, 2: data] {
        shared[slot] = nodes[index].table
      }
      first.append(state)
    }
    if generator.chance(0.5) { add(.observed, plates, count: 2, [first[length - 1]]) }
  }

  /// All logits.
  var logits: [Double] { tables.flatMap(\.self) }

  // MARK: Running it

  /// A part of the logits.
  private func table(_ number: Int, _ logits: Tensor) -> Tensor {
    let start = tables[..<number].reduce(0) { $0 + $1.count }
    return logits.slice(start..<start + tables[number].count)
  }

  /// Enters the plates of a node, outer ones first.
  private func enter(_ plates: ArraySlice<Plate>, _ body: () -> Void) {
    guard let first = plates.first else { return body() }
    PPL.plate(first.name, first.size, axis: first.axis) { enter(plates.dropFirst(), body) }
  }

  private func draw(
    _ index: Int, _ values: inout [Int: Tensor], _ logits: Tensor, isGuide: Bool
  ) {
    let node = nodes[index]
    let parents = isGuide ? node.guideParents : node.parents
    // A shape of the node's plates, inner ones outermost as their axes are.
    let batch = Shape(node.plates.reversed().map(\.size))
    let copies = batch.elementCount
    var row = Tensor.arange(copies).reshaped(to: batch)
    for parent in parents {
      row = row * Tensor(nodes[parent].count) + (values[parent] ?? Tensor(0)).cast(to: .int64)
    }
    let flat = table(isGuide ? node.guideTable : node.table, logits)
    let table = flat.reshaped(to: [flat.count / node.count, node.count])
    let distribution = Categorical(logits: table.gathered(row))
    var infer: InferConfig?
    switch node.role {
    case .guide(let how): infer = .enumerate(how)
    case .model: infer = .enumerate()
    case .observed: infer = nil
    }
    var observed: Tensor?
    if case .observed = node.role {
      observed = Tensor(node.data).reshaped(to: batch).cast(to: .float64)
    }
    func place() {
      enter(node.plates[...]) {
        values[index] = sample(node.name, distribution, observed: observed, infer: infer)
      }
    }
    if let mask = node.mask {
      masked(Tensor(mask).reshaped(to: batch), place)
    } else {
      place()
    }
  }

  func model(_ logits: Tensor) {
    var values: [Int: Tensor] = [:]
    scaled(by: modelScale) {
      for index in nodes.indices where nodes[index].step == nil && !isAfter(index) {
        draw(index, &values, logits, isGuide: false)
      }
      func step(_ step: Int) {
        for index in nodes.indices where nodes[index].step == step {
          draw(index, &values, logits, isGuide: false)
        }
      }
      let steps = 0..<(nodes.compactMap(\.step).max() ?? -1) + 1
      if let history { markov(steps, history: history, step) } else { steps.forEach(step) }
      for index in nodes.indices where isAfter(index) {
        draw(index, &values, logits, isGuide: false)
      }
    }
  }

  /// Whether a node comes after a chain.
  private func isAfter(_ index: Int) -> Bool {
    nodes[index].step == nil && nodes[..<index].contains { $0.step != nil }
  }

  func guide(_ logits: Tensor) {
    var values: [Int: Tensor] = [:]
    scaled(by: guideScale) {
      for index in nodes.indices {
        if case .guide = nodes[index].role { draw(index, &values, logits, isGuide: true) }
      }
    }
  }
}

extension RandomProgram {
  /// Whether a variable of the guide stands in a plate that some of the model's variables do not
  /// stand in.
  func joinsCopies(of name: String, by others: [String]) -> Bool {
    guard let node = nodes.first(where: { $0.name == name }), case .guide = node.role else {
      return false
    }
    return others.allSatisfy { other in
      guard let outer = nodes.first(where: { $0.name == other }), case .model = outer.role else {
        return false
      }
      return !Set(node.plates).isSubset(of: outer.plates)
    }
  }
}
