import Tensors

/// The steps of a Markov chain that have one structure, to be summed by a loop.
///
/// The chain's first steps, as many as its history, stay outside. The terms of all later ones are
/// computed at once, along an axis for the steps. The loop carries a factor of the variables that
/// later steps depend on; a step multiplies it by the step's own factors and sums out the variables
/// that are no longer needed.
struct MarkovSum {
  /// The sites whose terms the loop contains.
  let sites: Set<String>
  /// The plates that all carried variables stand in.
  let plates: Set<String>
  /// The variables carried into the loop, and those that stand in their place after it.
  private let before: [Int]
  private let after: [Int]
  /// The variables of the loop's first step.
  private let current: [Int]
  /// What stays after that step, and in whose place it is before the next one.
  private let kept: [(Int, successorOf: Int)]
  /// The factors of the loop's first step, with an axis for the steps where these differ.
  private let factors: [Factor]
  private let length: Int
  private static let steps = Factor.Axis.steps

  var first: Set<Int> { Set(before) }
  var last: Set<Int> { Set(after) }
  /// All variables outside of the loop that its sum depends on.
  var touched: Set<Int> {
    factors.reduce(into: first.union(last)) { $0.formUnion($1.variables) }
  }

  init(_ layout: ChainLayout, _ factors: [Factor]) {
    sites = Set(layout.looped.flatMap { $0.map(\.site.name) })
    plates = layout.plates
    before = layout.carried.map { layout.variable(layout.history - $0.back, $0.slot) }
    after = layout.carried.map { layout.variable(layout.count - $0.back, $0.slot) }
    current = layout.variables[layout.history]
    kept = zip(layout.carried, before).map { place, number in
      (layout.variable(layout.history - place.back + 1, place.slot), successorOf: number)
    }
    self.factors = factors
    length = layout.count - layout.history
  }

  /// A product of factors of the variables before the loop, summed through the loop.
  func sum(_ start: [Factor]) -> Factor {
    let all = start + factors
    let inner = Set((before + current).map(Factor.Axis.variable)).union([MarkovSum.steps])
    let order = before.map(Factor.Axis.variable) + Factor.union(all).filter { !inner.contains($0) }
    let extents = Dictionary(all.flatMap { zip($0.axes, $0.tensor.shape) }) { first, _ in first }
    let initial = Factor.sum(start).broadcast(to: order) { extents[$0] ?? 1 }
    let varying = factors.filter { $0.axes.contains(MarkovSum.steps) }.map { factor in
      factor.reordered([MarkovSum.steps] + factor.axes.filter { $0 != MarkovSum.steps })
    }
    let constant = factors.filter { !$0.axes.contains(MarkovSum.steps) }
    let (carry, _) = scan(
      { carry, rows in
        let own = zip(rows, varying).map { Factor($0, Array($1.axes.dropFirst())) }
        let next = step([Factor(carry[0], order)] + own + constant)
        return ([next.broadcast(to: order) { extents[$0] ?? 1 }.tensor], [])
      }, initial: [initial.tensor], xs: varying.map(\.tensor), length: length)
    return Factor(carry[0], order).renamed(Dictionary(uniqueKeysWithValues: zip(before, after)))
  }

  private func step(_ factors: [Factor]) -> Factor {
    var elimination = Elimination(factors)
    elimination.eliminate(Set(before + current).subtracting(kept.map(\.0)))
    return Factor.sum(elimination.factors)
      .renamed(Dictionary(uniqueKeysWithValues: kept.map { ($0.0, $0.successorOf) }))
  }
}

extension MarkovSum {
  /// The chains among the terms of one sum whose steps have one structure.
  static func find(
    in terms: [FactorGraph.Term], _ graph: FactorGraph
  ) throws(EnumerationError) -> [MarkovSum] {
    var chains: [MarkovChain] = []
    for term in terms {
      guard let step = term.site.steps.first, !chains.contains(step.chain) else { continue }
      chains.append(step.chain)
    }
    var sums: [MarkovSum] = []
    for chain in chains {
      guard let layout = ChainLayout(chain, terms, graph),
        let factors = try layout.factors(graph)
      else { continue }
      sums.append(MarkovSum(layout, factors))
    }
    return sums
  }
}

/// The terms and variables of a Markov chain, step by step.
struct ChainLayout {
  /// A variable of an earlier step: how many steps back, and which of that step's variables.
  struct Place: Hashable {
    let back: Int
    let slot: Int
  }

  let history: Int
  /// The number of steps.
  let count: Int
  /// The terms of the steps that have all of their history.
  let looped: [[FactorGraph.Term]]
  /// The variables of each step.
  let variables: [[Int]]
  /// What later steps depend on, as seen from the first of them.
  let carried: [Place]
  /// The plates of what is carried.
  let plates: Set<String>
  private let places: [Int: (step: Int, slot: Int)]

  /// The fewest steps worth a loop.
  private static let shortest = 3

  /// Nil if the steps do not have one structure.
  init?(_ chain: MarkovChain, _ terms: [FactorGraph.Term], _ graph: FactorGraph) {
    func index(_ site: Site) -> Int? {
      site.steps.count == 1 && site.steps[0].chain == chain ? site.steps[0].index : nil
    }
    let numbers = Set(terms.flatMap(\.sources)).filter(graph.isModel).sorted()
    history = chain.history
    count = 1 + (terms.compactMap { index($0.site) }.max() ?? -1)
    guard history > 0, count >= 2 * history + ChainLayout.shortest else { return nil }
    var steps = [[FactorGraph.Term]](repeating: [], count: count)
    for term in terms { if let step = index(term.site) { steps[step].append(term) } }
    var variables = [[Int]](repeating: [], count: count)
    var places: [Int: (step: Int, slot: Int)] = [:]
    for number in numbers {
      guard let step = index(graph.variables[number].site) else { continue }
      places[number] = (step, variables[step].count)
      variables[step].append(number)
    }
    self.variables = variables
    self.places = places
    looped = Array(steps[history...])
    let from = history
    let used = Set(
      steps[history].flatMap(\.sources).compactMap { number -> Place? in
        guard let place = places[number], place.step < from else { return nil }
        return Place(back: from - place.step, slot: place.slot)
      })
    carried = Set(used.flatMap { use in (1...use.back).map { Place(back: $0, slot: use.slot) } })
      .sorted { ($0.back, $0.slot) < ($1.back, $1.slot) }
    guard let any = carried.first, variables[history].count > any.slot else { return nil }
    plates = graph.variables[variables[history][any.slot]].plates
    guard hasEqualSteps(graph), isSelfContained(terms) else { return nil }
  }

  func variable(_ step: Int, _ slot: Int) -> Int { variables[step][slot] }

  /// Whether each step has the same variables and terms as the first one of the loop.
  private func hasEqualSteps(_ graph: FactorGraph) -> Bool {
    let pattern = looped[0]
    func plates(_ number: Int) -> Set<String> { graph.variables[number].plates }
    guard
      variables.allSatisfy({ step in
        step.map(plates) == variables[history].map(plates)
      }), carried.allSatisfy({ plates(variables[history][$0.slot]) == self.plates }),
      variables[history].allSatisfy({ plates($0).isSubset(of: self.plates) })
    else { return false }
    return looped.enumerated().allSatisfy { offset, terms in
      guard terms.count == pattern.count else { return false }
      return zip(terms, pattern).allSatisfy { term, model in
        uses(term, at: offset + history) == uses(model, at: history)
          && term.site.plates == model.site.plates
          && term.site.distribution?.batchShape == model.site.distribution?.batchShape
          && term.own.flatMap { places[$0]?.slot } == model.own.flatMap { places[$0]?.slot }
      }
    }
  }

  /// What a term depends on: places relative to its step, and numbers of other variables.
  private func uses(_ term: FactorGraph.Term, at step: Int) -> [Set<Place>: Set<Int>] {
    let own = Set(
      term.sources.compactMap { number in
        places[number].map { Place(back: step - $0.step, slot: $0.slot) }
      })
    return [own: Set(term.sources.filter { places[$0] == nil })]
  }

  /// Whether terms outside of the loop depend on no variables inside.
  private func isSelfContained(_ terms: [FactorGraph.Term]) -> Bool {
    let inside = Set(looped.flatMap { $0.map(\.site.name) })
    let after = Set(carried.map { variable(count - $0.back, $0.slot) })
    return terms.filter { !inside.contains($0.site.name) }.allSatisfy { term in
      term.sources.allSatisfy { number in
        guard let place = places[number] else { return true }
        return place.step < history || after.contains(number)
      }
    }
  }

  /// The factors of the first step of the loop, with an axis for all steps where these differ; nil
  /// if the steps differ in structure.
  func factors(_ graph: FactorGraph) throws(EnumerationError) -> [Factor]? {
    let instances = looped.enumerated().map { offset, terms in
      terms.map(\.logProb) + supports(offset + history, graph)
    }
    let parameters = looped.indices.map { offset in
      variables[offset...(offset + history)].flatMap { $0.map { graph.variables[$0].value } }
    }
    let own = Set(places.keys)
    let results = rolled(
      instances, parameters: parameters, atoms: graph.drawn,
      isBound: { !own.isDisjoint(with: graph.dependence[$0]) })
    guard let results, results.suffix(variables[history].count).allSatisfy({ !$0.isStacked })
    else { return nil }
    var factors: [Factor] = []
    for (term, result) in zip(looped[0], results) {
      let factor = try graph.factor(term, result.tensor, outer: result.isStacked ? [.steps] : [])
      let variables = factor.variables.map { graph.variables[$0].plates }
      guard variables.allSatisfy({ $0.isSubset(of: plates) }) else { return nil }
      factors.append(factor.sum(over: Set(factor.plates.subtracting(plates).map { .plate($0) })))
    }
    return factors
  }

  private func supports(_ step: Int, _ graph: FactorGraph) -> [Tensor] {
    variables[step].compactMap { graph.variables[$0].support }
  }
}
