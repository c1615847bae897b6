/// An invertible differentiable map between tensors, with the log determinant of its Jacobian.
///
/// A point has `eventRank` axes; axes outside of them are a batch. Value and log determinant come
/// together, because most maps compute both from the same intermediate results; the log
/// determinant has the batch shape.
///
/// Where values have more elements than points (vectors onto the simplex, or onto a kind of
/// matrices), the determinant is that of some of their elements, as many as the set has dimensions;
/// each such map says which.
public protocol Bijector: Sendable {
  /// How many inner axes make up one point; 0 for an elementwise map.
  var eventRank: Int { get }
  /// How many inner axes make up one value, where that differs: a map from vectors to matrices.
  var valueRank: Int { get }
  /// The set of points it is defined on.
  var domain: Constraint { get }
  /// The set of its values.
  var codomain: Constraint { get }
  /// Whether component i of the value depends on components of the point up to i only, in row-major
  /// order, so that the Jacobian is lower triangular. False where that is not known, and where values
  /// have more or fewer elements than points.
  var isAutoregressive: Bool { get }
  /// Whether the log determinant is 0 everywhere.
  var isVolumePreserving: Bool { get }
  /// Whether values differ little from standard normal points before any parameter is fitted.
  var startsNearIdentity: Bool { get }

  /// The values at the points of a subset of the domain.
  func image(of set: Constraint) -> Constraint
  /// Whether another bijector is known to be the same map.
  func isEqual(to other: any Bijector) -> Bool

  /// The shape of the value at a point of the given shape.
  func forwardShape(_ shape: Shape) -> Shape
  /// The shape of the point whose value has the given shape.
  func inverseShape(_ shape: Shape) -> Shape

  /// y = f(x) and log |det ∂y/∂x|.
  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor)
  /// x = f⁻¹(y) and log |det ∂x/∂y|.
  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor)

  /// y = f(x) and log |det ∂y/∂x|, with the score of y where x has a given one: ∇ log q(y), where
  /// log q(y) = log p(x) − log |det ∂y/∂x| and score = ∇ log p(x). The score of y is a constant.
  ///
  /// That is J⁻ᵀ (score − ∇ₓ log |det J|), found through the inverse map unless there is a cheaper
  /// way.
  func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor)
}

extension Bijector {
  public var eventRank: Int { 0 }
  public var valueRank: Int { eventRank }
  public var domain: Constraint { .real.independent(eventRank) }
  public var codomain: Constraint { .real.independent(valueRank) }
  public var isAutoregressive: Bool { eventRank == 0 }
  public var isVolumePreserving: Bool { false }
  public var startsNearIdentity: Bool { false }
  public func forwardShape(_ shape: Shape) -> Shape { shape }
  public func inverseShape(_ shape: Shape) -> Shape { shape }

  public func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    let (y, logDet) = forwardAndLogDet(x, context: context)
    let point = stopGradient(y)
    let (back, inverseLogDet) = inverseAndLogDet(point, context: context)
    let density = (stopGradient(score) * back).sum() + inverseLogDet.sum()
    return (y, logDet, stopGradient(gradient(of: density, withRespectTo: point)))
  }

  public func image(of set: Constraint) -> Constraint { imageByInverse(of: set) }

  /// The image of a set whose members are known by where they came from, the domain's apart.
  package func imageByInverse(of set: Constraint) -> Constraint {
    set == domain ? codomain : Constraint(ImageSet(base: set, bijector: self))
  }

  public func isEqual(to other: any Bijector) -> Bool { false }

  /// f(x).
  public func forward(_ x: Tensor, context: Tensor? = nil) -> Tensor {
    forwardAndLogDet(x, context: context).y
  }

  /// f⁻¹(y).
  public func inverse(_ y: Tensor, context: Tensor? = nil) -> Tensor {
    inverseAndLogDet(y, context: context).x
  }

  /// The map with its directions exchanged.
  public var inv: any Bijector { Inverse(self) }
}

extension Bijector where Self: Equatable {
  public func isEqual(to other: any Bijector) -> Bool { (other as? Self) == self }
}

extension Tensor {
  /// A log determinant for a batch of the given shape, summed over the innermost axes of that
  /// batch: those that are part of one event.
  func logDetSummed(over count: Int, batch: Shape) -> Tensor {
    count == 0 ? self : broadcast(to: batch).sum(axes: (1...count).map { -$0 })
  }

  /// Whether it is known to hold the same numbers: the same literal, tensor or data.
  func isKnownEqual(to other: Tensor) -> Bool {
    if isSame(as: other) { return true }
    guard isGiven, other.isGiven, shape == other.shape else { return false }
    return array() == other.array()
  }
}

/// A bijector read backwards.
public struct Inverse: Bijector {
  let base: any Bijector

  public init(_ base: any Bijector) { self.base = base }

  public var eventRank: Int { base.valueRank }
  public var valueRank: Int { base.eventRank }
  public var domain: Constraint { base.codomain }
  public var codomain: Constraint { base.domain }
  public var isAutoregressive: Bool { base.isAutoregressive }
  public var isVolumePreserving: Bool { base.isVolumePreserving }
  public var startsNearIdentity: Bool { base.startsNearIdentity }
  public func forwardShape(_ shape: Shape) -> Shape { base.inverseShape(shape) }
  public func inverseShape(_ shape: Shape) -> Shape { base.forwardShape(shape) }
  public var inv: any Bijector { base }
  public func isEqual(to other: any Bijector) -> Bool {
    (other as? Inverse).map { base.isEqual(to: $0.base) } ?? false
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = base.inverseAndLogDet(x, context: context)
    return (y, logDet)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = base.forwardAndLogDet(y, context: context)
    return (x, logDet)
  }
}
