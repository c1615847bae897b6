extension Constraint {
  /// Vectors whose consecutive parts, of the given lengths, lie in sets of their own: sets of
  /// numbers or of vectors. Pyro's `constraints.cat`.
  public static func cat(_ parts: [Constraint], lengths: [Int]) -> Constraint {
    precondition(
      parts.count == lengths.count && !parts.isEmpty,
      "cat: \(parts.count) constraints for \(lengths.count) lengths")
    precondition(parts.allSatisfy { $0.eventRank <= 1 }, "cat: \(parts) are not sets of vectors")
    return Constraint(
      Segments(parts: parts.map { $0.independent(1 - $0.eventRank) }, lengths: lengths))
  }

  /// Arrays whose entries along the axis outside of the sets' events lie in sets of their own.
  /// Pyro's `constraints.stack`.
  public static func stack(_ parts: [Constraint]) -> Constraint {
    precondition(
      !parts.isEmpty && parts.allSatisfy { $0.eventRank == parts[0].eventRank },
      "stack: \(parts) are not sets of events of one rank")
    return Constraint(Entries(parts: parts))
  }
}

/// Vectors made of parts that lie in sets of their own.
struct Segments: ConstraintSet {
  let parts: [Constraint]
  let lengths: [Int]

  var eventRank: Int { 1 }
  var isDiscrete: Bool { parts.contains(where: \.isDiscrete) }
  var description: String {
    zip(parts, lengths).map { "\($0) (\($1) elements)" }.joined(separator: ", then ")
  }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    let masks = zip(parts, value.split(lengths)).map { $0.contains($1) }
    return masks.dropFirst().reduce(masks[0]) { $0 .&& $1 }
  }

  var bijector: any Bijector {
    let maps = parts.map(\.bijector)
    return Cat(maps, lengths: zip(maps, lengths).map { $0.inverseShape([$1])[0] })
  }
}

/// Arrays whose entries along one axis lie in sets of their own.
struct Entries: ConstraintSet {
  let parts: [Constraint]

  var eventRank: Int { parts[0].eventRank + 1 }
  var isDiscrete: Bool { parts.contains(where: \.isDiscrete) }
  var description: String { parts.map(\.description).joined(separator: ", then ") }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    precondition(
      value.shape[value.rank - eventRank] == parts.count,
      "a value that is \(self) has \(parts.count) entries, got the shape \(value.shape)")
    let masks = parts.enumerated().map { index, part in
      part.contains(value.selecting(index, along: -eventRank))
    }
    return masks.dropFirst().reduce(masks[0]) { $0 .&& $1 }
  }

  var bijector: any Bijector { Stack(parts.map(\.bijector)) }
}
