public import PPL

/// x ↦ β + ∫₀ˣ g(u) du with a positive function g, a network of u and a signal (Wehenkel & Louppe
/// 2019). Parameters: the signal, β. The network's weights are parameter sites, shared by all
/// coordinates.
///
/// log g is limited to ±7 by a hyperbolic tangent. The integral is found by Gauss–Legendre quadrature on [−bound,
/// bound], to rounding where g is smooth at the scale of bound / nodes, and goes on outside along
/// its tangents.
public struct UnconstrainedMonotonic: TangentTails {
  public let bound: Double
  private let signal: Int
  private let hidden: [HiddenLayer]
  private let activation: Activation
  private let rule: GaussLegendre
  private let name: String

  /// - Parameters:
  ///   - signal: how many numbers tell the network about the coordinate.
  ///   - hidden: the widths of the network's hidden layers.
  ///   - activation: smooth, for the quadrature's sake.
  ///   - nodes: of the quadrature.
  ///   - bound: where the interval of the quadrature ends; positive.
  ///   - name: the prefix of the parameters' names.
  public init(
    signal: Int = 16, hidden: [Int] = [64, 64], activation: Activation = .softplus, nodes: Int = 32,
    bound: Double = 5, name: String
  ) {
    precondition(
      signal > 0 && nodes > 0 && bound > 0,
      "UnconstrainedMonotonic: signal \(signal), nodes \(nodes), bound \(bound)")
    self.signal = signal
    self.hidden = HiddenLayer.plain(hidden)
    self.activation = activation
    self.bound = bound
    self.name = name
    rule = GaussLegendre(count: nodes)
  }

  public var start: [Double] { [Double](repeating: 0, count: signal + 1) }

  public func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    let signal = stack(Array(parameters[0..<signal]), along: -1)
    // The axis of the nodes stands before all of the points and the signal.
    let rank = Swift.max(x.rank, signal.rank - 1)
    let column = [rule.nodes.count] + Shape(repeating: 1, count: rank)
    let nodes = Tensor(rule.nodes, shape: column, dtype: x.dtype)
    let weights = Tensor(rule.weights, shape: column, dtype: x.dtype)
    let mean = (weights * exp(logIntegrand(nodes * x, signal))).sum(axis: 0)
    return (parameters[self.signal] + x * mean, logIntegrand(x, signal))
  }

  private func logIntegrand(_ x: Tensor, _ signal: Tensor) -> Tensor {
    let network = Perceptron(hidden, activation, inputs: 1, start: [0], name: name)
    // A hyperbolic tangent, since a kink in any derivative would spoil the quadrature.
    return 7 * tanh(network(x.expandingDims(at: -1), signal).squeezing(at: -1) / 7)
  }
}
