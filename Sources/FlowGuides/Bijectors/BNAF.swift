public import PPL

/// What a block neural autoregressive layer makes of its point x and its network's output f(x).
public enum BNAFResidual: Sendable {
  /// f(x).
  case none
  /// x + f(x).
  case normal
  /// g f(x) + (1 − g) x with a learned gate g between 0 and 1.
  case gated
}

/// A block neural autoregressive layer (De Cao et al. 2020): one network whose output i increases
/// with xᵢ and depends on the elements before, by weights in blocks: positive ones on the diagonal,
/// free ones below, none above.
///
/// Hidden units bend by tanh u + u / 100, so that values are all numbers. The log determinant is a
/// sum over paths through the diagonal blocks, in logarithms. Backwards, the elements are found one
/// after another, each by a search that involves its own blocks only; all others are used once.
/// With a residual it starts near the identity.
public struct BNAF: VectorLayer {
  let dimension: Int
  private let network: BlockAutoregressiveNetwork
  private let residual: BNAFResidual
  private let name: String

  public var isAutoregressive: Bool { true }
  public var startsNearIdentity: Bool {
    switch residual {
    case .none: false
    case .normal, .gated: true
    }
  }

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - hidden: the widths of the hidden layers, per element.
  ///   - name: the prefix of the parameters' names.
  ///   - context: what it depends on besides the point; it moves the units of the first layer.
  public init(
    dimension: Int, hidden: [Int] = [8, 8], residual: BNAFResidual = .gated, name: String,
    context: ContextNetwork? = nil
  ) {
    self.dimension = dimension
    self.residual = residual
    self.name = name
    // A network that is added to the point starts small.
    let scale =
      switch residual {
      case .none, .gated: 1.0
      case .normal: 0.02
      }
    network = BlockAutoregressiveNetwork(
      dimension: dimension, hidden: hidden, outputScale: scale, name: name, context: context)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let mixture = mixture()
    var (value, logSlopes): (Tensor, Tensor?) = (x, nil)
    for layer in network.layers(context) { (value, logSlopes) = layer(value, logSlopes) }
    let slopes = (logSlopes ?? 0).squeezing(at: -1)
    return (mixture.value(x, value), mixture.logSlope(slopes).sum(axis: -1))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let layers = network.layers(context)
    let mixture = mixture()
    // The inputs of each layer for the elements found, the first layer's being those themselves.
    var inputs = [[Tensor]](repeating: [], count: layers.count)
    var logDet: Tensor = 0
    for index in 0..<dimension {
      let biases = zip(layers, inputs).map { $0.bias(of: index, $1) }
      let target = y.slice(index..<index + 1, along: -1)
      func units(_ x: Tensor) -> [(y: Tensor, slopes: Tensor)] {
        zip(layers, biases).reduce(into: [(y: x, slopes: Tensor(floatLiteral: 1))]) {
          units, layer in
          let last = units[units.count - 1]
          units.append(
            layer.0.element(index, last.y, last.slopes.broadcast(to: last.y.shape), layer.1))
        }
      }
      let x = monotoneRoot(of: target) { x in
        let last = units(x)[layers.count]
        return (mixture.value(x, last.y), mixture.slope(last.slopes))
      }
      let found = units(x)
      for layer in layers.indices { inputs[layer].append(found[layer].y) }
      logDet = logDet - log(mixture.slope(found[layers.count].slopes)).squeezing(at: -1)
    }
    return (concat(inputs[0], along: -1), logDet)
  }

  /// How f(x) and x make up the value.
  private struct Mixture {
    /// g in g f(x) + s x, its logarithm, and s and its logarithm.
    let gain: Tensor
    let logGain: Tensor
    let share: Tensor
    let logShare: Tensor

    func value(_ x: Tensor, _ f: Tensor) -> Tensor { gain * f + share * x }
    func slope(_ slope: Tensor) -> Tensor { gain * slope + share }
    func logSlope(_ logSlope: Tensor) -> Tensor { logAddExp(logGain + logSlope, logShare) }
  }

  private func mixture() -> Mixture {
    let none = Tensor(floatLiteral: -.infinity)
    switch residual {
    case .none: return Mixture(gain: 1, logGain: 0, share: 0, logShare: none)
    case .normal: return Mixture(gain: 1, logGain: 0, share: 1, logShare: 0)
    case .gated:
      let gate = param("\(name).gate", Tensor(-3.0))
      return Mixture(
        gain: sigmoid(gate), logGain: logSigmoid(gate), share: sigmoid(-gate),
        logShare: logSigmoid(-gate))
    }
  }
}
