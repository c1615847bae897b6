/// The losses of steps in a row, by two numbers that outliers do not move.
struct LossStretch {
  let median: Double
  /// Of the middle half.
  let range: Double

  /// Nil if no loss is finite.
  init?(_ losses: some Sequence<Double>) {
    let sorted = losses.filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return nil }
    func quantile(_ share: Double) -> Double { sorted[Int(share * Double(sorted.count - 1))] }
    median = quantile(0.5)
    range = quantile(0.75) - quantile(0.25)
  }

  /// Whether the median is above another's by more than a nat and so many of the other's ranges.
  func isAbove(_ other: LossStretch, ranges: Double) -> Bool {
    median - other.median > max(1, ranges * other.range)
  }
}
