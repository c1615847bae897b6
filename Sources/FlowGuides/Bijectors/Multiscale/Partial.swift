public import PPL

/// A bijector applied to a part of each point, some entries along one axis; the rest stays as it
/// is. Where that rest is finished, values of several scales come out (Dinh et al. 2017).
public struct Partial: Bijector {
  private let base: any Bijector
  private let range: Range<Int>
  private let axis: Int

  /// - Parameters:
  ///   - base: a map of real numbers that changes no shape.
  ///   - range: which entries.
  ///   - axis: negative, counted from the last axis; inside the axes of the base's points.
  public init(_ base: any Bijector, _ range: Range<Int>, along axis: Int = -1) {
    precondition(
      axis < 0 && base.eventRank == base.valueRank && -axis <= base.eventRank,
      "Partial: axis \(axis) for a map of points of \(base.eventRank) axes")
    requireReal(base, "Partial")
    self.base = base
    self.range = range
    self.axis = axis
  }

  public var eventRank: Int { base.eventRank }
  public var isAutoregressive: Bool { base.isAutoregressive }
  public var isVolumePreserving: Bool { base.isVolumePreserving }
  public var startsNearIdentity: Bool { base.startsNearIdentity }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let parts = split(x)
    let (y, logDet) = base.forwardAndLogDet(parts[1], context: context)
    return (joined(parts[0], y, parts[2]), logDet)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let parts = split(y)
    let (x, logDet) = base.inverseAndLogDet(parts[1], context: context)
    return (joined(parts[0], x, parts[2]), logDet)
  }

  private func split(_ x: Tensor) -> [Tensor] {
    let extent = x.shape[x.rank + axis]
    precondition(
      range.upperBound <= extent, "Partial: entries \(range) of an axis of extent \(extent)")
    return x.split(
      [range.lowerBound, range.count, extent - range.upperBound], along: axis)
  }

  /// The parts together; a context may have given the middle one more batch axes.
  private func joined(_ before: Tensor, _ middle: Tensor, _ after: Tensor) -> Tensor {
    let batch = Shape(middle.shape.dropLast(eventRank))
    let parts = [before, middle, after].map {
      $0.broadcast(to: batch + Shape($0.shape.suffix(eventRank)))
    }
    return concat(parts, along: axis)
  }
}

/// Stops the program unless a map is one of all real points onto all real values.
func requireReal(_ bijector: any Bijector, _ user: StaticString) {
  precondition(
    bijector.domain == .real.independent(bijector.eventRank)
      && bijector.codomain == .real.independent(bijector.valueRank),
    """
    \(user): expected a map of real numbers, got one of \(bijector.domain) onto \
    \(bijector.codomain)
    """)
}
