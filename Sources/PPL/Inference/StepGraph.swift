import Tensors

/// The graph of one step's loss, as the model's code built it, and the plan made from it.
///
/// Only the loss is built at every step. Gradient, particles and optimizer are added when a plan
/// is made; steps whose loss has the same structure share the plan.
struct StepGraph {
  private let losses: [Tensor]
  private let slices: [Tensor]
  private let packed: Tensor
  private let keyLeaf: Tensor
  let arguments: StepArguments
  private let graph: TracedGraph
  private let particles: [ParticleTrace]
  /// Whether the model read values, so that another step may have another graph.
  let readsValues: Bool

  /// - Parameter makeHandler: supplies the parameters from the vector it is given.
  init(
    _ svi: SVI, _ arguments: StepArguments, _ makeHandler: (Tensor) -> ParameterHandler
  ) throws {
    self.arguments = arguments
    let recorder = TraceRecorder()
    packed = Tensor.traced(arguments.packed, recorder)
    keyLeaf = Tensor.traced(RandomKey.host(arguments.keys[0]).tensor, recorder)
    let handler = makeHandler(packed)
    slices = handler.slices
    var particles = [try svi.particle(handler, RandomKey(tensor: keyLeaf))]
    readsValues = !recorder.descriptions.isEmpty
    if readsValues {
      // Each particle may take another branch: run the code for each.
      for key in arguments.keys.dropFirst() {
        particles.append(try svi.particle(handler, RandomKey.host(key)))
      }
    }
    self.particles = particles
    losses = particles.map { -$0.elbo }
    graph = TracedGraph(losses + slices + [packed, keyLeaf, arguments.step] + arguments.state)
  }

  var key: GraphKey { graph.key }

  /// The parameter sites that the step's code met.
  var parameterSites: [Site] { particles.flatMap(\.parameterSites) }

  /// A plan for loss, sum of the gradient, new parameters, new optimizer state.
  ///
  /// - Throws: `ModelError` if guide and model, which may differ from step to step, do not match.
  func makePlan(_ svi: SVI) throws -> Plan {
    for particle in particles { try particle.validate() }
    let slope = slope(svi)
    let update = svi.optimizer.update(
      packed, slope.gradient, arguments.state, step: arguments.step)
    return graph.plan(
      [slope.loss, slope.gradient.sum(), update.parameters] + update.state, extra: slope.keys)
  }

  /// A plan for loss, sum of the gradient and the gradient, to be run for many steps: what does not
  /// change between them is computed beforehand.
  func makeGradientPlan(_ svi: SVI) throws -> (plan: Plan, invariants: [Storage]) {
    for particle in particles { try particle.validate() }
    let slope = slope(svi)
    let varying = [packed, keyLeaf, arguments.step] + arguments.state + slope.keys
    return graph.loopPlan(
      [slope.loss, slope.gradient.sum(), slope.gradient], extra: slope.keys, varying: varying)
  }

  /// A plan for new parameters and optimizer state from the present ones and a gradient.
  func makeUpdatePlan(_ svi: SVI) -> Plan {
    let gradient = Tensor.placeholder(packed.shape, packed.dtype)
    let update = svi.optimizer.update(packed, gradient, arguments.state, step: arguments.step)
    return graph.plan([update.parameters] + update.state, extra: [gradient])
  }

  /// The loss averaged over the particles, its gradient, and the leaf that holds the particles' keys
  /// if there are several.
  private func slope(_ svi: SVI) -> (loss: Tensor, gradient: Tensor, keys: [Tensor]) {
    var keys: [Tensor] = []
    var loss = losses[0]
    if losses.count > 1 {
      loss = losses.dropFirst().reduce(loss, +) / Double(losses.count)
    } else if arguments.keys.count > 1 {
      keys = [Tensor.placeholder([arguments.keys.count], .int64)]
      loss = batch([loss], over: keyLeaf, values: keys[0])[0].mean()
    }
    loss = loss.cast(to: svi.dtype)
    let gradients = gradient(of: loss, withRespectTo: slices)
    let flat =
      gradients.isEmpty ? packed : concat(gradients.map { $0.flattened() }).cast(to: svi.dtype)
    return (loss, flat, keys)
  }

  /// The values of the plan's arguments for this step.
  func argumentValues(_ plan: Plan, invariants: [Storage] = []) -> ArgumentValues {
    let keys = hasKeyVector ? [keyStorage] : []
    return graph.values(plan, extra: keys + invariants)
  }

  /// Whether the particles are computed together, from a vector of keys.
  private var hasKeyVector: Bool { losses.count == 1 && arguments.keys.count > 1 }

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
    if node === keyLeaf.node { return .keys }
    if node === packed.node { return .state(0) }
    if node === arguments.step.node { return .step }
    if let index = arguments.state.firstIndex(where: { $0.node === node }) {
      return .state(index + 1)
    }
    return .fixed
  }
}

enum StepRole {
  case keys
  case step
  /// Parameters (0) or optimizer state.
  case state(Int)
  /// Data.
  case fixed
}
