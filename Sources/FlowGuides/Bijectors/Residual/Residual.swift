internal import Foundation
public import PPL

/// The network f of a residual layer x ↦ x + f(x).
public enum ResidualNetwork: Sendable {
  /// Fully connected, with weights whose norms are limited so that |f(x) − f(x′)| ≤ `bound` |x −
  /// x′| (i-ResNet; Behrmann et al. 2019).
  case lipschitz(hidden: [Int], bound: Double = 0.9, activation: Activation = .elu)
  /// The same of 3 × 3 convolutions, for images of channels × height × width numbers as vectors; the
  /// hidden layers have this many channels.
  case convolutional(
    image: Shape, hidden: [Int], bound: Double = 0.9, activation: Activation = .elu)
  /// A multiple of proximal layers Tᵀ tanh(T x + b) with orthonormal columns T (Hertrich 2023),
  /// limited so that the inverse's iteration converges by the factor `bound`.
  case proximal(hidden: [Int], bound: Double = 0.9)
}

/// How log |det(1 + ∂f/∂x)| is computed.
public enum ResidualLogDet: Sendable {
  /// By elimination, from the whole Jacobian: for up to some dozens of dimensions.
  case exact
  /// An unbiased estimate by a power series of random length (Chen et al. 2019), always with
  /// `exactTerms` terms: a few products with the Jacobian, in any dimension.
  ///
  /// Noise is a function of the key, the points and the parameters: fresh in each step of a fit,
  /// the same bits where the same batch is scored again; a point in another batch has other noise. Only
  /// its first derivative holds.
  case unbiased(exactTerms: Int = 2, key: RandomKey)
}

/// x ↦ x + f(x) for a network f that brings points nearer to each other. Backwards by iteration,
/// with implicit derivatives. Starts near the identity.
public struct Residual: VectorLayer {
  let dimension: Int
  private let network: ResidualFunction
  private let logDetMethod: ResidualLogDet

  public var startsNearIdentity: Bool { true }

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - name: the prefix of the parameters' names.
  ///   - context: what f depends on besides the point, without a limit.
  public init(
    dimension: Int, network: ResidualNetwork = .lipschitz(hidden: [32, 32]),
    logDet: ResidualLogDet = .exact, name: String, context: ContextNetwork? = nil
  ) {
    self.dimension = dimension
    self.network = ResidualFunction(
      dimension: dimension, network, name: name, context: context)
    logDetMethod = logDet
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let parameters = network.parameters(context)
    let x = context.map { x.spread(over: $0) } ?? x
    return (x + network.map.function(x, parameters), logDet(x, parameters))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let parameters = network.parameters(context)
    let y = context.map { y.spread(over: $0) } ?? y
    let x = network.map.inverse(y, parameters)
    return (x, -logDet(x, parameters))
  }

  private func logDet(_ x: Tensor, _ parameters: [Tensor]) -> Tensor {
    switch logDetMethod {
    case .exact:
      let slopes = jacobian(at: x) { network.map.function($0, parameters) }
      return slogdet(Tensor.eye(x.shape[x.rank - 1], dtype: x.dtype) + slopes).logAbs
    case .unbiased(let exactTerms, let key):
      return network.map.logDetEstimate(
        x, parameters, exactTerms: exactTerms, key: noiseKey(key, x, parameters))
    }
  }
}

/// The network of a residual layer, as a map that can be inverted.
private struct ResidualFunction: Sendable {
  let map: ContractiveMap
  /// The parameters that `map` takes, in a context.
  let parameters: @Sendable (_ context: Tensor?) -> [Tensor]

  init(dimension: Int, _ network: ResidualNetwork, name: String, context: ContextNetwork?) {
    switch network {
    case .lipschitz(let hidden, let bound, let activation):
      let layers = LipschitzNetwork(
        dimension: dimension, hidden: hidden, bound: bound, activation: activation, name: name,
        context: context)
      map = ContractiveMap(function: { layers($0, $1) }, scale: { _ in 0 })
      parameters = { layers.parameters($0) }
    case .convolutional(let image, let hidden, let bound, let activation):
      precondition(
        image.elementCount == dimension,
        "\(name): \(dimension) dimensions for images of shape \(image)")
      let layers = LipschitzNetwork(
        image: image, hidden: hidden, bound: bound, activation: activation, name: name,
        context: context)
      map = ContractiveMap(function: { layers($0, $1) }, scale: { _ in 0 })
      parameters = { layers.parameters($0) }
    case .proximal(let hidden, let bound):
      let layers = ProximalNetwork(
        dimension: dimension, hidden: hidden, name: name, context: context)
      // With γ times the layers, of which the share s is identity, the iteration's factor is
      // γ (1 − s) / (1 + γ s).
      let share = layers.identityShare
      precondition(bound > 0 && bound < 1, "\(name): the bound must be in (0, 1), got \(bound)")
      let largest = bound / (1 - share - bound * share)
      let factor = { @Sendable (parameters: [Tensor]) in
        largest * sigmoid(parameters[parameters.count - 1])
      }
      map = ContractiveMap(
        function: { factor($1) * layers($0, $1) }, scale: { share * factor($0) })
      // γ = 0.05 at first, or half of the largest one.
      let initial = -log(largest / min(0.05, largest / 2) - 1)
      parameters = { layers.parameters($0) + [param("\(name).gain", Tensor(initial))] }
    }
  }
}
