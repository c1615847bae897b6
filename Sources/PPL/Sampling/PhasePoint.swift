/// A position with its momentum, and what is known there.
struct PhasePoint {
  var position: [Double]
  var momentum: [Double]
  /// The gradient of the log density.
  var gradient: [Double]
  var logDensity: Double
  /// Covariance · momentum.
  var velocity: [Double]

  /// Kinetic energy minus log density; +∞ where the density is not a number.
  var energy: Double {
    var kinetic = 0.0
    for index in momentum.indices { kinetic += momentum[index] * velocity[index] }
    let energy = 0.5 * kinetic - logDensity
    return energy.isNaN ? .infinity : energy
  }

  /// A point at a position, with a fresh momentum.
  init(_ position: [Double], _ density: LogDensity.Evaluator) {
    self.position = position
    momentum = [Double](repeating: 0, count: position.count)
    gradient = momentum
    velocity = momentum
    logDensity = density(position, gradient: &gradient)
  }

  mutating func refresh(_ metric: Metric, _ generator: inout HostGenerator) {
    momentum = metric.momentum(&generator)
    velocity = metric.velocity(momentum)
  }

  /// One leapfrog step: half a step of the momentum, one of the position, half of the momentum.
  mutating func leap(_ size: Double, _ metric: Metric, _ density: LogDensity.Evaluator) {
    let half = 0.5 * size
    for index in momentum.indices { momentum[index] += half * gradient[index] }
    velocity = metric.velocity(momentum)
    for index in position.indices { position[index] += size * velocity[index] }
    logDensity = density(position, gradient: &gradient)
    for index in momentum.indices { momentum[index] += half * gradient[index] }
    velocity = metric.velocity(momentum)
  }
}
