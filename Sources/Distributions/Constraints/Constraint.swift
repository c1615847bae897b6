/// A set of values, such as the positive numbers: the support of a distribution or the range of a
/// parameter.
public struct Constraint: Sendable, Equatable, CustomStringConvertible {
  enum Kind: Sendable, Equatable {
    case real
    case positive
    case nonNegative
    case greaterThan(Double)
    case lessThan(Double)
    case interval(Double, Double)
    case boolean
  }

  let kind: Kind

  /// Every finite number.
  public static let real = Constraint(kind: .real)
  /// Numbers above zero.
  public static let positive = Constraint(kind: .positive)
  /// Zero and the numbers above.
  public static let nonNegative = Constraint(kind: .nonNegative)
  /// The numbers strictly between 0 and 1.
  public static let unitInterval = Constraint(kind: .interval(0, 1))
  /// 0 or 1.
  public static let boolean = Constraint(kind: .boolean)

  /// The numbers above a bound.
  public static func greaterThan(_ bound: Double) -> Constraint {
    Constraint(kind: .greaterThan(bound))
  }

  /// The numbers below a bound.
  public static func lessThan(_ bound: Double) -> Constraint { Constraint(kind: .lessThan(bound)) }

  /// The numbers between two bounds.
  public static func interval(_ lower: Double, _ upper: Double) -> Constraint {
    precondition(lower < upper, "interval: the bounds \(lower) and \(upper) are not in order")
    return Constraint(kind: .interval(lower, upper))
  }

  public var description: String {
    switch kind {
    case .real: "real"
    case .positive: "positive"
    case .nonNegative: "non-negative"
    case .greaterThan(let bound): "greater than \(bound)"
    case .lessThan(let bound): "less than \(bound)"
    case .interval(let lower, let upper): "between \(lower) and \(upper)"
    case .boolean: "0 or 1"
    }
  }

  /// Whether its values are isolated points, which gradient-based guides cannot move through.
  public var isDiscrete: Bool { kind == .boolean }

  /// Whether a number is in the set.
  public func accepts(_ value: Double) -> Bool {
    switch kind {
    case .real: value.isFinite
    case .positive: value > 0 && value.isFinite
    case .nonNegative: value >= 0 && value.isFinite
    case .greaterThan(let bound): value > bound && value.isFinite
    case .lessThan(let bound): value < bound && value.isFinite
    case .interval(let lower, let upper): value >= lower && value <= upper
    case .boolean: value == 0 || value == 1
    }
  }

  /// A mask of the elements in the set.
  public func contains(_ value: Tensor) -> Tensor {
    switch kind {
    case .real: isFinite(value)
    case .positive: value .> 0
    case .nonNegative: value .>= 0
    case .greaterThan(let bound): value .> Tensor(floatLiteral: bound)
    case .lessThan(let bound): value .< Tensor(floatLiteral: bound)
    case .interval(let lower, let upper):
      (value .>= Tensor(floatLiteral: lower)) .&& (value .<= Tensor(floatLiteral: upper))
    case .boolean: (value .== 0) .|| (value .== 1)
    }
  }

  /// The map from the real numbers onto the set by which it is optimised over.
  ///
  /// Traps for a discrete set, which has none.
  public var bijector: any Bijector {
    switch kind {
    case .real: Identity()
    case .positive, .nonNegative: Exp()
    case .greaterThan(let bound):
      Compose([Exp(), Affine(shift: Tensor(floatLiteral: bound), scale: 1)])
    case .lessThan(let bound):
      Compose([Exp(), Affine(shift: Tensor(floatLiteral: bound), scale: -1)])
    case .interval(let lower, let upper):
      lower == 0 && upper == 1
        ? Sigmoid()
        : Compose([
          Sigmoid(),
          Affine(
            shift: Tensor(floatLiteral: lower), scale: Tensor(floatLiteral: upper - lower)),
        ])
    case .boolean:
      preconditionFailure("values that are \(self) are discrete: no bijector maps onto them")
    }
  }
}
