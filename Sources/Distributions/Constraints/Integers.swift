extension Constraint {
  /// 0 or 1.
  public static let boolean = Constraint(Boolean())
  /// Every whole number.
  public static let integer = Constraint(Integers(from: nil, to: nil))
  /// 0, 1, 2, …
  public static let nonNegativeInteger = Constraint(Integers(from: 0, to: nil))
  /// 1, 2, 3, …
  public static let positiveInteger = Constraint(Integers(from: 1, to: nil))

  /// The whole numbers from `lower` to `upper`, both included.
  public static func integers(from lower: Tensor, to upper: Tensor) -> Constraint {
    Constraint(Integers(from: lower, to: upper))
  }

  /// A whole number and those above.
  public static func integers(from lower: Tensor) -> Constraint {
    Constraint(Integers(from: lower, to: nil))
  }
}

/// 0 or 1.
struct Boolean: ConstraintSet {
  let description = "0 or 1"
  var isDiscrete: Bool { true }
  func accepts(_ value: Double) -> Bool { value == 0 || value == 1 }
  func contains(_ value: Tensor) -> Tensor { (value .== 0) .|| (value .== 1) }
}

/// The finite whole numbers between two bounds, where there are bounds.
struct Integers: ConstraintSet {
  let lower: Bound?
  let upper: Bound?

  init(from lower: Tensor?, to upper: Tensor?) {
    self.lower = lower.map { Bound(value: $0) }
    self.upper = upper.map { Bound(value: $0) }
  }

  var isDiscrete: Bool { true }

  var description: String {
    switch (lower, upper) {
    case (nil, nil): "a whole number"
    case (let lower?, nil): "a whole number of at least \(lower)"
    case (nil, let upper?): "a whole number of at most \(upper)"
    case (let lower?, let upper?): "a whole number from \(lower) to \(upper)"
    }
  }

  func contains(_ value: Tensor) -> Tensor {
    let isWhole = isFinite(value) .&& (floor(value) .== value)
    let isAbove = lower.map { isWhole .&& (value .>= $0.value) } ?? isWhole
    return upper.map { isAbove .&& (value .<= $0.value) } ?? isAbove
  }

  func accepts(_ value: Double) -> Bool {
    guard value.isFinite, value.rounded() == value else { return false }
    for case let bound? in [lower, upper] where bound.number == nil {
      return contains(Tensor(value)).all().scalar() == 1
    }
    return (lower?.number.map { value >= $0 } ?? true)
      && (upper?.number.map { value <= $0 } ?? true)
  }
}
