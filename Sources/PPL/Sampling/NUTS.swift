import Foundation

/// The no-U-turn sampler (Hoffman & Gelman 2014) with draws from the whole path, weighted by density
/// (Betancourt 2017), and the generalised criterion of a turn, checked also across the halves of a
/// path.
public struct NUTS: MCMCKernel {
  public let metric: MetricKind
  public let targetAcceptance: Double
  private let maxDepth: Int

  /// - Parameter maxDepth: a path has at most 2^maxDepth − 1 steps.
  public init(
    metric: MetricKind = .diagonal, targetAcceptance: Double = 0.8, maxDepth: Int = 10
  ) {
    precondition(maxDepth > 0 && maxDepth < 31, "NUTS: maxDepth must be in 1...30, got \(maxDepth)")
    precondition(
      targetAcceptance > 0 && targetAcceptance < 1,
      "NUTS: targetAcceptance must be between 0 and 1, got \(targetAcceptance)")
    self.metric = metric
    self.targetAcceptance = targetAcceptance
    self.maxDepth = maxDepth
  }

  public func transition(from state: inout ChainState) -> Transition {
    state.point.refresh(state.metric, &state.generator)
    var walk = Walk(state)
    var path = Path(state.point, logWeight: 0)
    var (first, last) = (state.point, state.point)
    var depth = 0
    while depth < maxDepth {
      let isForward = walk.generator.uniform() > 0.5
      let extended =
        isForward
        ? walk.extend(&last, by: state.stepSize, depth: depth)
        : walk.extend(&first, by: -state.stepSize, depth: depth)
      guard let extended else { break }
      depth += 1
      // A draw of the new half is preferred, which moves farther without changing the target.
      let isNew = walk.generator.uniform() < exp(extended.logWeight - path.logWeight)
      let draw = isNew ? extended.draw : path.draw
      let joined =
        isForward ? Path.joined(path, extended) : Path.joined(extended, path)
      path = joined.path
      path.draw = draw
      if joined.turns { break }
    }
    state.point = path.draw
    state.generator = walk.generator
    return Transition(
      acceptance: walk.acceptances / Double(max(walk.steps, 1)), isDivergent: walk.isDivergent,
      steps: walk.steps, depth: depth)
  }
}

/// A stretch of a trajectory: its ends, the sum of its momenta, and a draw from it.
private struct Path {
  /// Momentum and velocity at the two ends, in the order of time.
  var first: (momentum: [Double], velocity: [Double])
  var last: (momentum: [Double], velocity: [Double])
  var momentumSum: [Double]
  /// The logarithm of the sum of densities, relative to the start.
  var logWeight: Double
  var draw: PhasePoint

  init(_ point: PhasePoint, logWeight: Double) {
    first = (point.momentum, point.velocity)
    last = first
    momentumSum = point.momentum
    self.logWeight = logWeight
    draw = point
  }

  /// Two stretches, one after the other; whether the whole turns back on itself. The draw is that of
  /// the earlier one.
  static func joined(_ a: Path, _ b: Path) -> (path: Path, turns: Bool) {
    var path = a
    path.last = b.last
    path.momentumSum = sum(a.momentumSum, b.momentumSum)
    path.logWeight = logSumExp(a.logWeight, b.logWeight)
    let turns =
      !goesOn(a.first.velocity, b.last.velocity, path.momentumSum)
      || !goesOn(a.first.velocity, b.first.velocity, sum(a.momentumSum, b.first.momentum))
      || !goesOn(a.last.velocity, b.last.velocity, sum(b.momentumSum, a.last.momentum))
    return (path, turns)
  }

  private static func goesOn(_ start: [Double], _ end: [Double], _ momenta: [Double]) -> Bool {
    var (atStart, atEnd) = (0.0, 0.0)
    for index in momenta.indices {
      atStart += start[index] * momenta[index]
      atEnd += end[index] * momenta[index]
    }
    return atStart > 0 && atEnd > 0
  }

  private static func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map(+) }
}

/// The building of one trajectory.
private struct Walk {
  var generator: HostGenerator
  var steps = 0
  var acceptances = 0.0
  var isDivergent = false
  private let metric: Metric
  private let density: LogDensity.Evaluator
  private let startEnergy: Double

  init(_ state: ChainState) {
    generator = state.generator
    metric = state.metric
    density = state.density
    startEnergy = state.point.energy
  }

  /// Goes on from `end` for 2^depth steps. Nil if the path diverged or turned on the way.
  mutating func extend(_ end: inout PhasePoint, by size: Double, depth: Int) -> Path? {
    guard depth > 0 else { return step(&end, size) }
    guard let near = extend(&end, by: size, depth: depth - 1),
      let far = extend(&end, by: size, depth: depth - 1)
    else { return nil }
    let joined = size > 0 ? Path.joined(near, far) : Path.joined(far, near)
    var path = joined.path
    let isFar = generator.uniform() < exp(far.logWeight - path.logWeight)
    path.draw = isFar ? far.draw : near.draw
    return joined.turns ? nil : path
  }

  private mutating func step(_ end: inout PhasePoint, _ size: Double) -> Path? {
    end.leap(size, metric, density)
    let error = end.energy - startEnergy
    steps += 1
    acceptances += error.isNaN ? 0 : min(1, exp(-error))
    guard !(error > divergenceThreshold) else {
      isDivergent = true
      return nil
    }
    return Path(end, logWeight: -error)
  }
}

/// log(eᵃ + eᵇ).
private func logSumExp(_ a: Double, _ b: Double) -> Double {
  let top = max(a, b)
  return top == -.infinity ? top : top + log1p(exp(min(a, b) - top))
}
