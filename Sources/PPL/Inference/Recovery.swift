/// Brings a fit back to where its loss was lowest, once the loss is far above that.
///
/// Gradients of few draws from a wide distribution now and then lead a guide to where they are larger
/// still, from which it does not return by itself.
struct Recovery {
  /// The number of steps whose losses are judged together.
  static let interval = 50

  /// The lowest stretch so far: of its losses the median and the range of the middle half, and the
  /// state it began with.
  private var best: (median: Double, range: Double, state: SVI.State)?
  /// The state that the present stretch began with.
  private var start: SVI.State

  init(from state: SVI.State) { start = state }

  /// Judges a stretch of steps.
  ///
  /// - Returns: the state to go back to, where the median of the losses is above the lowest one by
  ///   more than a nat and twice the range of that one's middle half. Noise has a standard error of
  ///   0.13 such ranges.
  mutating func review(_ losses: ArraySlice<Double>, endedAt end: SVI.State) -> SVI.State? {
    let losses = losses.filter(\.isFinite).sorted()
    func quantile(_ share: Double) -> Double { losses[Int(share * Double(losses.count - 1))] }
    let median = losses.isEmpty ? .infinity : quantile(0.5)
    if let best, median - best.median > max(1, 2 * best.range) {
      start = best.state
      return start
    }
    if median < best?.median ?? .infinity {
      best = (median, quantile(0.75) - quantile(0.25), start)
    }
    start = end
    return nil
  }
}
