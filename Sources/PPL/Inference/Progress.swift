import Foundation

/// A line on the terminal that shows how far a run is, at most ten times a second.
struct Progress {
  private let total: Int
  let isEnabled: Bool
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var checkEvery = 1
  private var nextCheck = 1

  init(_ total: Int, isEnabled: Bool) {
    self.total = total
    self.isEnabled = isEnabled && isatty(STDERR_FILENO) == 1
  }

  /// - Parameter note: what else to tell, asked for only when it is shown.
  mutating func update(_ step: Int, _ note: @autoclosure () -> String) {
    guard isEnabled, step >= nextCheck else { return }
    let now = ContinuousClock.now
    if now - lastShown < .milliseconds(100) {
      checkEvery = min(checkEvery * 2, 4096)
    } else {
      checkEvery = max(checkEvery / 2, 1)
      show(step, note(), now - start)
      lastShown = now
    }
    nextCheck = step + checkEvery
  }

  func finish(_ step: Int, _ note: @autoclosure () -> String) {
    guard isEnabled, total > 0 else { return }
    show(step, note(), ContinuousClock.now - start)
    FileHandle.standardError.write(Data("\n".utf8))
  }

  /// A line of its own.
  func say(_ line: String) {
    if isEnabled { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
  }

  private func show(_ step: Int, _ note: String, _ elapsed: Duration) {
    let seconds = max(elapsed / .seconds(1), 1e-9)
    let rate = Double(step) / seconds
    let left = Double(total - step) / max(rate, 1e-9)
    let speed = String(format: "%.0f steps/s  %.1f s left", rate, left)
    let line = "\rstep \(step)/\(total)  \(note)\(speed)\u{1B}[K"
    FileHandle.standardError.write(Data(line.utf8))
  }
}

/// The progress of several chains together.
final class ChainProgress: Sendable {
  private let state: Locked<(progress: Progress, step: Int)>

  init(_ total: Int, isEnabled: Bool) {
    state = Locked((Progress(total, isEnabled: isEnabled), 0))
  }

  func advance() {
    state.withLock {
      $0.step += 1
      $0.progress.update($0.step, "")
    }
  }

  func finish() { state.withLock { $0.progress.finish($0.step, "") } }

  /// - Parameter lines: made only if they are shown.
  func say(_ lines: () -> [String]) {
    state.withLock { state in
      if state.progress.isEnabled { lines().forEach(state.progress.say) }
    }
  }
}

/// The losses of a run in progress, and whether it goes on.
struct RunRecord {
  private(set) var losses: [Double] = []
  private(set) var warnings: [FitWarning] = []
  private var skipped = 0
  private var returns = 0
  private(set) var wasInterrupted = false
  /// Whether all losses are of one function, so that a rise means something.
  var hasOneFunction = true
  private var steps: Int
  private let estimate: String
  private var progress: Progress

  /// - Parameter estimate: what the negatives of the losses are called.
  init(_ steps: Int, showsProgress: Bool, estimate: String = "ELBO") {
    self.steps = steps
    self.estimate = estimate
    progress = Progress(steps, isEnabled: showsProgress)
    losses.reserveCapacity(steps)
  }

  /// A run that is over.
  init(losses: [Double]) {
    self.init(0, showsProgress: true)
    self.losses = losses
  }

  /// Whether another step is to be taken; noted when an interrupt was the reason for none.
  var goesOn: Bool {
    mutating get {
      guard losses.count < steps else { return false }
      wasInterrupted = Interruption.wasRequested
      return !wasInterrupted
    }
  }

  mutating func add(_ loss: Double, wasSkipped: Bool) {
    losses.append(loss)
    if wasSkipped { skipped += 1 }
    let (estimate, losses) = (estimate, losses)
    progress.update(losses.count, RunRecord.note(estimate, losses))
  }

  /// The run goes on from an earlier state.
  mutating func noteReturn() { returns += 1 }

  /// No other step is to be taken.
  mutating func stop() { steps = losses.count }

  /// Keeps a warning, and shows it when standard error is a terminal.
  mutating func warn(_ warning: FitWarning) {
    warnings.append(warning)
    progress.say("warning: \(warning)")
  }

  mutating func finish() {
    progress.finish(losses.count, RunRecord.note(estimate, losses))
    if skipped > 0 { warn(.skippedSteps(skipped, of: losses.count)) }
    if returns > 0 {
      warn(.returned(times: returns))
    } else if hasOneFunction, let warning = FitWarning.risenLoss(losses) {
      warn(warning)
    }
  }

  /// The mean of the last hundred estimates.
  private static func note(_ estimate: String, _ losses: [Double]) -> String {
    let recent = losses.suffix(100)
    let mean = -recent.reduce(0, +) / Double(max(recent.count, 1))
    return "\(estimate) \(String(format: "%.4g", mean))  "
  }
}
