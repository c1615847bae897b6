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
    let point = state.point
    point.refresh(state.metric, &state.generator)
    state.first.copy(point)
    state.last.copy(point)
    let (path, addition) = (state.path(0), state.path(1))
    path.start(at: point, logWeight: 0)
    var walk = Walk(startEnergy: point.energy)
    var depth = 0
    while depth < maxDepth {
      let isForward = state.generator.uniform() > 0.5
      guard walk.extend(&state, isForward: isForward, depth: depth, into: addition) else { break }
      depth += 1
      let (turns, share) = path.join(addition, isLater: isForward)
      // A draw of the new half is preferred, which moves farther without changing the target.
      if state.generator.uniform() * (1 - share) < share { path.takeDraw(of: addition) }
      if turns { break }
    }
    path.move(point)
    return Transition(
      acceptance: walk.acceptances / Double(max(walk.steps, 1)), isDivergent: walk.isDivergent,
      steps: walk.steps, depth: depth)
  }
}

/// The building of one trajectory.
private struct Walk {
  var steps = 0
  var acceptances = 0.0
  var isDivergent = false
  private let startEnergy: Double

  init(startEnergy: Double) { self.startEnergy = startEnergy }

  /// Goes on for 2^depth steps, which become a path. False if it diverged or turned on the way.
  mutating func extend(
    _ state: inout ChainState, isForward: Bool, depth: Int, into path: Path
  ) -> Bool {
    guard depth > 0 else { return step(state, isForward: isForward, into: path) }
    let far = state.path(depth + 1)
    guard extend(&state, isForward: isForward, depth: depth - 1, into: path),
      extend(&state, isForward: isForward, depth: depth - 1, into: far)
    else { return false }
    let (turns, share) = path.join(far, isLater: isForward)
    if state.generator.uniform() < share { path.takeDraw(of: far) }
    return !turns
  }

  private mutating func step(_ state: ChainState, isForward: Bool, into path: Path) -> Bool {
    let end = isForward ? state.last : state.first
    end.leap(isForward ? state.stepSize : -state.stepSize, state.metric, state.density)
    let error = end.energy - startEnergy
    steps += 1
    acceptances += min(1, exp(-error))
    guard error <= divergenceThreshold else {
      isDivergent = true
      return false
    }
    path.start(at: end, logWeight: -error)
    return true
  }
}
