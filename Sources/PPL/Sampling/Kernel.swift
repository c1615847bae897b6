/// A rule that takes a chain from one draw to the next.
public protocol MCMCKernel: Sendable {
  /// What the sampler supposes about the shape of the posterior.
  var metric: MetricKind { get }
  /// How often proposals should be accepted, on average; the step size is made for it.
  var targetAcceptance: Double { get }
  /// The next draw; called by the sampler.
  func transition(from state: inout ChainState) -> Transition
}

/// What a transition tells about itself.
public struct Transition: Sendable {
  /// The probability with which proposals were accepted, on average.
  public let acceptance: Double
  /// Whether the energy error was so large that the path left the posterior: Betancourt's sign that
  /// a part of it cannot be reached.
  public let isDivergent: Bool
  /// How many leapfrog steps it took.
  public let steps: Int
  /// How often the path was doubled; 0 for a path of fixed length.
  public let depth: Int
}

/// A chain's present draw and its means of moving on.
public struct ChainState {
  var point: PhasePoint
  var metric: Metric
  var stepSize: Double
  var generator: HostGenerator
  let density: LogDensity.Evaluator
}

/// Errors in the energy above which a path counts as divergent.
let divergenceThreshold = 1000.0
