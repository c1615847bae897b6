/// One chain: its warm-up and its draws.
///
/// `@unchecked Sendable`: run by one thread, and read when that is done.
final class ChainRun: @unchecked Sendable {
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
    state = ChainState(start, kernel.metric, key: key, density.evaluator())
    stepSize = StepSizeAdaptation(target: kernel.targetAcceptance, size: 1)
    estimate = MetricEstimate(kernel.metric, dimension: start.count)
    record = ChainRecord(dimension: start.count, capacity: samples)
  }

  /// Until all is drawn, or an interrupt asks to stop.
  func run(_ progress: ChainProgress) {
    defer { record.evaluations = state.density.evaluations }
    restartStepSize()
    for step in 0..<warmup.steps {
      if Interruption.wasRequested { return }
      adapt(step, kernel.transition(from: &state))
      progress.advance()
    }
    if warmup.isLongEnough { state.stepSize = stepSize.averaged }
    record.stepSize = state.stepSize
    for _ in 0..<samples {
      if Interruption.wasRequested { return }
      record.add(kernel.transition(from: &state), state.point)
      progress.advance()
    }
  }

  private func adapt(_ step: Int, _ transition: Transition) {
    guard warmup.isLongEnough else { return }
    stepSize.update(acceptance: transition.acceptance)
    state.stepSize = stepSize.size
    if warmup.learnsMetric(step) { estimate.add(state.point) }
    guard warmup.closesWindow(step) else { return }
    state.metric = estimate.metric(after: state.metric)
    estimate = MetricEstimate(kernel.metric, dimension: state.point.dimension)
    restartStepSize()
  }

  private func restartStepSize() {
    state.stepSize = StepSizeAdaptation.reasonable(&state)
    stepSize.restart(state.stepSize)
  }
}
