/// What a warm-up does when: first the step size, then the metric in windows that double in length,
/// last the step size again (Stan's schedule). Fewer than 20 steps are too few to learn from: the step
/// size is then the one that the chain starts with.
struct Warmup {
  let steps: Int
  private let start: Int
  private let end: Int
  /// The steps after which the metric is replaced.
  private let closings: Set<Int>

  init(steps: Int) {
    self.steps = steps
    var (initial, final, window) = (75, 50, 25)
    if steps < initial + window + final {
      initial = Int(0.15 * Double(steps))
      final = Int(0.1 * Double(steps))
      window = steps - initial - final
    }
    start = initial
    end = steps - final
    var closings: Set<Int> = []
    var close = start + window
    while close <= end, window > 0 {
      // A window that would leave too little for the next one takes all that is left.
      if close + 2 * window > end { close = end }
      closings.insert(close - 1)
      if close == end { break }
      window *= 2
      close += window
    }
    self.closings = closings
  }

  /// Whether anything is learned.
  var isLongEnough: Bool { steps >= 20 }

  /// Whether the metric learns from a step.
  func learnsMetric(_ step: Int) -> Bool { step >= start && step < end }

  /// Whether the metric is replaced after a step.
  func closesWindow(_ step: Int) -> Bool { closings.contains(step) }
}
