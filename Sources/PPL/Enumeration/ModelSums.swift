import Tensors

/// The log density of a model with its own variables summed out: log Σ Π over variables in plates
/// that nest like a tree.
///
/// Factors of the innermost plates come first. There the variables of these plates are summed out;
/// what is left is multiplied over the plates that none of its variables stands in, and joins the
/// factors further out. See Obermeyer et al. (2019), Tensor variable elimination for plated factor
/// graphs.
struct ModelSums {
  private let graph: FactorGraph
  private let operation: Elimination.Operation
  /// Whether chains are summed by loops, which leave no records.
  private let loops: Bool
  /// The sums in the order in which they were taken.
  private(set) var records: [Elimination.Record] = []

  init(_ graph: FactorGraph, _ operation: Elimination.Operation = .sum, loops: Bool = true) {
    self.graph = graph
    self.operation = operation
    self.loops = loops && operation == .sum
  }

  /// The model's terms, as costs that depend on the guide's variables alone.
  mutating func costs() throws(EnumerationError) -> [EnumeratedCost] {
    var costs: [EnumeratedCost] = []
    for component in FactorGraph.components(graph.model, graph.isModel) {
      let sources = Set(component.flatMap(\.sources)).filter { !graph.isModel($0) }
      try requireCommonScale(component)
      for factor in try summed(component) {
        let scaled = factor.map { component[0].site.scaled($0) }
        costs.append(EnumeratedCost(factor: scaled, sources: sources))
      }
    }
    return costs
  }

  /// A scale stays outside of the logarithm, and must therefore be one for all.
  private func requireCommonScale(_ terms: [FactorGraph.Term]) throws(EnumerationError) {
    let sites = terms.map(\.site)
    if sites.contains(where: { $0.scale != sites[0].scale }) {
      throw .differentScales(
        Dictionary(sites.map { ($0.name, $0.scale) }) { first, _ in first })
    }
    if sites.contains(where: { !$0.hasScale(of: sites[0]) }) {
      throw .differentTensorScales(Set(sites.map(\.name)).sorted())
    }
  }

  private mutating func summed(
    _ terms: [FactorGraph.Term]
  ) throws(EnumerationError) -> [Factor] {
    let chains = loops ? try MarkovSum.find(in: terms, graph) : []
    let looped = Set(chains.flatMap(\.sites))
    var factors: [Factor] = []
    for term in terms where !looped.contains(term.site.name) {
      factors.append(try graph.factor(term))
    }
    return try contract(factors, chains)
  }

  /// Sums out all variables of the model.
  private mutating func contract(
    _ factors: [Factor], _ chains: [MarkovSum]
  ) throws(EnumerationError) -> [Factor] {
    var results: [Factor] = []
    var groups = Dictionary(grouping: factors, by: \.plates)
    while let plates = groups.keys.max(by: ModelSums.isFurtherOut) {
      let group = groups.removeValue(forKey: plates) ?? []
      let local = Set(group.flatMap(\.variables)).filter { isLocal($0, plates) }
      var elimination = Elimination(group, operation)
      let own = chains.filter { $0.plates == plates }
      for (index, chain) in own.enumerated() {
        let later = own[index...].reduce(into: Set<Int>()) { $0.formUnion($1.touched) }
        elimination.eliminate(local.subtracting(later))
        elimination.add(chain.sum(elimination.take(chain.first)))
      }
      let last = own.reduce(into: local) { $0.formUnion($1.last) }
      elimination.eliminate(last)
      records += elimination.records
      for factor in elimination.factors {
        let rest = factor.variables.filter(graph.isModel)
        guard !rest.isEmpty else {
          results.append(factor)
          continue
        }
        let moved = try multiplied(factor, rest)
        groups[moved.plates, default: []].append(moved)
      }
    }
    return results
  }

  private func isLocal(_ number: Int, _ plates: Set<String>) -> Bool {
    graph.isModel(number) && graph.variables[number].plates == plates
  }

  /// An order that is the same in each run: by the number of plates, then by their names.
  private static func isFurtherOut(_ a: Set<String>, _ b: Set<String>) -> Bool {
    a.count != b.count
      ? a.count < b.count : a.sorted().lexicographicallyPrecedes(b.sorted())
  }

  /// A factor multiplied over the plates in which none of the variables stands.
  private func multiplied(
    _ factor: Factor, _ rest: Set<Int>
  ) throws(EnumerationError) -> Factor {
    let kept = rest.reduce(into: Set<String>()) { $0.formUnion(graph.variables[$1].plates) }
    let gone = factor.plates.subtracting(kept)
    let names = rest.sorted().map { graph.variables[$0].name }
    if gone.isEmpty { throw .plateNesting(names, plates: kept.sorted()) }
    for number in factor.variables.sorted() where !graph.isModel(number) {
      let variable = graph.variables[number]
      if let plate = variable.plates.intersection(gone).min() {
        throw .joinsCopies(of: variable.name, by: names, plate: plate)
      }
    }
    return factor.sum(over: Set(gone.map { .plate($0) }))
  }
}

extension FactorGraph {
  /// The terms in groups that share no variables of a kind.
  static func components(_ terms: [Term], _ isJoint: (Int) -> Bool) -> [[Term]] {
    var parents = Array(terms.indices)
    func root(_ index: Int) -> Int {
      var index = index
      while parents[index] != index {
        parents[index] = parents[parents[index]]
        index = parents[index]
      }
      return index
    }
    var first: [Int: Int] = [:]
    for (index, term) in terms.enumerated() {
      for number in term.sources where isJoint(number) {
        if let other = first[number] {
          parents[root(index)] = root(other)
        } else {
          first[number] = index
        }
      }
    }
    var groups: [Int: [Term]] = [:]
    var order: [Int] = []
    for (index, term) in terms.enumerated() {
      if groups[root(index)] == nil { order.append(root(index)) }
      groups[root(index), default: []].append(term)
    }
    return order.compactMap { groups[$0] }
  }
}
