/// An invertible differentiable map between tensors, with the log determinant of its Jacobian.
///
/// A point has `eventRank` axes; axes outside of them are a batch. Value and log determinant come
/// together, because most maps compute both from the same intermediate results; the log
/// determinant has the batch shape.
public protocol Bijector: Sendable {
  /// How many inner axes make up one point; 0 for an elementwise map.
  var eventRank: Int { get }
  /// The set of points it is defined on.
  var domain: Constraint { get }
  /// The set of its values.
  var codomain: Constraint { get }
  /// Whether component i of the value depends on components up to i only (in some fixed order).
  var isAutoregressive: Bool { get }
  /// Whether the log determinant is 0 everywhere.
  var isVolumePreserving: Bool { get }

  /// The shape of the value at a point of the given shape.
  func forwardShape(_ shape: Shape) -> Shape
  /// The shape of the point whose value has the given shape.
  func inverseShape(_ shape: Shape) -> Shape

  /// y = f(x) and log |det ∂y/∂x|.
  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor)
  /// x = f⁻¹(y) and log |det ∂x/∂y|.
  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor)
}

extension Bijector {
  public var eventRank: Int { 0 }
  public var domain: Constraint { .real }
  public var codomain: Constraint { .real }
  public var isAutoregressive: Bool { true }
  public var isVolumePreserving: Bool { false }
  public func forwardShape(_ shape: Shape) -> Shape { shape }
  public func inverseShape(_ shape: Shape) -> Shape { shape }

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

/// A bijector read backwards.
public struct Inverse: Bijector {
  private let base: any Bijector

  public init(_ base: any Bijector) { self.base = base }

  public var eventRank: Int { base.eventRank }
  public var domain: Constraint { base.codomain }
  public var codomain: Constraint { base.domain }
  public var isAutoregressive: Bool { base.isAutoregressive }
  public var isVolumePreserving: Bool { base.isVolumePreserving }
  public func forwardShape(_ shape: Shape) -> Shape { base.inverseShape(shape) }
  public func inverseShape(_ shape: Shape) -> Shape { base.forwardShape(shape) }
  public var inv: any Bijector { base }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = base.inverseAndLogDet(x, context: context)
    return (y, logDet)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = base.forwardAndLogDet(y, context: context)
    return (x, logDet)
  }
}

/// Bijectors applied one after another, the first one first.
public struct Compose: Bijector {
  public let parts: [any Bijector]

  public init(_ parts: [any Bijector]) { self.parts = parts }

  public var eventRank: Int { parts.map(\.eventRank).max() ?? 0 }
  public var domain: Constraint { parts.first?.domain ?? .real }
  public var codomain: Constraint { parts.last?.codomain ?? .real }
  public var isAutoregressive: Bool { parts.allSatisfy(\.isAutoregressive) }
  public var isVolumePreserving: Bool { parts.allSatisfy(\.isVolumePreserving) }
  public func forwardShape(_ shape: Shape) -> Shape {
    parts.reduce(shape) { $1.forwardShape($0) }
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    parts.reversed().reduce(shape) { $1.inverseShape($0) }
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    var value = x
    var total: Tensor?
    for part in parts {
      let (next, logDet) = part.forwardAndLogDet(value, context: context)
      value = next
      accumulate(logDet, of: part, into: &total)
    }
    return (value, total ?? zeros(x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    var value = y
    var total: Tensor?
    for part in parts.reversed() {
      let (next, logDet) = part.inverseAndLogDet(value, context: context)
      value = next
      accumulate(logDet, of: part, into: &total)
    }
    return (value, total ?? zeros(y))
  }

  private func accumulate(_ logDet: Tensor, of part: any Bijector, into total: inout Tensor?) {
    if part.isVolumePreserving { return }
    let excess = eventRank - part.eventRank
    let own =
      excess > 0 && logDet.rank >= excess
      ? logDet.sum(axes: (1...excess).map { -$0 }) : logDet
    total = total.map { $0 + own } ?? own
  }

  /// The log determinant of a map that preserves volume.
  private func zeros(_ x: Tensor) -> Tensor {
    Tensor.zeros(Shape(x.shape.dropLast(eventRank)), dtype: x.dtype)
  }
}
