import Foundation

/// A stretch of a trajectory: its ends, the sum of its momenta, and a draw from it.
final class Path {
  /// Momentum and velocity, one after the other, at the ends in the order of time.
  private let first: UnsafeMutablePointer<Double>
  private let last: UnsafeMutablePointer<Double>
  private let momentumSum: UnsafeMutablePointer<Double>
  /// Position and gradient, one after the other.
  private let draw: UnsafeMutablePointer<Double>
  private var drawLogDensity = 0.0
  /// The logarithm of the sum of densities, relative to the start of the trajectory.
  private var logWeight = 0.0
  private let dimension: Int

  init(dimension: Int) {
    self.dimension = dimension
    first = .allocate(capacity: 7 * dimension)
    first.initialize(repeating: 0, count: 7 * dimension)
    last = first + 2 * dimension
    draw = last + 2 * dimension
    momentumSum = draw + 2 * dimension
  }

  deinit { first.deallocate() }

  /// Becomes the stretch of one point.
  func start(at point: PhasePoint, logWeight: Double) {
    first.update(from: point.momentum, count: 2 * dimension)
    last.update(from: point.momentum, count: 2 * dimension)
    draw.update(from: point.position, count: 2 * dimension)
    momentumSum.update(from: point.momentum, count: dimension)
    drawLogDensity = point.logDensity
    self.logWeight = logWeight
  }

  /// Adds a stretch that goes on from this one, later in time or earlier. The draw stays.
  ///
  /// - Returns: whether the whole turns back on itself, and which part of its weight is new.
  func join(_ other: Path, isLater: Bool) -> (turns: Bool, share: Double) {
    let turns = isLater ? turned(self, other) : turned(other, self)
    if isLater {
      last.update(from: other.last, count: 2 * dimension)
    } else {
      first.update(from: other.first, count: 2 * dimension)
    }
    for index in 0..<dimension { momentumSum[index] += other.momentumSum[index] }
    let difference = other.logWeight - logWeight
    let smaller = exp(-difference.magnitude)
    logWeight = max(logWeight, other.logWeight) + log1p(smaller)
    return (turns, (difference > 0 ? 1 : smaller) / (1 + smaller))
  }

  func takeDraw(of other: Path) {
    draw.update(from: other.draw, count: 2 * dimension)
    drawLogDensity = other.drawLogDensity
  }

  /// Moves a point to the draw.
  func move(_ point: PhasePoint) {
    point.position.update(from: draw, count: 2 * dimension)
    point.logDensity = drawLogDensity
  }

  /// The generalised criterion (Betancourt 2017): whether the sum of momenta points back at either
  /// end of two stretches; asked of both together, and of each with the nearest point of the other.
  private func turned(_ a: Path, _ b: Path) -> Bool {
    // Dot products of the sum of momenta with the velocities at both ends.
    var (whole, early, late) = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
    for index in 0..<dimension {
      let (start, end) = (a.first[dimension + index], b.last[dimension + index])
      let (sumA, sumB) = (a.momentumSum[index], b.momentumSum[index])
      whole.0 += start * (sumA + sumB)
      whole.1 += end * (sumA + sumB)
      let early1 = sumA + b.first[index]
      early.0 += start * early1
      early.1 += b.first[dimension + index] * early1
      let late1 = sumB + a.last[index]
      late.0 += a.last[dimension + index] * late1
      late.1 += end * late1
    }
    let goesOn =
      whole.0 > 0 && whole.1 > 0 && early.0 > 0 && early.1 > 0 && late.0 > 0 && late.1 > 0
    return !goesOn
  }
}
