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
  let point: PhasePoint
  var metric: Metric
  var stepSize: Double
  var generator: HostGenerator
  let density: LogDensity.Evaluator
  /// The ends of the path in the making.
  let first: PhasePoint
  let last: PhasePoint
  /// Stretches of it, made when they are first needed.
  private var paths: [Path] = []

  init(_ start: [Double], _ metric: MetricKind, key: Int64, _ density: LogDensity.Evaluator) {
    point = PhasePoint(start, density)
    self.metric = Metric(metric, dimension: start.count)
    stepSize = 1
    generator = HostGenerator(key: key)
    self.density = density
    first = PhasePoint(dimension: start.count)
    last = PhasePoint(dimension: start.count)
  }

  mutating func path(_ number: Int) -> Path {
    while paths.count <= number { paths.append(Path(dimension: point.dimension)) }
    return paths[number]
  }
}

/// Errors in the energy above which a path counts as divergent.
let divergenceThreshold = 1000.0
