public import Tensors

/// Stochastic variational inference: fits the parameters of a guide (and of the model) by gradient
/// steps on the evidence lower bound.
///
/// `step` runs the model's code anew each time, so the model may branch on values; `run` plans one
/// step and repeats the plan. Both give the same numbers from the same seed.
public final class SVI {
  let model: () -> Void
  let guide: any Guide
  let optimizer: any Optimizer
  let particles: Int
  let dtype: DType
  private let key: Int64
  private let setupKey: RandomKey
  let guideBody: () -> Void
  /// The parameters now.
  public private(set) var parameters: ParameterStore
  private var optimizerState: [Tensor]
  /// Steps taken, and those of them that changed the parameters.
  private var stepsTaken = 0
  private var updatesMade = 0
  private let plans = PlanCache()
  private var skipped = 0

  /// How many steps in a row may be skipped because the loss or its gradient is not finite.
  static let skipLimit = 100

  /// - Parameters:
  ///   - particles: draws per step over which the objective is averaged.
  ///   - dtype: of parameters and of draws whose distribution has literals for parameters.
  ///   - seed: determines initial values and every draw.
  /// - Throws: `ModelError` if model and guide do not go together.
  public init(
    _ model: @escaping () -> Void, _ guide: some Guide, optimizer: some Optimizer,
    particles: Int = 1, dtype: DType = .float64, seed: Int = 0
  ) throws {
    precondition(particles > 0, "SVI: particles must be positive, got \(particles)")
    precondition(dtype.isFloat, "SVI: expected a floating-point dtype, got \(dtype)")
    self.model = model
    self.guide = guide
    self.optimizer = optimizer
    self.particles = particles
    self.dtype = dtype
    key = RandomKey(seed).hostValue
    guideBody = try guide.body(for: model, dtype: dtype)
    setupKey = RandomKey(seed).foldIn("setup")
    let first = try SVI.firstTrace(model, guideBody, setupKey, dtype)
    try first.validate()
    parameters = ParameterStore(first.parameterSites, dtype: dtype)
    optimizerState = optimizer.initialState(parameters.packed).map { $0.detached() }
  }

  private static func firstTrace(
    _ model: () -> Void, _ guide: () -> Void, _ key: RandomKey, _ dtype: DType
  ) throws -> ParticleTrace {
    try handle(
      {
        try seeded(key: key, dtype: dtype) { try ParticleTrace(model, guide) }
      }, with: InitialValueHandler(key: key))
  }

  // MARK: Steps

  /// Takes one gradient step, running the model's code.
  ///
  /// A step whose loss or gradient is not finite leaves the parameters as they were.
  /// - Returns: the loss, the negative of the objective's estimate before the step.
  /// - Throws: `ModelError.notFinite` after too many such steps in a row.
  @discardableResult
  public func step() throws -> Double {
    let graph = try stepGraph()
    let plan = try plans.plan(for: graph.key) { try graph.makePlan(self) }
    let results = plan.run(graph.argumentValues(plan))
    let loss = StepResult(results, dtype)
    stepsTaken += 1
    guard loss.isFinite else {
      try noteSkip(1)
      return loss.loss
    }
    skipped = 0
    updatesMade += 1
    parameters.packed = Tensor(
      storage: results[2], shape: parameters.packed.shape, dtype: dtype)
    optimizerState = zip(results.dropFirst(3), optimizerState).map {
      Tensor(storage: $0, shape: $1.shape, dtype: $1.dtype)
    }
    return loss.loss
  }

  /// Takes `steps` gradient steps and returns the fit.
  ///
  /// A line of progress is shown when standard error is a terminal. A model that reads values it
  /// has drawn cannot be planned once; it is run step by step.
  @discardableResult
  public func run(steps: Int, showsProgress: Bool = true) throws -> SVIResult {
    precondition(steps >= 0, "SVI.run: steps must not be negative, got \(steps)")
    var losses: [Double] = []
    losses.reserveCapacity(steps)
    var progress = Progress(steps, isEnabled: showsProgress)
    let graph = try stepGraph()
    if graph.readsValues {
      for index in 0..<steps {
        losses.append(try step())
        progress.update(index + 1, losses)
      }
    } else {
      try loop(graph, steps, &losses, &progress)
    }
    progress.finish(losses)
    return SVIResult(self, losses: losses)
  }

  private func loop(
    _ graph: StepGraph, _ steps: Int, _ losses: inout [Double], _ progress: inout Progress
  ) throws {
    let loop = try StepLoop(graph, self)
    defer {
      parameters.packed = Tensor(
        storage: loop.state[0], shape: parameters.packed.shape, dtype: dtype)
      optimizerState = zip(loop.state.dropFirst(), optimizerState).map {
        Tensor(storage: $0, shape: $1.shape, dtype: $1.dtype)
      }
    }
    for index in 0..<steps {
      loop.setStep(updatesMade, keys: keys(stepsTaken))
      let result = loop.run()
      losses.append(result.loss)
      stepsTaken += 1
      if result.isFinite {
        loop.accept()
        updatesMade += 1
        skipped = 0
      } else {
        try noteSkip(1)
      }
      progress.update(index + 1, losses)
    }
  }

  /// The graph of the next step. Parameters that its code meets for the first time are added, and
  /// the code run again with them.
  private func stepGraph() throws -> StepGraph {
    while true {
      let arguments = StepArguments(
        parameters, optimizerState, updatesMade, keys(stepsTaken), dtype)
      let handler = { ParameterHandler(self.parameters, packed: $0, setupKey: self.setupKey) }
      let graph = try StepGraph(self, arguments, handler)
      let late = graph.parameterSites.filter { !parameters.contains($0.name) }
      if late.isEmpty { return graph }
      adopt(late)
    }
  }

  /// Adds parameters, and optimizer state for them where it has a number per parameter.
  private func adopt(_ sites: [Site]) {
    let old = parameters.count
    parameters.append(sites)
    let added = parameters.packed.slice(old..<parameters.count)
    let fresh = optimizer.initialState(added)
    optimizerState = zip(optimizerState, fresh).map { state, part in
      state.shape == [old] ? concat([state, part]).detached() : state
    }
  }

  private func noteSkip(_ count: Int) throws(ModelError) {
    skipped += count
    if skipped > SVI.skipLimit { throw .notFinite(step: stepsTaken - 1, site: firstNotFinite()) }
  }

  /// The first site whose log density is not finite at the present parameters.
  private func firstNotFinite() -> String {
    let key = RandomKey.host(keys(stepsTaken - 1)[0])
    guard let particle = try? particle(parameters.packed, key) else { return "?" }
    for site in particle.guide.sites + particle.model.sites {
      if let term = site.logProbSum(), !term.scalar().isFinite { return site.name }
    }
    return "the gradient"
  }

  /// The key of each particle of a step.
  private func keys(_ step: Int) -> [Int64] {
    let stepKey = RandomKey.hostFoldIn(key, step)
    return (0..<particles).map { RandomKey.hostFoldIn(stepKey, $0) }
  }

  /// Guide and model run with given parameters and key.
  func particle(_ packed: Tensor, _ key: RandomKey) throws -> ParticleTrace {
    try particle(ParameterHandler(parameters, packed: packed, setupKey: setupKey), key)
  }

  func particle(_ handler: ParameterHandler, _ key: RandomKey) throws -> ParticleTrace {
    try handle(
      { try seeded(key: key, dtype: dtype) { try ParticleTrace(model, guideBody) } },
      with: handler)
  }
}

/// What a step starts from.
struct StepArguments {
  let packed: Tensor
  let state: [Tensor]
  let step: Tensor
  let keys: [Int64]
  let parameters: ParameterStore

  init(
    _ parameters: ParameterStore, _ state: [Tensor], _ step: Int, _ keys: [Int64], _ dtype: DType
  ) {
    self.parameters = parameters
    packed = parameters.packed
    self.state = state
    self.step = Tensor([Double(step)], shape: [], dtype: dtype)
    self.keys = keys
  }
}

/// The loss of a step, and whether the step may be taken.
struct StepResult {
  let loss: Double
  let isFinite: Bool

  /// - Parameter results: the loss and the sum of the gradient's elements come first.
  init(_ results: [Storage], _ dtype: DType) {
    loss = results[0].scalar(dtype)
    isFinite = loss.isFinite && results[1].scalar(dtype).isFinite
  }
}

extension Storage {
  func scalar(_ dtype: DType) -> Double {
    dtype == .float32
      ? Double(pointer.load(as: Float.self)) : pointer.load(as: Double.self)
  }
}
