import Dispatch

/// Markov chain Monte Carlo: draws from the posterior itself, against which any guide can be
/// checked.
///
///     let result = try MCMC(model, kernel: NUTS(), warmup: 1000, samples: 1000, chains: 4).run()
///     print(result.summary())
///
/// The latent sites are moved on unconstrained numbers; the step size and the metric are found in
/// the warm-up. Chains run in parallel and have random numbers of their own: the same seed gives the
/// same draws.
public struct MCMC {
  private let model: () -> Void
  private let kernel: any MCMCKernel
  private let warmup: Int
  private let samples: Int
  private let chains: Int
  private let strategy: InitStrategy
  private let seed: Int

  /// - Parameters:
  ///   - model: what it returns is dropped.
  ///   - warmup: steps per chain before the draws that count.
  ///   - samples: draws per chain.
  ///   - start: where the chains start.
  public init<Result>(
    _ model: @escaping () -> Result, kernel: any MCMCKernel = NUTS(), warmup: Int = 1000,
    samples: Int = 1000, chains: Int = 4, start: InitStrategy = .uniform(), seed: Int = 0
  ) {
    precondition(warmup >= 0, "MCMC: warmup must not be negative, got \(warmup)")
    precondition(samples > 0, "MCMC: samples must be positive, got \(samples)")
    precondition(chains > 0, "MCMC: chains must be positive, got \(chains)")
    self.model = { _ = model() }
    self.kernel = kernel
    self.warmup = warmup
    self.samples = samples
    self.chains = chains
    strategy = start
    self.seed = seed
  }

  /// Runs the chains. A line of progress is shown when standard error is a terminal; Ctrl-C ends the
  /// run with the draws so far.
  ///
  /// - Throws: `CompileError.readsValue` if the model branches on latent values; `ModelError` if its
  ///   sites are of a kind the sampler cannot move, or no start with a finite density was found.
  public func run(showsProgress: Bool = true) throws -> MCMCResult {
    let density = try LogDensity(model, seed: seed)
    let key = RandomKey.hostFoldIn(RandomKey(seed).hostValue, RandomKey.datum(of: "chains"))
    let runs = try (0..<chains).map { number in
      let chainKey = RandomKey.hostFoldIn(key, number)
      return ChainRun(
        kernel, density, try start(density, chainKey), key: chainKey, Warmup(steps: warmup), samples
      )
    }
    let progress = ChainProgress(chains * (warmup + samples), isEnabled: showsProgress)
    Interruption.whileWatching {
      DispatchQueue.concurrentPerform(iterations: chains) { runs[$0].run(progress) }
    }
    progress.finish()
    return try MCMCResult(density, runs.map(\.record))
  }

  /// An unconstrained point whose density and gradient are finite.
  private func start(_ density: LogDensity, _ key: Int64) throws -> [Double] {
    let evaluator = density.evaluator()
    var gradient = [Double](repeating: 0, count: density.dimension)
    for attempt in 0..<100 {
      let point = try density.layout.point(
        strategy, RandomKey.host(RandomKey.hostFoldIn(key, attempt)))
      let value = evaluator(point, gradient: &gradient)
      if value.isFinite && gradient.allSatisfy(\.isFinite) { return point }
    }
    throw ModelError.noStart(attempts: 100)
  }
}

/// One chain: its warm-up and its draws.
///
/// `@unchecked Sendable`: run by one thread, and read when that is done.
private final class ChainRun: @unchecked Sendable {
  private(set) var record: ChainRecord
  private let kernel: any MCMCKernel
  private let warmup: Warmup
  private let samples: Int
  private var state: ChainState
  private var stepSize: StepSizeAdaptation
  private var estimate: MetricEstimate

  init(
    _ kernel: any MCMCKernel, _ density: LogDensity, _ start: [Double], key: Int64,
    _ warmup: Warmup, _ samples: Int
  ) {
    self.kernel = kernel
    self.warmup = warmup
    self.samples = samples
    let evaluator = density.evaluator()
    state = ChainState(
      point: PhasePoint(start, evaluator),
      metric: Metric(kernel.metric, dimension: density.dimension), stepSize: 1,
      generator: HostGenerator(key: key), density: evaluator)
    stepSize = StepSizeAdaptation(target: kernel.targetAcceptance, size: 1)
    estimate = MetricEstimate(kernel.metric, dimension: density.dimension)
    record = ChainRecord(dimension: density.dimension)
  }

  func run(_ progress: ChainProgress) {
    restartStepSize()
    for step in 0..<warmup.steps {
      if Interruption.wasRequested { return }
      let transition = kernel.transition(from: &state)
      adapt(step, transition)
      progress.advance()
    }
    if warmup.steps > 0 { state.stepSize = stepSize.averaged }
    record.stepSize = state.stepSize
    for _ in 0..<samples {
      if Interruption.wasRequested { return }
      let transition = kernel.transition(from: &state)
      record.add(transition, state.point)
      progress.advance()
    }
    record.evaluations = state.density.evaluations
  }

  private func adapt(_ step: Int, _ transition: Transition) {
    stepSize.update(acceptance: transition.acceptance)
    state.stepSize = stepSize.size
    if warmup.learnsMetric(step) { estimate.add(state.point.position) }
    guard warmup.closesWindow(step) else { return }
    if let metric = estimate.metric { state.metric = metric }
    estimate = MetricEstimate(kernel.metric, dimension: state.point.position.count)
    restartStepSize()
  }

  private func restartStepSize() {
    state.stepSize = StepSizeAdaptation.reasonable(
      state.stepSize, state.point, state.metric, state.density, &state.generator)
    stepSize.restart(state.stepSize)
  }
}
