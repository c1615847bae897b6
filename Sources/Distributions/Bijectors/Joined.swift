/// Consecutive parts of vectors, each through a bijector of its own.
///
/// Parts may be elementwise maps or maps of vectors, also such that change their length. The log
/// determinant is the sum of theirs. Pyro's `CatTransform`.
public struct Cat: Bijector {
  private let parts: [any Bijector]
  private let lengths: [Int]
  private let valueLengths: [Int]

  /// - Parameters:
  ///   - parts: from the first elements to the last.
  ///   - lengths: the number of elements each part takes.
  public init(_ parts: [any Bijector], lengths: [Int]) {
    precondition(
      parts.count == lengths.count && !parts.isEmpty,
      "Cat: \(parts.count) bijectors for \(lengths.count) lengths")
    for part in parts {
      precondition(
        max(part.eventRank, part.valueRank) <= 1, "Cat: \(type(of: part)) is no map of vectors")
    }
    self.parts = parts.map { $0.toEvent(1 - $0.eventRank) }
    self.lengths = lengths
    valueLengths = zip(parts, lengths).map { $0.forwardShape([$1])[0] }
  }

  public var eventRank: Int { 1 }
  public var domain: Constraint {
    Constraint(Segments(parts: parts.map(\.domain), lengths: lengths))
  }
  public var codomain: Constraint {
    Constraint(Segments(parts: parts.map(\.codomain), lengths: valueLengths))
  }
  public var isAutoregressive: Bool {
    lengths == valueLengths && parts.allSatisfy(\.isAutoregressive)
  }
  public var isVolumePreserving: Bool { parts.allSatisfy(\.isVolumePreserving) }
  public func forwardShape(_ shape: Shape) -> Shape {
    _ = shape.last("Cat")
    return shape.withLast(valueLengths.reduce(0, +))
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    _ = shape.last("Cat")
    return shape.withLast(lengths.reduce(0, +))
  }

  public func isEqual(to other: any Bijector) -> Bool {
    guard let other = other as? Cat, lengths == other.lengths else { return false }
    return zip(parts, other.parts).allSatisfy { $0.isEqual(to: $1) }
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let results = zip(parts, x.split(lengths)).map { $0.forwardAndLogDet($1, context: context) }
    return (concat(results.map(\.y), along: -1), total(results.map(\.logDet)))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let pieces = y.split(valueLengths)
    let results = zip(parts, pieces).map { $0.inverseAndLogDet($1, context: context) }
    return (concat(results.map(\.x), along: -1), total(results.map(\.logDet)))
  }

  private func total(_ logDets: [Tensor]) -> Tensor {
    logDets.dropFirst().reduce(logDets[0], +)
  }
}

/// Entries of an axis, each through a bijector of its own; the axis is the one outside of their
/// events. The log determinant is the sum of theirs. Pyro's `StackTransform`.
public struct Stack: Bijector {
  private let parts: [any Bijector]

  /// - Parameter parts: one for each entry, all of the same ranks.
  public init(_ parts: [any Bijector]) {
    precondition(!parts.isEmpty, "Stack: no bijectors")
    for part in parts {
      precondition(
        part.eventRank == parts[0].eventRank && part.valueRank == parts[0].valueRank,
        "Stack: \(type(of: part)) and \(type(of: parts[0])) have different ranks")
    }
    self.parts = parts
  }

  public var eventRank: Int { parts[0].eventRank + 1 }
  public var valueRank: Int { parts[0].valueRank + 1 }
  public var domain: Constraint { Constraint(Entries(parts: parts.map(\.domain))) }
  public var codomain: Constraint { Constraint(Entries(parts: parts.map(\.codomain))) }
  public var isAutoregressive: Bool { parts.allSatisfy(\.isAutoregressive) }
  public var isVolumePreserving: Bool { parts.allSatisfy(\.isVolumePreserving) }

  public func forwardShape(_ shape: Shape) -> Shape {
    let (batch, entry) = taken(shape, eventRank)
    let value = parts[0].forwardShape(entry)
    return batch + [parts.count] + value
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    let (batch, entry) = taken(shape, valueRank)
    return batch + [parts.count] + parts[0].inverseShape(entry)
  }

  public func isEqual(to other: any Bijector) -> Bool {
    guard let other = other as? Stack, parts.count == other.parts.count else { return false }
    return zip(parts, other.parts).allSatisfy { $0.isEqual(to: $1) }
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    _ = taken(x.shape, eventRank)
    let results = parts.enumerated().map { index, part in
      part.forwardAndLogDet(x.selecting(index, along: -eventRank), context: context)
    }
    let y = stack(results.map(\.y), along: results[0].y.rank - valueRank + 1)
    return (y, results.dropFirst().reduce(results[0].logDet) { $0 + $1.logDet })
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    _ = taken(y.shape, valueRank)
    let results = parts.enumerated().map { index, part in
      part.inverseAndLogDet(y.selecting(index, along: -valueRank), context: context)
    }
    let x = stack(results.map(\.x), along: results[0].x.rank - eventRank + 1)
    return (x, results.dropFirst().reduce(results[0].logDet) { $0 + $1.logDet })
  }

  /// The batch, and the shape of one entry.
  private func taken(_ shape: Shape, _ rank: Int) -> (batch: Shape, entry: Shape) {
    precondition(
      shape.rank >= rank && shape[shape.rank - rank] == parts.count,
      "Stack: \(parts.count) bijectors for the shape \(shape)")
    return (Shape(shape.dropLast(rank)), Shape(shape.suffix(rank - 1)))
  }
}
