/// Looks along a line for a step that satisfies the strong Wolfe conditions (Nocedal & Wright,
/// *Numerical Optimization*, 2nd ed. 2006, algorithms 3.5 and 3.6).
///
/// Where the value is not finite it counts as too high. Values may rise by their rounding error:
/// near a minimum, where they tell nothing any more, the slopes decide.
struct WolfeSearch {
  private struct Trial {
    let length: Double
    let point: SmoothFunction.Point
    /// The derivative with respect to the length.
    let slope: Double
  }

  /// The fractions of the slope that the value must fall by, and that must be left of it at most.
  private static let decrease = 1e-4
  private static let curvature = 0.9
  private static let growth = 4.0
  private static let evaluationLimit = 50

  private let function: SmoothFunction
  private let origin: Trial
  private let direction: [Double]
  /// How far a value may be off.
  private let rounding: Double

  init(_ function: SmoothFunction, from point: SmoothFunction.Point, along direction: [Double]) {
    self.function = function
    self.direction = direction
    origin = Trial(length: 0, point: point, slope: point.gradient.dot(direction))
    rounding = function.rounding * point.value.magnitude
  }

  /// The slope at the start.
  var slope: Double { origin.slope }

  /// A point at an acceptable distance, `nil` if none was found.
  ///
  /// - Parameter length: the distance to try first, in units of the direction.
  func run(first length: Double) -> SmoothFunction.Point? {
    guard slope < 0, slope.isFinite else { return nil }
    var (last, length) = (origin, length)
    for evaluation in 1...WolfeSearch.evaluationLimit {
      let trial = trial(length)
      if isTooHigh(trial, over: last) { return zoom(last, trial, evaluation) }
      if isFlat(trial) { return trial.point }
      if trial.slope >= 0 { return zoom(trial, last, evaluation) }
      last = trial
      length *= WolfeSearch.growth
    }
    return last.point
  }

  /// An acceptable point between two lengths, of which `low` has the lower value.
  private func zoom(_ low: Trial, _ high: Trial, _ evaluations: Int) -> SmoothFunction.Point? {
    var (low, high) = (low, high)
    for _ in evaluations..<WolfeSearch.evaluationLimit {
      let trial = trial(WolfeSearch.between(low, high))
      if isTooHigh(trial, over: low) {
        high = trial
        continue
      }
      if isFlat(trial) { return trial.point }
      if trial.slope * (high.length - low.length) >= 0 { high = low }
      low = trial
    }
    return low.length > 0 ? low.point : nil
  }

  private func trial(_ length: Double) -> Trial {
    var position = origin.point.position
    position.add(length, direction)
    let point = function.evaluate(position)
    return Trial(length: length, point: point, slope: point.gradient.dot(direction))
  }

  private func isTooHigh(_ trial: Trial, over low: Trial) -> Bool {
    let limit = origin.point.value + WolfeSearch.decrease * trial.length * slope
    return !trial.point.isFinite || trial.point.value > min(limit, low.point.value) + rounding
  }

  private func isFlat(_ trial: Trial) -> Bool {
    trial.slope.magnitude <= WolfeSearch.curvature * -slope
  }

  /// Where the cubic through both ends has its minimum, but not too near an end; the middle if an end
  /// is not finite.
  private static func between(_ low: Trial, _ high: Trial) -> Double {
    let middle = 0.5 * (low.length + high.length)
    guard high.point.isFinite else { return middle }
    let width = high.length - low.length
    let bend =
      low.slope + high.slope - 3 * (high.point.value - low.point.value) / width
    let root = (bend * bend - low.slope * high.slope).squareRoot()
    let signed = width < 0 ? -root : root
    let fraction =
      1 - (high.slope + signed - bend) / (high.slope - low.slope + 2 * signed)
    guard fraction.isFinite else { return middle }
    return low.length + width * min(max(fraction, 0.1), 0.9)
  }
}
