import Tensors

/// A number to be averaged over what the guide may draw.
struct EnumeratedCost {
  var factor: Factor
  /// The guide's variables it depends on.
  var sources: Set<Int>
}

/// The mean of a sum of costs over the values of a guide's variables: exact where these are summed
/// over, with the gradient of the mean also where they are drawn.
///
/// Costs are averaged over one variable after the other, the last one of the guide first: its
/// probability depends on those before it. Each cost becomes one that depends on these instead.
/// Costs of the same variables are added up on the way, so that a chain takes time linear in its
/// length.
struct GuideExpectation {
  private let graph: FactorGraph
  private let sequential: Set<Int>
  /// The costs by the last variable they depend on.
  private var pending: [[EnumeratedCost]]
  private var total: Tensor?

  private init(_ graph: FactorGraph) {
    self.graph = graph
    sequential = Set(graph.variables.indices.filter { graph.variables[$0].role == .sequential })
    pending = [[EnumeratedCost]](repeating: [], count: graph.variables.count)
  }

  static func of(_ costs: [EnumeratedCost], _ graph: FactorGraph) throws(EnumerationError) -> Tensor
  {
    var expectation = GuideExpectation(graph)
    // A value taken in this run alone may decide by Swift's control flow what costs there are.
    for cost in costs {
      expectation.add(
        EnumeratedCost(factor: cost.factor, sources: cost.sources.union(expectation.sequential)))
    }
    for number in graph.variables.indices.reversed() {
      for cost in expectation.pending[number] {
        expectation.add(try expectation.averaged(cost, over: number))
      }
      expectation.pending[number] = []
    }
    return expectation.total ?? 0
  }

  private mutating func add(_ cost: EnumeratedCost) {
    guard let last = cost.sources.max() else {
      let sum = cost.factor.tensor.sum()
      total = total.map { $0 + sum } ?? sum
      return
    }
    let axes = Set(cost.factor.axes)
    let same = pending[last].firstIndex {
      $0.sources == cost.sources && Set($0.factor.axes) == axes
    }
    if let same {
      pending[last][same].factor = pending[last][same].factor + cost.factor
    } else {
      pending[last].append(cost)
    }
  }

  private func averaged(_ cost: EnumeratedCost, over number: Int) throws(EnumerationError)
    -> EnumeratedCost
  {
    guard let weight = graph.weights[number] else { return cost }
    let variable = graph.variables[number]
    var logWeight = try graph.factor(weight)
    let gone = logWeight.plates.subtracting(cost.factor.plates)
    if variable.support == nil {
      // Draws that a cost outside of their plate depends on count together.
      logWeight = logWeight.sum(over: Set(gone.map { .plate($0) }))
    }
    var factor: Factor
    if variable.role == .scored {
      let score = logWeight.map { exp($0 - stopGradient($0)) }
      factor = Factor.combine(cost.factor, score, *)
    } else {
      // What cannot happen counts nothing, whatever it costs.
      factor = Factor.combine(cost.factor, logWeight) { cost, logWeight in
        `where`(logWeight .> Tensor(floatLiteral: -.infinity), exp(logWeight) * cost, 0)
      }
    }
    try graph.requirePlates(factor, variable.name)
    factor = factor.sum(over: [.variable(number)])
    let sources = cost.sources.union(weight.sources).subtracting([number])
    return EnumeratedCost(factor: factor, sources: sources)
  }
}
