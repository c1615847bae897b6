extension Constraint {
  /// Vectors of finite numbers, each greater than the one before.
  public static let ordered = Constraint(OrderedVectors(arePositive: false))
  /// Vectors of finite positive numbers, each greater than the one before.
  public static let positiveOrdered = Constraint(OrderedVectors(arePositive: true))
}

/// Vectors of finite numbers, each greater than the one before.
struct OrderedVectors: ConstraintSet {
  let arePositive: Bool

  var description: String { arePositive ? "positive and increasing" : "increasing" }
  var eventRank: Int { 1 }
  var bijector: any Bijector { arePositive ? Compose([Ordered(), Exp()]) : Ordered() }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    let count = value.shape[value.rank - 1]
    let each = arePositive ? Constraint.positive.contains(value) : isFinite(value)
    guard count > 1 else { return each.allInVector() }
    let isRising = value.slice(1..<count, along: -1) .> value.slice(0..<count - 1, along: -1)
    return each.allInVector() .&& isRising.allInVector()
  }
}
