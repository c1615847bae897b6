public import PPL

/// How an autoregressive layer moves a coordinate, given two numbers m and s from its network.
public enum AffineForm: Sendable {
  /// y = eˢ x + m, with s limited to [−5, 3] (the limit's derivative taken as one).
  case logScale
  /// y = σ x + (1 − σ) m with σ = sigmoid(s + 2): a gate that cannot expand (Kingma et al. 2016).
  case gated
}

/// An inverse autoregressive layer (Kingma et al. 2016): coordinate i of the value is an affine
/// function of coordinate i of the point, with coefficients that depend on the coordinates before.
///
/// One network evaluation forwards. Backwards, x ← (y − m(x)) / scale(x) is repeated from x = y:
/// after k sweeps the first k coordinates are exact.
public struct IAF: Bijector {
  private let network: @Sendable (Tensor) -> [Tensor]
  private let form: AffineForm
  private let dimension: Int

  public var eventRank: Int { 1 }

  /// - Parameter network: gives m and s at a point, both autoregressive.
  public init(
    dimension: Int, form: AffineForm = .logScale,
    network: @escaping @Sendable (Tensor) -> [Tensor]
  ) {
    self.dimension = dimension
    self.form = form
    self.network = network
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (shift, scale, logScale) = coefficients(x)
    return (scale * x + shift, logScale.sum(axis: -1))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    var x = y
    for _ in 0..<dimension {
      let (shift, scale, _) = coefficients(x)
      x = (y - shift) / scale
    }
    return (x, -coefficients(x).logScale.sum(axis: -1))
  }

  private func coefficients(_ x: Tensor) -> (shift: Tensor, scale: Tensor, logScale: Tensor) {
    let outputs = network(x)
    switch form {
    case .logScale:
      let logScale = clampPreservingGradient(outputs[1], -5, 3)
      return (outputs[0], exp(logScale), logScale)
    case .gated:
      let gate = outputs[1] + 2
      let scale = sigmoid(gate)
      return (sigmoid(-gate) * outputs[0], scale, logSigmoid(gate))
    }
  }
}

/// x limited to an interval, with the derivative of the identity.
public func clampPreservingGradient(_ x: Tensor, _ lower: Tensor, _ upper: Tensor) -> Tensor {
  x + stopGradient(maximum(minimum(x, upper), lower) - x)
}

/// The coordinates of the innermost axis in reverse order.
public struct Reverse: Bijector {
  public init() {}
  public var eventRank: Int { 1 }
  public var isAutoregressive: Bool { false }
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (x.flipped(along: -1), Tensor.zeros(Shape(x.shape.dropLast()), dtype: x.dtype))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (y.flipped(along: -1), Tensor.zeros(Shape(y.shape.dropLast()), dtype: y.dtype))
  }
}
