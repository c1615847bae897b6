/// A position with its momentum, and what is known there.
///
/// In memory of its own, which every step of a path writes to: arrays would be counted, checked and
/// copied at each.
final class PhasePoint {
  let dimension: Int
  let position: UnsafeMutablePointer<Double>
  /// Of the log density.
  let gradient: UnsafeMutablePointer<Double>
  let momentum: UnsafeMutablePointer<Double>
  /// Covariance · momentum.
  let velocity: UnsafeMutablePointer<Double>
  var logDensity = -Double.infinity

  init(dimension: Int) {
    self.dimension = dimension
    position = .allocate(capacity: 4 * dimension)
    position.initialize(repeating: 0, count: 4 * dimension)
    gradient = position + dimension
    momentum = gradient + dimension
    velocity = momentum + dimension
  }

  /// At rest.
  convenience init(_ start: [Double], _ density: LogDensity.Evaluator) {
    self.init(dimension: start.count)
    for (index, value) in start.enumerated() { position[index] = value }
    logDensity = density(position, gradient: gradient)
  }

  deinit { position.deallocate() }

  func copy(_ other: PhasePoint) {
    position.update(from: other.position, count: 4 * dimension)
    logDensity = other.logDensity
  }

  /// Whether the density and its gradient are finite.
  var isFinite: Bool { logDensity.isFinite && (0..<dimension).allSatisfy { gradient[$0].isFinite } }

  /// Kinetic energy minus log density; +∞ where that is no number, or −∞: from an infinite
  /// density, as of a value rounded onto the edge of its support, there would be no way back.
  var energy: Double {
    var kinetic = 0.0
    for index in 0..<dimension { kinetic += momentum[index] * velocity[index] }
    let energy = kinetic / 2 - logDensity
    return energy > -.infinity ? energy : .infinity
  }

  /// Draws a new momentum.
  func refresh(_ metric: Metric, _ generator: inout HostGenerator) {
    metric.draw(into: momentum, &generator)
    metric.multiply(momentum, into: velocity)
  }

  /// A leapfrog step of a size, backwards if it is negative.
  func leap(_ size: Double, _ metric: Metric, _ density: LogDensity.Evaluator) {
    let half = size / 2
    for index in 0..<dimension { momentum[index] += half * gradient[index] }
    metric.multiply(momentum, into: velocity)
    for index in 0..<dimension { position[index] += size * velocity[index] }
    logDensity = density(position, gradient: gradient)
    for index in 0..<dimension { momentum[index] += half * gradient[index] }
    metric.multiply(momentum, into: velocity)
  }
}
