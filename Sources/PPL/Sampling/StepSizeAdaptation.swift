import Foundation

/// Finds the step size at which proposals are accepted as often as asked for, by dual averaging
/// (Hoffman & Gelman 2014, §3.2).
struct StepSizeAdaptation {
  private let target: Double
  private var center: Double
  private var count = 0.0
  private var error = 0.0
  private var logAverage = 0.0
  private(set) var size: Double

  // The constants of the paper.
  private static let (shrinkage, start, decay) = (0.05, 10.0, 0.75)

  init(target: Double, size: Double) {
    self.target = target
    self.size = size
    center = Foundation.log(10 * size)
  }

  /// Starts again from a size.
  mutating func restart(_ size: Double) { self = StepSizeAdaptation(target: target, size: size) }

  mutating func update(acceptance: Double) {
    count += 1
    let weight = 1 / (count + StepSizeAdaptation.start)
    error = (1 - weight) * error + weight * (target - min(acceptance, 1))
    let logSize = center - error * count.squareRoot() / StepSizeAdaptation.shrinkage
    let part = pow(count, -StepSizeAdaptation.decay)
    logAverage = part * logSize + (1 - part) * logAverage
    size = exp(logSize)
  }

  /// The average of the sizes tried, late ones weighing most.
  var averaged: Double { count > 0 ? exp(logAverage) : size }

  /// A size at which one step changes the acceptance probability to about 0.8, found by doubling and
  /// halving the present one.
  static func reasonable(_ state: inout ChainState) -> Double {
    var size = state.stepSize
    var direction = 0.0
    let bound = Foundation.log(0.8)
    let trial = state.last
    while size > 1e-300 && size < 1e7 {
      trial.copy(state.point)
      trial.refresh(state.metric, &state.generator)
      let before = trial.energy
      trial.leap(size, state.metric, state.density)
      let isLarger = before - trial.energy > bound
      if direction == 0 { direction = isLarger ? 1 : -1 }
      if isLarger != (direction > 0) { break }
      size *= direction > 0 ? 2 : 0.5
    }
    return size
  }
}
