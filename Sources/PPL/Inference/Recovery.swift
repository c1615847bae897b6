/// Brings a fit back to where its loss was lowest, once the loss is far above that.
///
/// Gradients of few draws from a wide distribution now and then lead a guide to where they are larger
/// still, from which it does not return by itself.
struct Recovery {
  /// The number of steps whose losses are judged together.
  static let interval = 50

  /// The lowest stretch so far, and the state it began with.
  private var best: (stretch: LossStretch, state: SVI.State)?
  /// The state that the present stretch began with.
  private var start: SVI.State

  init(from state: SVI.State) { start = state }

  /// Judges a stretch of steps.
  ///
  /// - Returns: the state to go back to, where the median of the losses is above the lowest one by
  ///   more than a nat and twice the range of that one's middle half. Noise has a standard error of
  ///   0.13 such ranges.
  mutating func review(_ losses: ArraySlice<Double>, endedAt end: SVI.State) -> SVI.State? {
    let stretch = LossStretch(losses)
    if let best, stretch?.isAbove(best.stretch, ranges: 2) ?? true {
      start = best.state
      return start
    }
    if let stretch, stretch.median < best?.stretch.median ?? .infinity { best = (stretch, start) }
    start = end
    return nil
  }
}
