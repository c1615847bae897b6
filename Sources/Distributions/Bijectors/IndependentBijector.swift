/// A bijector applied to each entry of arrays, which count as one point: its log determinant is the
/// sum over them. Pyro's `IndependentTransform`.
public struct IndependentBijector: Bijector {
  public let base: any Bijector
  /// How many axes of the batch are part of a point.
  public let rank: Int

  public init(_ base: any Bijector, _ rank: Int) {
    precondition(rank >= 0, "IndependentBijector: a rank of \(rank)")
    self.base = base
    self.rank = rank
  }

  public var eventRank: Int { base.eventRank + rank }
  public var valueRank: Int { base.valueRank + rank }
  public var domain: Constraint { base.domain.independent(rank) }
  public var codomain: Constraint { base.codomain.independent(rank) }
  public var isAutoregressive: Bool { base.isAutoregressive }
  public var isVolumePreserving: Bool { base.isVolumePreserving }
  public var startsNearIdentity: Bool { base.startsNearIdentity }
  public func forwardShape(_ shape: Shape) -> Shape { base.forwardShape(shape) }
  public func inverseShape(_ shape: Shape) -> Shape { base.inverseShape(shape) }

  public func image(of set: Constraint) -> Constraint {
    if let each = set.elements(rank) { return base.image(of: each).independent(rank) }
    return set == domain ? codomain : Constraint(ImageSet(base: set, bijector: self))
  }

  public func isEqual(to other: any Bijector) -> Bool {
    guard let other = other as? IndependentBijector else { return false }
    return rank == other.rank && base.isEqual(to: other.base)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = base.forwardAndLogDet(x, context: context)
    let batch = Shape(y.shape.dropLast(base.valueRank))
    return (y, logDet.logDetSummed(over: rank, batch: batch))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = base.inverseAndLogDet(y, context: context)
    let batch = Shape(x.shape.dropLast(base.eventRank))
    return (x, logDet.logDetSummed(over: rank, batch: batch))
  }
}

extension Bijector {
  /// The same map with the innermost `count` batch axes as part of one point.
  public func toEvent(_ count: Int) -> any Bijector {
    count == 0 ? self : IndependentBijector(self, count)
  }
}
