import Foundation
public import PPL

/// x ↦ x + m.
public struct ShiftTransformer: Transformer {
  public init() {}
  public var start: [Double] { [0] }
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    let y = x + parameters[0]
    return (y, Tensor.zeros(y.shape, dtype: y.dtype))
  }

  public func inverseAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let x = y - parameters[0]
    return (x, Tensor.zeros(x.shape, dtype: x.dtype))
  }
}

/// x ↦ eˢ x with s limited to [−5, 3] (the limit's derivative taken as one).
public struct ScaleTransformer: Transformer {
  public init() {}
  public var start: [Double] { [0] }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    let logScale = AffineForm.logScale.logScale(parameters[0])
    let y = exp(logScale) * x
    return (y, logScale.broadcast(to: y.shape))
  }

  public func inverseAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let logScale = AffineForm.logScale.logScale(parameters[0])
    let x = exp(-logScale) * y
    return (x, -logScale.broadcast(to: x.shape))
  }
}

/// How an affine transformer moves a number, given m and s.
public enum AffineForm: CaseIterable, Sendable {
  /// y = eˢ x + m, with s limited to [−5, 3] (the limit's derivative taken as one): Pyro's and
  /// FlowTorch's. Beyond the limits steps follow what changes nothing, and guides can get lost there.
  case logScale
  /// y = σ x + (1 − σ) m with σ = sigmoid(s + 2): a gate that cannot expand (Kingma et al. 2016).
  case gated
  /// y = eʳ x + m with r = s / (1 + |s / log 1000|): scales between 1/1000 and 1000.
  case softClamped
  /// y = eʳ x + m with r = b tanh(s / b), b = log 1000: scales between 1/1000 and 1000 too. Those up to
  /// 20 are nearly exponential in s, as the funnels of hierarchies ask for: r is 6 % short of 3 there,
  /// the soft limit 30 %.
  case tanhClamped
  /// y = eʳ x + m with r the `asymmetricSoftClamp` of s.
  case asymmetric

  func logScale(_ s: Tensor) -> Tensor {
    switch self {
    case .logScale: clampPreservingGradient(s, -5, 3)
    case .gated: logSigmoid(s + 2)
    case .softClamped: softClamp(s, bound: log(1000))
    case .tanhClamped: log(1000) * tanh(s / log(1000))
    case .asymmetric: asymmetricSoftClamp(s)
    }
  }
}

/// An affine map of numbers; parameters m and s.
public struct AffineTransformer: Transformer {
  private let form: AffineForm

  /// - Parameter form: how a parameter becomes the scale.
  public init(_ form: AffineForm = .softClamped) { self.form = form }

  /// A gate starts at sigmoid(4) = 0.98; the other forms at the identity.
  public var start: [Double] { form == .gated ? [0, 2] : [0, 0] }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    let logScale = form.logScale(parameters[1])
    let y =
      form == .gated
      ? sigmoid(parameters[1] + 2) * x + sigmoid(-2 - parameters[1]) * parameters[0]
      : exp(logScale) * x + parameters[0]
    return (y, logScale.broadcast(to: y.shape))
  }

  public func inverseAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let logScale = form.logScale(parameters[1])
    // 1/σ = 1 + e⁻ˡ at l = s + 2. Below l = −80 nothing of x is left in y.
    let odds = exp(minimum(-2 - parameters[1], 80))
    let offset = y - parameters[0]
    let x = form == .gated ? y + odds * offset : offset * exp(-logScale)
    return (x, -logScale.broadcast(to: x.shape))
  }
}
