import Tensors

/// The graph of one step's loss, as the model's code built it, and the plan made from it.
///
/// Only the loss is built at every step. Gradient, particles and optimizer are added when a plan
/// is made; steps whose loss has the same structure share the plan.
struct StepGraph {
  private let terms: [ObjectiveTerms]
  private let slices: [Tensor]
  private let packed: Tensor
  private let mutables: [Tensor]
  /// Which of the mutable values the code sets anew; the others are constants.
  let assignedMutables: [Int]
  private let keyLeaf: Tensor
  /// The mini-batches that the step's code met.
  let batches: [BatchSupply.Met]
  /// The key that all particles draw the subsets of plates with, if they are to have the same.
  private let subsetKeyLeaf: Tensor?
  let arguments: StepArguments
  let graph: TracedGraph
  private let particles: [ParticleTrace]
  /// Whether the model read values, so that another step may have another graph.
  let readsValues: Bool
  /// Whether the step's code met parameters or mutable values that there are not yet.
  let metUnknown: Bool

  /// - Parameters:
  ///   - plans: where the plan will be looked for, if it will be.
  ///   - makeHandler: supplies parameters and mutable values from the tensors it is given.
  init(
    _ svi: SVI, _ arguments: StepArguments, plans: PlanCache?,
    _ makeHandler: (Tensor, [Tensor], BatchSupply) -> ParameterHandler
  ) throws {
    self.arguments = arguments
    let recorder = TraceRecorder()
    packed = Tensor.traced(arguments.packed, recorder)
    mutables = arguments.mutables.map { Tensor.traced($0.value, recorder) }
    keyLeaf = Tensor.traced(RandomKey.host(arguments.keys[0]).tensor, recorder)
    let supply = BatchSupply(step: arguments.stepsTaken, key: svi.key, recorder)
    let handler = makeHandler(packed, mutables, supply)
    subsetKeyLeaf =
      svi.objective.sharesSubsets
      ? Tensor.traced(RandomKey.host(arguments.keys[0]).tensor, recorder) : nil
    slices = handler.slices
    let subsetKey = subsetKeyLeaf.map(RandomKey.init)
    func run(_ key: RandomKey) throws -> ParticleTrace {
      var particle = try svi.particle(handler, key, subsetKey: subsetKey)
      particle.recorder = recorder
      return particle
    }
    var particles = [try run(RandomKey(tensor: keyLeaf))]
    readsValues = !recorder.descriptions.isEmpty
    if readsValues {
      // Each particle may take another branch: run the code for each.
      for key in arguments.keys.dropFirst() { particles.append(try run(RandomKey.host(key))) }
    }
    let terms = try particles.map { try svi.objective.terms($0) }
    metUnknown = handler.metUnknown
    self.particles = particles
    self.terms = terms
    batches = supply.sources
    let each = zip(particles, terms).map { StepGraph.assigned($0, $1, arguments) }
    let assigned = each.flatMap { $0 }
    assignedMutables = arguments.mutables.indices.filter { index in
      each.contains { $0[index] != nil }
    }
    graph = TracedGraph(
      terms.flatMap(\.values) + assigned.compactMap { $0 } + slices + mutables
        + [packed, keyLeaf, arguments.step] + arguments.state
        + (subsetKeyLeaf.map { [$0] } ?? []), cache: plans)
  }

  /// The new value of each mutable that a particle assigns one to.
  private static func assigned(
    _ particle: ParticleTrace, _ terms: ObjectiveTerms, _ arguments: StepArguments
  ) -> [Tensor?] {
    guard !arguments.mutables.isEmpty else { return [] }
    let all = particle.guide.assignments + particle.model.assignments + terms.assignments
    return arguments.mutables.map { mutable in all.last { $0.name == mutable.name }?.value }
  }

  /// The sites of a kind that the step's code met, of those whose names a rule picks.
  func sites(of kind: Site.Kind, where isWanted: (String) -> Bool) -> [Site] {
    particles.flatMap { $0.sites(of: kind, where: isWanted) }
  }

  /// Whether log densities are multiplied by what another step may have another value of.
  var isAnnealed: Bool {
    (particles[0].guide.sites + particles[0].model.sites).contains { !$0.tensorScales.isEmpty }
  }

  /// What is odd about model and guide, and about their parameters if every step has this graph.
  func warnings(_ parameters: ParameterStore) -> [FitWarning] {
    let odd = particles[0].warnings
    if readsValues { return odd }
    let used = origins(of: terms.flatMap(\.values), among: slices).reduce(into: Set()) {
      $0.formUnion($1)
    }
    let unused = parameters.names.indices.filter { !used.contains($0) }
    return odd + unused.map { .unusedParameter(parameters.names[$0]) }
  }

  /// - Throws: `ModelError` if guide and model, which may differ from step to step, do not match.
  func validate(_ svi: SVI) throws {
    for particle in particles { try svi.objective.validate(particle) }
  }

  /// A plan for loss, sum of the gradient, new parameters, new optimizer state, new mutables.
  func makePlan(_ svi: SVI) throws -> Plan {
    try validate(svi)
    let slope = slope(svi)
    let update = svi.optimizer.update(
      packed, slope.gradient, arguments.state, step: arguments.step)
    return graph.plan(
      [slope.loss, slope.gradient.sum(), update.parameters] + update.state + slope.mutables,
      extra: slope.keys)
  }

  /// A plan for loss, sum of the gradient, the gradient and new mutables, to be run for many steps:
  /// what does not change between them is computed beforehand.
  func makeGradientPlan(_ svi: SVI) -> (loop: LoopPlan, invariants: [Storage]) {
    let slope = slope(svi)
    let varying =
      [packed, keyLeaf, arguments.step] + assignedMutables.map { mutables[$0] } + arguments.state
      + slope.keys
      + batches.flatMap(\.columns)
      + (subsetKeyLeaf.map { [$0] } ?? [])
    return graph.loopPlan(
      [slope.loss, slope.gradient.sum(), slope.gradient] + slope.mutables, extra: slope.keys,
      varying: varying)
  }

  /// A plan for new parameters and optimizer state from the present ones and a gradient.
  func makeUpdatePlan(_ svi: SVI) -> Plan {
    let gradient = Tensor.placeholder(packed.shape, packed.dtype)
    let update = svi.optimizer.update(packed, gradient, arguments.state, step: arguments.step)
    return graph.plan([update.parameters] + update.state, extra: [gradient])
  }

  /// The loss, averaged over the particles.
  func loss(_ svi: SVI) throws -> Tensor {
    try validate(svi)
    return slope(svi, keys: Tensor(arguments.keys.map { Int($0) })).loss
  }

  private struct Slope {
    let loss: Tensor
    let gradient: Tensor
    /// In the order of `assignedMutables`.
    let mutables: [Tensor]
    /// The leaf that holds the particles' keys, if there are several.
    let keys: [Tensor]
  }

  /// The loss of all particles, its gradient, and the values that mutable sites have afterwards.
  ///
  /// - Parameter keys: the particles' keys, if they are known; a leaf stands for them otherwise.
  private func slope(_ svi: SVI, keys given: Tensor? = nil) -> Slope {
    var keys: [Tensor] = []
    let count = terms[0].values.count
    var values = terms[0].values
    var assigned = StepGraph.assigned(particles[0], terms[0], arguments)
    if terms.count > 1 {
      values = (0..<count).map { index in stack(terms.map { $0.values[index] }) }
      assigned = meanOverParticles()
    } else if arguments.keys.count > 1 {
      keys = [given ?? Tensor.placeholder([arguments.keys.count], .int64)]
      let all = batch(values + assigned.compactMap { $0 }, over: keyLeaf, values: keys[0])
      values = Array(all.prefix(count))
      var means = all.dropFirst(count).map { $0.mean(axis: 0) }[...]
      assigned = assigned.map { $0 == nil ? nil : means.removeFirst() }
    }
    let loss = svi.objective.loss(values)
    let gradients = gradient(of: loss.surrogate, withRespectTo: slices)
    let flat =
      gradients.isEmpty ? packed : concat(gradients.map { $0.flattened() }).cast(to: svi.dtype)
    let news = assignedMutables.map { index in
      let old = arguments.mutables[index].value
      let new = assigned[index] ?? mutables[index]
      return new.cast(to: old.dtype).broadcast(to: old.shape)
    }
    return Slope(loss: loss.value.cast(to: svi.dtype), gradient: flat, mutables: news, keys: keys)
  }

  /// What the particles, run one by one, assign on average.
  private func meanOverParticles() -> [Tensor?] {
    let each = zip(particles, terms).map { StepGraph.assigned($0, $1, arguments) }
    return arguments.mutables.indices.map { index in
      let values = each.compactMap { $0[index] }
      return values.isEmpty ? nil : stack(values).mean(axis: 0)
    }
  }

  /// The values of the plan's arguments for this step.
  func argumentValues(_ plan: Plan, invariants: [Storage] = []) -> ArgumentValues {
    let keys = hasKeyVector ? [keyStorage] : []
    return graph.values(plan, extra: keys + invariants)
  }

  /// Whether the particles are computed together, from a vector of keys.
  private var hasKeyVector: Bool { terms.count == 1 && arguments.keys.count > 1 }

  /// The keys of all particles.
  var keyStorage: Storage {
    let storage = Storage(byteCount: arguments.keys.count * 8)
    for (index, key) in arguments.keys.enumerated() {
      storage.pointer.storeBytes(of: key, toByteOffset: 8 * index, as: Int64.self)
    }
    return storage
  }

  /// The values of the arguments of a plan for the update, among them the gradient.
  func updateValues(_ plan: Plan, _ gradient: Storage) -> ArgumentValues {
    graph.values(plan, extra: [gradient])
  }

  /// What an argument of a plan stands for.
  func role(_ position: Int, isUpdate: Bool) -> StepRole {
    guard let node = graph.node(position) else {
      return !isUpdate && hasKeyVector && position == graph.count ? .keys : .fixed
    }
    // The subsets' key is the first particle's.
    if node === keyLeaf.node || node === subsetKeyLeaf?.node { return .keys }
    if node === packed.node { return .state(0) }
    if node === arguments.step.node { return .step }
    if let index = arguments.state.firstIndex(where: { $0.node === node }) {
      return .state(index + 1)
    }
    if let index = mutables.firstIndex(where: { $0.node === node }) { return .mutable(index) }
    for (source, met) in batches.enumerated() {
      if let column = met.columns.firstIndex(where: { $0.node === node }) {
        return .batch(source, column)
      }
    }
    return .fixed
  }
}

enum StepRole {
  case keys
  case step
  /// Parameters (0) or optimizer state.
  case state(Int)
  /// A mutable value.
  case mutable(Int)
  /// An array's rows of a mini-batch.
  case batch(Int, Int)
  /// Data.
  case fixed
}
