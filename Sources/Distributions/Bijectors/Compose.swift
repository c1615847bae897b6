/// Bijectors applied one after another, the first one first.
///
/// Parts of different ranks go together: an elementwise map before or after a map of vectors acts
/// on each element of the vectors.
///
/// A part that is known to get numbers beyond the bounds of its domain, as `Exp().inv` after a
/// `Tanh()`, stops the program.
public struct Compose: Bijector {
  public let parts: [any Bijector]
  public let eventRank: Int
  public let valueRank: Int

  public init(_ parts: [any Bijector]) {
    self.init(unchecked: parts)
    checkDomains(domain)
  }

  /// For points of a set, perhaps smaller than the domain of the first part.
  init(_ parts: [any Bijector], of set: Constraint) {
    self.init(unchecked: parts)
    checkDomains(set.independent(max(eventRank - set.eventRank, 0)))
  }

  private init(unchecked parts: [any Bijector]) {
    self.parts = parts
    // Some part may need more axes than those after it leave over.
    eventRank = parts.reversed().reduce(0) { rank, part in
      max(rank + part.eventRank - part.valueRank, part.eventRank)
    }
    valueRank = parts.reduce(eventRank) { $0 + $1.valueRank - $1.eventRank }
  }

  public var domain: Constraint {
    guard let first = parts.first else { return .real }
    return first.domain.independent(eventRank - first.eventRank)
  }
  public var codomain: Constraint { image(of: domain) }
  public var isAutoregressive: Bool { parts.allSatisfy(\.isAutoregressive) }
  public var isVolumePreserving: Bool { parts.allSatisfy(\.isVolumePreserving) }
  public var startsNearIdentity: Bool { parts.allSatisfy(\.startsNearIdentity) }
  public func forwardShape(_ shape: Shape) -> Shape {
    parts.reduce(shape) { $1.forwardShape($0) }
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    parts.reversed().reduce(shape) { $1.inverseShape($0) }
  }

  /// The image of the image, part by part: bounds are moved by affine parts.
  public func image(of set: Constraint) -> Constraint {
    parts.reduce(set) { set, part in
      part.toEvent(set.eventRank - part.eventRank).image(of: set)
    }
  }

  /// Stops the program where a part gets numbers that it is not defined on.
  private func checkDomains(_ points: Constraint) {
    guard !parts.allSatisfy(\.domain.isUnconstrained) else { return }
    var (set, origin) = (points, "a point")
    for part in parts {
      let name = (part as? Inverse).map { "\(type(of: $0.base))().inv" } ?? "\(type(of: part))"
      precondition(
        !set.exceeds(part.domain),
        """
        Compose: \(name) takes what is \(part.domain), and \(origin) is \(set): put a map between \
        that leads there
        """)
      set = part.toEvent(set.eventRank - part.eventRank).image(of: set)
      origin = "a value of \(name)"
    }
  }

  public func isEqual(to other: any Bijector) -> Bool {
    guard let other = other as? Compose, parts.count == other.parts.count else { return false }
    return zip(parts, other.parts).allSatisfy { $0.isEqual(to: $1) }
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    var value = x
    var rank = eventRank
    var total: Tensor?
    for part in parts {
      let excess = rank - part.eventRank
      let (next, logDet) = part.forwardAndLogDet(value, context: context)
      value = next
      rank = part.valueRank + excess
      if !part.isVolumePreserving {
        let own = logDet.logDetSummed(
          over: excess, batch: Shape(value.shape.dropLast(part.valueRank)))
        total = total.map { $0 + own } ?? own
      }
    }
    return (value, total ?? zeros(value, rank))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    var value = y
    var rank = valueRank
    var total: Tensor?
    for part in parts.reversed() {
      let excess = rank - part.valueRank
      let (next, logDet) = part.inverseAndLogDet(value, context: context)
      value = next
      rank = part.eventRank + excess
      if !part.isVolumePreserving {
        let own = logDet.logDetSummed(
          over: excess, batch: Shape(value.shape.dropLast(part.eventRank)))
        total = total.map { $0 + own } ?? own
      }
    }
    return (value, total ?? zeros(value, rank))
  }

  public func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    var (value, slope) = (x, score)
    var rank = eventRank
    var total: Tensor?
    for part in parts {
      let excess = rank - part.eventRank
      let (next, logDet, score) = part.forwardWithScore(value, score: slope, context: context)
      (value, slope) = (next, score)
      rank = part.valueRank + excess
      let own = logDet.logDetSummed(
        over: excess, batch: Shape(value.shape.dropLast(part.valueRank)))
      total = total.map { $0 + own } ?? own
    }
    return (value, total ?? zeros(value, rank), slope)
  }

  /// The log determinant of a map that preserves volume.
  private func zeros(_ value: Tensor, _ rank: Int) -> Tensor {
    Tensor.zeros(Shape(value.shape.dropLast(rank)), dtype: value.dtype)
  }
}
