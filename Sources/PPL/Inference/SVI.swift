public import Tensors

/// Stochastic variational inference: fits the parameters of a guide (and of the model) by gradient
/// steps on the evidence lower bound.
///
/// `step` runs the model's code anew each time, so the model may branch on values; `run` plans one
/// step and repeats the plan. Both give the same numbers from the same seed.
public final class SVI {
  let model: () -> Void
  let guide: any Guide
  let chosenOptimizer: any Optimizer
  /// The optimizer for the parameters there are now.
  var optimizer: any Optimizer
  let objective: any Objective
  let dtype: DType
  /// The key of every draw.
  var key: Int64
  let prepared: PreparedGuide
  private var guideBody: () -> Void { prepared.draw }
  /// The parameters now.
  public package(set) var parameters: ParameterStore
  var optimizerState: [Tensor]
  /// Steps taken, and those of them that changed the parameters.
  var stepsTaken = 0
  var updatesMade = 0
  private let plans = PlanCache()
  /// Those of the last run.
  private(set) var stepPlans: StepPlans?
  /// Steps in a row that were not taken.
  var skipped = 0

  /// How many steps in a row may be skipped because the loss or its gradient is not finite.
  static let skipLimit = 100

  /// - Parameters:
  ///   - model: what it returns is dropped.
  ///   - loss: the objective, whose negative is the loss.
  ///   - dtype: of parameters and of draws whose distribution has literals for parameters.
  ///   - seed: determines initial values and every draw.
  /// - Throws: `ModelError` if model and guide do not go together.
  public init<Result>(
    _ model: @escaping () -> Result, _ guide: some Guide, optimizer: some Optimizer,
    loss: any Objective = TraceELBO(), dtype: DType = .float64, seed: Int = 0
  ) throws {
    precondition(dtype.isFloat, "SVI: expected a floating-point dtype, got \(dtype)")
    let model = { _ = model() }
    self.model = model
    self.guide = guide
    chosenOptimizer = optimizer
    objective = loss
    self.dtype = dtype
    key = RandomKey(seed).hostValue
    prepared = try guide.prepared(for: model, dtype: dtype, seed: seed)
    let setup = SVI.setupKey(key)
    let first = try SVI.firstTrace(loss, model, prepared.draw, setup, dtype)
    try loss.validate(first)
    parameters = ParameterStore(first.sites(of: .param), dtype: dtype)
    parameters.appendMutables(first.sites(of: .mutable))
    self.optimizer = optimizer.resolved(for: parameters.entries.map(ParameterRange.init))
    optimizerState = self.optimizer.initialState(parameters.packed).map { $0.detached() }
  }

  /// The key of initial values.
  private static func setupKey(_ key: Int64) -> RandomKey { RandomKey.host(key).foldIn("setup") }
  private var setupKey: RandomKey { SVI.setupKey(key) }

  private static func firstTrace(
    _ objective: any Objective, _ model: () -> Void, _ guide: () -> Void, _ key: RandomKey,
    _ dtype: DType
  ) throws -> ParticleTrace {
    try handle(
      {
        try seeded(key: key, dtype: dtype) { try objective.run(model, guide) }
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
    let graph = try stepGraph(plans)
    let plan = try plans.plan(for: graph.graph) { try graph.makePlan(self) }
    let results = plan.run(graph.argumentValues(plan))
    let loss = StepResult(results, dtype)
    stepsTaken += 1
    guard loss.isFinite else {
      try noteSkip()
      return loss.loss
    }
    skipped = 0
    updatesMade += 1
    let end = 3 + optimizerState.count
    adopt(Array(results[2..<end]), Array(results[end...]), at: graph.assignedMutables)
    return loss.loss
  }

  /// An estimate of the loss at the present parameters, with the draws that the next step will have.
  public func evaluateLoss() throws -> Double {
    try stepGraph().loss(self).scalar()
  }

  /// Takes `steps` gradient steps and returns the fit.
  ///
  /// A line of progress, and warnings, are shown when standard error is a terminal. Ctrl-C ends the
  /// run with the fit so far. A model that reads values it has drawn cannot be planned once; it is run
  /// step by step.
  @discardableResult
  public func run(steps: Int, showsProgress: Bool = true) throws -> SVIResult {
    try run(steps: steps, RunRecord(steps, showsProgress: showsProgress), review: nil)
  }

  /// As `run(steps:showsProgress:)`, with another name for the estimates in the line of progress.
  package func run(
    steps: Int, showsProgress: Bool, estimate: String, review: Review
  ) throws -> SVIResult {
    try run(
      steps: steps, RunRecord(steps, showsProgress: showsProgress, estimate: estimate),
      review: review)
  }

  private func run(steps: Int, _ record: RunRecord, review: Review?) throws -> SVIResult {
    precondition(steps >= 0, "SVI.run: steps must not be negative, got \(steps)")
    var record = record
    let graph = try stepGraph()
    record.hasOneFunction = !graph.isAnnealed
    for warning in graph.warnings(parameters) { record.warn(warning) }
    try Interruption.whileWatching {
      try go(on: graph, &record, review)
      // Where a review brought back an earlier state, another loop starts from it.
      while record.goesOn { try go(on: try stepGraph(), &record, review) }
    }
    record.finish()
    return SVIResult(self, record)
  }

  /// Takes steps until the run is over or goes back.
  private func go(on graph: StepGraph, _ record: inout RunRecord, _ review: Review?) throws {
    guard graph.readsValues else { return try loop(graph, &record, review) }
    var wentBack = false
    while record.goesOn, !wentBack {
      let loss = try step()
      record.add(loss, wasSkipped: skipped > 0)
      wentBack = try goesBack(review, &record)
    }
  }

  private func loop(_ graph: StepGraph, _ record: inout RunRecord, _ review: Review?) throws {
    let loop = try StepLoop(graph, self)
    var wentBack = false
    defer { if !wentBack { adopt(loop.state, loop.mutables) } }
    while record.goesOn, !wentBack {
      loop.setStep(stepsTaken, updates: updatesMade, keys: keys(stepsTaken))
      let result = loop.run()
      stepsTaken += 1
      if result.isFinite {
        loop.accept()
        updatesMade += 1
        skipped = 0
      } else {
        try noteSkip()
      }
      record.add(result.loss, wasSkipped: skipped > 0)
      if let review, record.losses.count % review.interval == 0 {
        adopt(loop.state.map { $0.copied() }, loop.mutables.map { $0.copied() })
        wentBack = try goesBack(review, &record)
      }
    }
  }

  /// The plans for a run, those of the last one where its steps had the same structure, and what
  /// does not change between steps.
  func stepPlans(for graph: StepGraph) throws -> (plans: StepPlans, invariants: [Storage]) {
    try graph.validate(self)
    let key = graph.graph.key
    if let known = stepPlans, known.key == key {
      return (known, known.slope.invariants(of: graph.graph))
    }
    let (slope, invariants) = graph.makeGradientPlan(self)
    let made = StepPlans(key: key, slope: slope, update: graph.makeUpdatePlan(self))
    stepPlans = made
    return (made, invariants)
  }

  /// Takes over parameters, optimizer state and mutable values.
  ///
  /// - Parameter indices: which mutables these are, all of them if nil.
  private func adopt(_ state: [Storage], _ mutables: [Storage], at indices: [Int]? = nil) {
    parameters.packed = Tensor(storage: state[0], shape: parameters.packed.shape, dtype: dtype)
    optimizerState = zip(state.dropFirst(), optimizerState).map {
      Tensor(storage: $0, shape: $1.shape, dtype: $1.dtype)
    }
    parameters.setMutables(mutables, at: indices ?? Array(mutables.indices))
  }

  /// The graph of the next step. Parameters that its code meets for the first time are added, and
  /// the code run again with them.
  func stepGraph(_ plans: PlanCache? = nil) throws -> StepGraph {
    while true {
      let arguments = StepArguments(
        parameters, optimizerState, stepsTaken, updatesMade, keys(stepsTaken), dtype)
      let graph = try StepGraph(self, arguments, plans: plans) { packed, mutables, batches in
        ParameterHandler(parameters, packed, mutables, setupKey: setupKey, batches: batches)
      }
      guard graph.metUnknown else { return graph }
      let late = graph.sites(of: .param) { !parameters.contains($0) }
      let mutables = graph.sites(of: .mutable) { parameters.mutable($0) == nil }
      if late.isEmpty && mutables.isEmpty { return graph }
      if !late.isEmpty { adopt(late) }
      parameters.appendMutables(mutables)
    }
  }

  /// Adds parameters, and optimizer state for them where it has a number per parameter.
  private func adopt(_ sites: [Site]) {
    parameters.append(sites)
    resolveOptimizer()
    optimizerState = optimizer.grown(optimizerState, for: parameters.packed).map { $0.detached() }
  }

  /// Makes the optimizer that of the parameters there are now.
  func resolveOptimizer() {
    optimizer = chosenOptimizer.resolved(for: parameters.entries.map(ParameterRange.init))
  }

  private func noteSkip() throws(ModelError) {
    skipped += 1
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

  /// The parameters as the optimizer reports them.
  package var fittedParameters: ParameterStore {
    var fitted = parameters
    fitted.packed = optimizer.result(parameters.packed, optimizerState).detached()
    return fitted
  }

  /// The key of each particle of a step.
  func keys(_ step: Int) -> [Int64] {
    let stepKey = RandomKey.hostFoldIn(key, step)
    return (0..<objective.particles).map { RandomKey.hostFoldIn(stepKey, $0) }
  }

  /// A way of running model and guide.
  typealias Runner = (_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace

  /// Guide and model run with given parameters and key, by default as the objective does.
  func particle(
    _ packed: Tensor, _ key: RandomKey, of store: ParameterStore? = nil, _ run: Runner? = nil
  ) throws -> ParticleTrace {
    let store = store ?? parameters
    let handler = ParameterHandler(store, packed, store.mutables.map(\.value), setupKey: setupKey)
    return try particle(handler, key, subsetKey: nil, run)
  }

  /// - Parameter subsetKey: makes the subsets of plates, if all particles have the same.
  func particle(
    _ handler: ParameterHandler, _ key: RandomKey, subsetKey: RandomKey? = nil,
    _ run: Runner? = nil
  ) throws -> ParticleTrace {
    let run = run ?? objective.run
    return try handle(
      {
        try seeded(key: key, dtype: dtype) {
          guard let subsetKey else { return try run(model, guideBody) }
          return try handle(
            { try run(model, guideBody) }, with: SubsetSeedHandler(key: subsetKey))
        }
      }, with: handler)
  }
}

/// What a step starts from.
struct StepArguments {
  let packed: Tensor
  let state: [Tensor]
  let mutables: [ParameterStore.Mutable]
  let stepsTaken: Int
  /// The number of updates so far, as a scalar.
  let step: Tensor
  let keys: [Int64]

  init(
    _ parameters: ParameterStore, _ state: [Tensor], _ stepsTaken: Int, _ updates: Int,
    _ keys: [Int64], _ dtype: DType
  ) {
    self.stepsTaken = stepsTaken
    packed = parameters.packed
    mutables = parameters.mutables
    self.state = state
    self.step = Tensor([Double(updates)], shape: [], dtype: dtype)
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
