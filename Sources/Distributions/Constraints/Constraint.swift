/// A set of values, such as the positive numbers: the support of a distribution or the range of a
/// parameter.
///
/// Any `ConstraintSet` can be one: `Constraint(MySet())`.
public struct Constraint: Sendable, Equatable, CustomStringConvertible {
  /// What describes the set.
  public let kind: any ConstraintSet
  /// Whether it is the set of all real numbers, or of all arrays of them: the most frequent
  /// question by far.
  let isUnconstrained: Bool
  /// Whether it is the set of all real numbers.
  let isReal: Bool

  public init(_ set: some ConstraintSet) {
    kind = set
    isReal = set is RealNumbers
    isUnconstrained = isReal || (set as? IndependentSet)?.base.isReal == true
  }

  /// How many inner axes make up one value; 0 for a set of numbers.
  public var eventRank: Int { kind.eventRank }
  /// Whether its values are isolated points, which gradient-based guides cannot move through.
  public var isDiscrete: Bool { kind.isDiscrete }
  public var description: String { kind.description }

  /// Whether a number is in a set of numbers.
  public func accepts(_ value: Double) -> Bool { kind.accepts(value) }

  /// A mask of the values in the set; it lacks the event axes. NaN is in no set.
  public func contains(_ value: Tensor) -> Tensor { kind.contains(value) }

  /// The map from unconstrained vectors onto the set by which it is optimised over; the
  /// unconstrained vector is as long as the set has dimensions.
  ///
  /// Traps for a discrete set, which has none.
  public var bijector: any Bijector { kind.bijector }

  public static func == (a: Constraint, b: Constraint) -> Bool {
    a.isUnconstrained && b.isUnconstrained
      ? a.eventRank == b.eventRank : a.kind.isEqual(to: b.kind)
  }
}

/// The map from unconstrained numbers onto a set, as other languages spell it.
public func bijectTo(_ constraint: Constraint) -> any Bijector { constraint.bijector }

/// What a constraint is made of: membership and the bijector onto the set.
///
///     struct Even: ConstraintSet {
///       let description = "an even number"
///       var isDiscrete: Bool { true }
///       func contains(_ value: Tensor) -> Tensor { floor(value / 2) * 2 .== value }
///     }
public protocol ConstraintSet: Sendable, Equatable, CustomStringConvertible {
  /// How many inner axes make up one value.
  var eventRank: Int { get }
  /// Whether its values are isolated points.
  var isDiscrete: Bool { get }
  /// A mask of the values in the set, without the event axes.
  func contains(_ value: Tensor) -> Tensor
  /// The same for one number.
  func accepts(_ value: Double) -> Bool
  /// The map from unconstrained vectors onto the set.
  var bijector: any Bijector { get }
}

extension ConstraintSet {
  public var eventRank: Int { 0 }
  public var isDiscrete: Bool { false }

  public func accepts(_ value: Double) -> Bool {
    eventRank == 0 && contains(Tensor(value)).boolArray()[0]
  }

  public var bijector: any Bijector {
    preconditionFailure(
      isDiscrete
        ? "values that are \(self) are discrete: no bijector maps onto them"
        : "no bijector is known onto values that are \(self)")
  }

  fileprivate func isEqual(to other: any ConstraintSet) -> Bool { (other as? Self) == self }
}

/// A bound of a set. Two bounds are equal if they are the same literal or the same tensor.
struct Bound: Sendable, Equatable, CustomStringConvertible {
  let value: Tensor

  var number: Double? { value.literalScalar }
  var description: String { number.map { "\($0)" } ?? "a tensor of shape \(value.shape)" }

  static func == (a: Bound, b: Bound) -> Bool {
    if let a = a.number, let b = b.number { return a == b }
    return a.value.isSame(as: b.value)
  }
}
