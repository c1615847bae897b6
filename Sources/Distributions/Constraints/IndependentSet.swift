extension Constraint {
  /// Arrays of `eventRank` axes more, all of whose elements are in the set.
  public func independent(_ eventRank: Int) -> Constraint {
    eventRank == 0 ? self : Constraint(IndependentSet(base: self, rank: eventRank))
  }
}

/// Arrays of values, each in one set.
struct IndependentSet: ConstraintSet {
  let base: Constraint
  let rank: Int

  var eventRank: Int { base.eventRank + rank }
  var isDiscrete: Bool { base.isDiscrete }
  var description: String { "\(base) in every element" }
  var bijector: any Bijector { base.bijector }

  func contains(_ value: Tensor) -> Tensor {
    base.contains(value).all(axes: (1...rank).map { -$0 })
  }
}
