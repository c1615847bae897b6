import Foundation

/// Hamiltonian Monte Carlo with paths of a fixed length (Duane et al. 1987; Neal 2011).
public struct HMC: MCMCKernel {
  public let metric: MetricKind
  public let targetAcceptance: Double
  private let pathLength: Double

  /// - Parameter pathLength: the time a path takes; its steps number pathLength / step size, but no
  ///   more than 65,536.
  public init(
    pathLength: Double = 2 * .pi, metric: MetricKind = .diagonal, targetAcceptance: Double = 0.8
  ) {
    precondition(
      pathLength > 0 && pathLength.isFinite, "HMC: pathLength must be positive, got \(pathLength)")
    precondition(
      targetAcceptance > 0 && targetAcceptance < 1,
      "HMC: targetAcceptance must be between 0 and 1, got \(targetAcceptance)")
    self.pathLength = pathLength
    self.metric = metric
    self.targetAcceptance = targetAcceptance
  }

  public func transition(from state: inout ChainState) -> Transition {
    state.point.refresh(state.metric, &state.generator)
    let before = state.point.energy
    let end = state.last
    end.copy(state.point)
    let steps = Int(min(max((pathLength / state.stepSize).rounded(), 1), 0x1p16))
    for _ in 0..<steps { end.leap(state.stepSize, state.metric, state.density) }
    let error = end.energy - before
    let acceptance = min(1, exp(-error))
    if state.generator.uniform() < acceptance { state.point.copy(end) }
    return Transition(
      acceptance: acceptance, isDivergent: error > divergenceThreshold, steps: steps, depth: 0)
  }
}
