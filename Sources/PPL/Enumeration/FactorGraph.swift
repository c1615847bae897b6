import Distributions
import Tensors

/// The log densities of a run of guide and model as functions of what is summed over.
struct FactorGraph {
  /// What a sum or an expectation is over.
  struct Variable {
    enum Role {
      /// Summed over with the guide's probabilities.
      case guide
      /// Takes one value in each run, which counts with the guide's probability.
      case sequential
      /// Drawn by the guide, its gradient taken by the score function.
      case scored
      /// Summed out in the model.
      case model
    }

    let site: Site
    let role: Role
    /// All values along a new first axis, where they are taken at once.
    let support: Tensor?
    let plates: Set<String>

    init(_ site: Site, _ role: Role) {
      self.site = site
      self.role = role
      if case .parallel(let support) = site.enumeration {
        self.support = support
      } else {
        support = nil
      }
      plates = Set(site.plates.map(\.name))
    }

    var name: String { site.name }
    var value: Tensor { site.value ?? 0 }
  }

  /// The log density of a site.
  struct Term {
    let site: Site
    var logProb: Tensor
    /// The variable whose values the first axis of `logProb` runs over, if it has such an axis.
    var own: Int?
    /// The numbers of the variables it depends on.
    var sources: [Int] = []

    init(_ site: Site, _ logProb: Tensor, own: Int? = nil) {
      self.site = site
      self.logProb = logProb
      self.own = own
    }
  }

  let variables: [Variable]
  /// Of the model's sites.
  private(set) var model: [Term]
  /// Of the guide's sites.
  private(set) var guide: [Term]
  /// Of the guide's variables, by their number: how probable their values are.
  private(set) var weights: [Int: Term]
  let dependence: Dependence
  /// Values that are drawn or observed.
  let drawn: [Tensor]

  /// - Parameter potentials: what is added to the log probabilities of the model's variables, by
  ///   site, of the shape of the support and the batch.
  init(_ run: ParticleTrace, potentials: [String: Tensor] = [:]) throws(EnumerationError) {
    let variables = FactorGraph.variables(run)
    let numbers = Dictionary(
      uniqueKeysWithValues: variables.enumerated().map { ($1.name, $0) })
    func term(_ site: Site, _ distribution: (any Distribution)?) -> Term {
      guard let number = numbers[site.name], let support = variables[number].support,
        let distribution
      else { return Term(site, site.computedLogProb()) }
      return Term(site, distribution.logProb(support), own: number)
    }
    model = run.model.sites.filter(\.hasDensity).map { site in
      guard site.enumeration != nil else { return term(site, site.distribution) }
      var prior = term(site, site.distribution?.withoutMasks)
      if let potential = potentials[site.name] { prior.logProb = prior.logProb + potential }
      return prior
    }
    guide = run.guide.sites.filter(\.hasDensity).map { term($0, $0.distribution) }
    weights = [:]
    for (number, variable) in variables.enumerated() where variable.role != .model {
      let probability = variable.site.distribution?.withoutMasks
      weights[number] = term(variable.site, probability)
      if variable.support == nil, let probability {
        weights[number]?.logProb = probability.logProb(variable.value)
      }
    }
    dependence = Dependence(
      of: (model + guide + weights.values).map(\.logProb) + variables.compactMap(\.support),
      on: variables.map(\.value))
    self.variables = variables
    drawn = (run.model.sites + run.guide.sites).filter { site in
      site.kind == .sample && numbers[site.name].flatMap { variables[$0].support } == nil
    }.compactMap(\.value)
    for index in model.indices { model[index].sources = try sources(model[index]) }
    for index in guide.indices { guide[index].sources = try sources(guide[index]) }
    for (number, term) in weights {
      let found = try sources(term)
      weights[number]?.sources = found
    }
  }

  private static func variables(_ run: ParticleTrace) -> [Variable] {
    let guide = run.guide.sites.compactMap { site -> Variable? in
      switch site.enumeration {
      case .parallel: Variable(site, .guide)
      case .sequential: Variable(site, .sequential)
      case nil: site.isScored ? Variable(site, .scored) : nil
      }
    }
    let model = run.model.sites.filter { $0.enumeration != nil }
    return guide + model.map { Variable($0, .model) }
  }

  /// What a term depends on.
  private func sources(_ term: Term) throws(EnumerationError) -> [Int] {
    let found = dependence[term.logProb]
    for step in term.site.steps {
      for number in found {
        let other = variables[number].site
        guard let back = other.steps.first(where: { $0.chain == step.chain }) else { continue }
        if step.index - back.index > step.chain.history {
          throw .longerHistory(
            term.site.name, dependsOn: other.name, history: step.chain.history)
        }
      }
    }
    guard let own = term.own, !found.contains(own) else { return found }
    return (found + [own]).sorted()
  }

  func isModel(_ number: Int) -> Bool { variables[number].role == .model }

  // MARK: Factors

  func factor(_ term: Term) throws(EnumerationError) -> Factor {
    try factor(term, term.logProb, outer: [])
  }

  /// A term as a function of the variables it depends on, with an axis for each of its plates.
  ///
  /// - Parameters:
  ///   - logProb: the term's, or one that stands in for it.
  ///   - outer: the names of further axes outside of it.
  func factor(
    _ term: Term, _ logProb: Tensor, outer: [Factor.Axis]
  ) throws(EnumerationError) -> Factor {
    var axes = outer
    if let own = term.own { axes.append(.variable(own)) }
    var tensor = try declared(logProb, term, outside: axes.count)
    axes += term.site.plates.sorted { $0.axis < $1.axis }.map { .plate($0.name) }
    let others = term.sources.filter { $0 != term.own && variables[$0].support != nil }
    guard axes.count + others.count <= Shape.maximumRank else {
      throw .tooManyCauses(term.site.name, dependsOn: others.map { variables[$0].name }.sorted())
    }
    for number in others {
      guard let support = variables[number].support else { continue }
      let value = variables[number].value
      let values = support.broadcast(to: [support.shape[0]] + value.shape)
      let batch = batchingDependents(
        [tensor], replacing: [(value, values)], size: support.shape[0])
      guard let result = batch[0] else { continue }
      tensor = result
      axes.insert(.variable(number), at: 0)
    }
    let factor = Factor(tensor, axes)
    try requirePlates(factor, term.site.name)
    return factor
  }

  /// A log density with the axes of its site's plates and no others but the first ones.
  private func declared(
    _ logProb: Tensor, _ term: Term, outside count: Int
  ) throws(EnumerationError) -> Tensor {
    let site = term.site
    let first = logProb.shape.prefix(count)
    let batch = logProb.shape.dropFirst(count)
    var full = batch.broadcast(with: site.plateShape) ?? batch
    full = full.broadcast(with: site.distribution?.batchShape ?? []) ?? full
    let ones = Shape(repeating: 1, count: full.rank - batch.rank)
    var tensor = logProb.reshaped(to: first + ones + batch).broadcast(to: first + full)
    let plates = Set(site.plates.map { full.rank + $0.axis })
    let others = full.indices.filter { !plates.contains($0) }
    if others.contains(where: { full[$0] > 1 }) {
      if term.own != nil { throw .undeclaredBatch(site.name, batch: full) }
      tensor = tensor.sum(axes: others.map { $0 + count }, keepingAxes: true)
    }
    return tensor.reshaped(to: first + Shape(plates.sorted().map { full[$0] }))
  }

  /// Checks that a factor has the plates of the variables it depends on.
  func requirePlates(_ factor: Factor, _ name: String) throws(EnumerationError) {
    let plates = factor.plates
    for number in factor.variables {
      if let plate = variables[number].plates.subtracting(plates).min() {
        throw .leavesPlate(name, dependsOn: variables[number].name, plate: plate)
      }
    }
  }
}

extension Site {
  /// Whether it has a term in the log density.
  fileprivate var hasDensity: Bool { kind == .sample || kind == .factor }
}
