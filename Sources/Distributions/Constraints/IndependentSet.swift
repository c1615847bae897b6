extension Constraint {
  /// Arrays of `eventRank` axes more, all of whose elements are in the set.
  public func independent(_ eventRank: Int) -> Constraint {
    if eventRank == 0 { return self }
    if let set = kind as? IndependentSet {
      return Constraint(IndependentSet(base: set.base, rank: set.rank + eventRank))
    }
    return self.isReal && eventRank == 1
      ? .realVector : Constraint(IndependentSet(base: self, rank: eventRank))
  }

  /// Vectors of finite numbers.
  public static let realVector = Constraint(IndependentSet(base: .real, rank: 1))

  /// The set of the entries of arrays of `rank` axes, where these are free of each other.
  func elements(_ rank: Int) -> Constraint? {
    if rank == 0 { return self }
    guard let set = kind as? IndependentSet, set.rank >= rank else { return nil }
    return set.base.independent(set.rank - rank)
  }
}

/// Arrays of values, each in one set.
struct IndependentSet: ConstraintSet {
  let base: Constraint
  let rank: Int

  var eventRank: Int { base.eventRank + rank }
  var isDiscrete: Bool { base.isDiscrete }
  var description: String { "\(base) in every element" }
  var bijector: any Bijector { base.bijector.toEvent(rank) }

  func contains(_ value: Tensor) -> Tensor {
    base.contains(value).all(axes: (1...rank).map { -$0 })
  }
}
