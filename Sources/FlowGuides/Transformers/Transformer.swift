public import PPL

/// An increasing map of numbers whose shape is set by a few parameters: what a coupling or
/// autoregressive layer applies to each coordinate, with parameters from its network.
///
/// Parameters are unconstrained; each is a tensor that broadcasts with the points. Log determinants
/// are per element: log f′(x).
public protocol Transformer: Sendable {
  /// The parameters at which the map is the identity, or near it: as many as the map has. Networks
  /// start with outputs near these.
  var start: [Double] { get }
  /// The numbers it is defined on.
  var domain: Constraint { get }
  /// Its values.
  var codomain: Constraint { get }
  /// Whether the log determinant is 0 everywhere.
  var isVolumePreserving: Bool { get }

  /// y = f(x) and log f′(x).
  func forwardAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor)
  /// x = f⁻¹(y) and −log f′(x).
  func inverseAndLogDet(_ y: Tensor, _ parameters: [Tensor]) -> (x: Tensor, logDet: Tensor)
}

extension Transformer {
  public var domain: Constraint { .real }
  public var codomain: Constraint { domain }
  public var isVolumePreserving: Bool { false }
}

/// A transformer whose inverse has no formula: it is found by root finding, with the derivatives of
/// the implicit function.
public protocol NumericallyInverted: Transformer {}

extension NumericallyInverted {
  public func inverseAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let x = monotoneRoot(of: y) { x in
      let (value, logDet) = forwardAndLogDet(x, parameters)
      return (value, exp(logDet))
    }
    return (x, -forwardAndLogDet(x, parameters).logDet)
  }
}
