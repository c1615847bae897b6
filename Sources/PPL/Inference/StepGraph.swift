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
    let step = derived(svi)
    return graph.plan(step.outputs, extra: step.keys)
  }

  /// The same for many steps, with what does not change between them computed beforehand.
  func makeLoopPlan(_ svi: SVI) throws -> (plan: Plan, invariants: [Storage]) {
    for particle in particles { try particle.validate() }
    let step = derived(svi)
    let varying = [packed, keyLeaf, arguments.step] + arguments.state + step.keys
    return graph.loopPlan(step.outputs, extra: step.keys, varying: varying)
  }

  /// What a step computes, and the leaf that holds the keys of its particles if there are several.
  private func derived(_ svi: SVI) -> (outputs: [Tensor], keys: [Tensor]) {
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
    let update = svi.optimizer.update(packed, flat, arguments.state, step: arguments.step)
    return ([loss, flat.sum(), update.parameters] + update.state, keys)
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

  /// What an argument of the plan stands for.
  func role(_ position: Int) -> StepRole {
    guard let node = graph.node(position) else {
      return hasKeyVector && position == graph.count ? .keys : .fixed
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

/// A plan of a step run over and over, its state in two sets of buffers written in turn.
final class StepLoop {
  private let instances: [PlanInstance]
  private let buffers: [[Storage]]
  private let keys: Storage
  private let step: Storage
  private let scalars: [Storage]
  private let owners: ArgumentValues
  private let dtype: DType
  private var current = 0

  init(_ graph: StepGraph, _ svi: SVI) throws {
    let (plan, invariants) = try graph.makeLoopPlan(svi)
    let arguments = graph.arguments
    dtype = arguments.packed.dtype
    let keys = graph.keyStorage
    let step = Storage(byteCount: 8)
    let scalars = [Storage(byteCount: 8), Storage(byteCount: 8)]
    let initial = [arguments.packed] + arguments.state
    let sets = (0..<2).map { _ in initial.map { $0.copiedStorage() } }
    let owners = graph.argumentValues(plan, invariants: invariants)
    instances = (0..<2).map { turn in
      let values = plan.argumentPositions.enumerated().map { index, position in
        switch graph.role(position) {
        case .keys: keys.pointer
        case .step: step.pointer
        case .state(let number): sets[turn][number].pointer
        case .fixed: owners.pointers[index]
        }
      }
      let instance = PlanInstance(plan)
      instance.bind(arguments: values, outputs: (scalars + sets[1 - turn]).map(\.pointer))
      return instance
    }
    self.keys = keys
    self.step = step
    self.scalars = scalars
    self.owners = owners
    buffers = sets
  }

  /// Parameters and optimizer state now.
  var state: [Storage] { buffers[current] }

  func setStep(_ number: Int, keys values: [Int64]) {
    if dtype == .float32 {
      step.pointer.storeBytes(of: Float(number), as: Float.self)
    } else {
      step.pointer.storeBytes(of: Double(number), as: Double.self)
    }
    for (index, key) in values.enumerated() {
      keys.pointer.storeBytes(of: key, toByteOffset: 8 * index, as: Int64.self)
    }
  }

  /// Computes a step; the state changes when it is accepted.
  func run() -> StepResult {
    instances[current].run()
    return StepResult(scalars, dtype)
  }

  func accept() { current = 1 - current }
}
