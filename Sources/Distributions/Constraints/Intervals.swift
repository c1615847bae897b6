extension Constraint {
  /// Every finite number.
  public static let real = Constraint(RealNumbers())
  /// Numbers above zero.
  public static let positive = Constraint(HalfLine(bound: 0, .above, isClosed: false))
  /// Numbers above zero, with a bijector that is softplus in place of exp.
  public static let softplusPositive = Constraint(SoftplusPositive())
  /// Zero and the numbers above.
  public static let nonNegative = Constraint(HalfLine(bound: 0, .above, isClosed: true))
  /// The numbers from 0 to 1.
  public static let unitInterval = Constraint(Interval(lower: 0, upper: 1))
  /// Angles from −π to π.
  public static let circular = Constraint(
    Interval(lower: Tensor(floatLiteral: -.pi), upper: Tensor(floatLiteral: .pi)))

  /// The numbers above a bound.
  public static func greaterThan(_ bound: Tensor) -> Constraint {
    Constraint(HalfLine(bound: bound, .above, isClosed: false))
  }

  /// A bound and the numbers above.
  public static func atLeast(_ bound: Tensor) -> Constraint {
    Constraint(HalfLine(bound: bound, .above, isClosed: true))
  }

  /// The numbers below a bound.
  public static func lessThan(_ bound: Tensor) -> Constraint {
    Constraint(HalfLine(bound: bound, .below, isClosed: false))
  }

  /// A bound and the numbers below.
  public static func atMost(_ bound: Tensor) -> Constraint {
    Constraint(HalfLine(bound: bound, .below, isClosed: true))
  }

  /// The numbers between two bounds, which belong to the set.
  public static func interval(_ lower: Tensor, _ upper: Tensor) -> Constraint {
    Constraint(Interval(lower: lower, upper: upper))
  }

  /// The numbers between two bounds, which do not belong to the set.
  public static func openInterval(_ lower: Tensor, _ upper: Tensor) -> Constraint {
    Constraint(Interval(lower: lower, upper: upper, includesLower: false, includesUpper: false))
  }

  /// The numbers between two bounds, of which the lower one belongs to the set.
  public static func halfOpenInterval(_ lower: Tensor, _ upper: Tensor) -> Constraint {
    Constraint(Interval(lower: lower, upper: upper, includesUpper: false))
  }
}

/// Every finite number.
struct RealNumbers: ConstraintSet {
  let description = "real"
  func accepts(_ value: Double) -> Bool { value.isFinite }
  func contains(_ value: Tensor) -> Tensor { isFinite(value) }
  var bijector: any Bijector { Identity() }
}

/// The finite numbers on one side of a bound.
struct HalfLine: ConstraintSet {
  enum Side: Sendable {
    case above, below
  }

  let bound: Bound
  let side: Side
  /// Whether the bound belongs to the set.
  let isClosed: Bool

  init(bound: Tensor, _ side: Side, isClosed: Bool) {
    self.bound = Bound(value: bound)
    self.side = side
    self.isClosed = isClosed
  }

  var description: String {
    if bound.number == 0, side == .above { return isClosed ? "non-negative" : "positive" }
    return switch (side, isClosed) {
    case (.above, false): "greater than \(bound)"
    case (.above, true): "at least \(bound)"
    case (.below, false): "less than \(bound)"
    case (.below, true): "at most \(bound)"
    }
  }

  func accepts(_ value: Double) -> Bool {
    guard let bound = bound.number else { return contains(Tensor(value)).all().scalar() == 1 }
    guard value.isFinite else { return false }
    return isClosed && value == bound || (side == .above ? value > bound : value < bound)
  }

  func contains(_ value: Tensor) -> Tensor {
    let bound = bound.value
    return switch (side, isClosed) {
    case (.above, false): (value .> bound) .&& (value .< .infinite)
    case (.above, true): (value .>= bound) .&& (value .< .infinite)
    case (.below, false): (value .< bound) .&& (value .> -Tensor.infinite)
    case (.below, true): (value .<= bound) .&& (value .> -Tensor.infinite)
    }
  }

  var bijector: any Bijector {
    if bound.number == 0, side == .above { return Exp() }
    return Compose([Exp(), Affine(shift: bound.value, scale: side == .above ? 1 : -1)])
  }
}

/// The numbers above zero, reached by softplus.
struct SoftplusPositive: ConstraintSet {
  let description = "positive"
  func accepts(_ value: Double) -> Bool { Constraint.positive.accepts(value) }
  func contains(_ value: Tensor) -> Tensor { Constraint.positive.contains(value) }
  var bijector: any Bijector { Softplus() }
}

/// The numbers between two bounds.
struct Interval: ConstraintSet {
  let lower: Bound
  let upper: Bound
  let includesLower: Bool
  let includesUpper: Bool

  init(lower: Tensor, upper: Tensor, includesLower: Bool = true, includesUpper: Bool = true) {
    if let lower = lower.literalScalar, let upper = upper.literalScalar {
      precondition(lower < upper, "interval: the bounds \(lower) and \(upper) are not in order")
    }
    self.lower = Bound(value: lower)
    self.upper = Bound(value: upper)
    self.includesLower = includesLower
    self.includesUpper = includesUpper
  }

  var description: String {
    let suffix =
      switch (includesLower, includesUpper) {
      case (true, true): ""
      case (false, false): ", both excluded"
      case (true, false): ", the upper one excluded"
      case (false, true): ", the lower one excluded"
      }
    return "between \(lower) and \(upper)\(suffix)"
  }

  func accepts(_ value: Double) -> Bool {
    guard let lower = lower.number, let upper = upper.number else {
      return contains(Tensor(value)).all().scalar() == 1
    }
    return (includesLower ? value >= lower : value > lower)
      && (includesUpper ? value <= upper : value < upper)
  }

  func contains(_ value: Tensor) -> Tensor {
    (includesLower ? value .>= lower.value : value .> lower.value)
      .&& (includesUpper ? value .<= upper.value : value .< upper.value)
  }

  var bijector: any Bijector {
    lower.number == 0 && upper.number == 1
      ? Sigmoid() : IntervalSigmoid(lower.value, upper.value, onto: Constraint(self))
  }
}
