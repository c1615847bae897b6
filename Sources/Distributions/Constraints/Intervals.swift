extension Constraint {
  /// Every finite number.
  public static let real = Constraint(RealNumbers())
  /// Numbers above zero.
  public static let positive = Constraint(HalfLine(bound: 0, .above, isClosed: false))
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
    if let lower = lower.literalScalar, let upper = upper.literalScalar {
      precondition(lower < upper, "interval: the bounds \(lower) and \(upper) are not in order")
    }
    return Constraint(Interval(lower: lower, upper: upper))
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

/// The numbers between two bounds, bounds included.
struct Interval: ConstraintSet {
  let lower: Bound
  let upper: Bound

  init(lower: Tensor, upper: Tensor) {
    self.lower = Bound(value: lower)
    self.upper = Bound(value: upper)
  }

  var description: String { "between \(lower) and \(upper)" }

  func accepts(_ value: Double) -> Bool {
    guard let lower = lower.number, let upper = upper.number else {
      return contains(Tensor(value)).all().scalar() == 1
    }
    return value >= lower && value <= upper
  }

  func contains(_ value: Tensor) -> Tensor {
    (value .>= lower.value) .&& (value .<= upper.value)
  }

  var bijector: any Bijector {
    lower.number == 0 && upper.number == 1
      ? Sigmoid()
      : Compose([Sigmoid(), Affine(shift: lower.value, scale: upper.value - lower.value)])
  }
}

extension Tensor {
  static let infinite = Tensor(floatLiteral: .infinity)
}
