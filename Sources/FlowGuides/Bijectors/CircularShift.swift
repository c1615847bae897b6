public import PPL

/// x ↦ x + bound, around the circle of angles in [−bound, bound): what was opposite to the seam lies
/// at it.
public struct CircularShift: Bijector {
  private let bound: Double

  /// - Parameter bound: half the circle, in the units of the angles; positive.
  public init(bound: Double = .pi) {
    precondition(bound > 0, "CircularShift: bound must be positive, got \(bound)")
    self.bound = bound
  }

  public var domain: Constraint {
    .interval(Tensor(floatLiteral: -bound), Tensor(floatLiteral: bound))
  }
  public var codomain: Constraint { domain }
  public var isVolumePreserving: Bool { true }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (`where`(x .< 0, x + bound, x - bound), Tensor.zeros(x.shape, dtype: x.dtype))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (`where`(y .< 0, y + bound, y - bound), Tensor.zeros(y.shape, dtype: y.dtype))
  }
}
