/// An argument of a distribution, by name, with the set it must lie in.
public struct Parameter: Sendable {
  public let name: String
  public let value: Tensor
  public let constraint: Constraint

  init(_ name: String, _ value: Tensor, _ constraint: Constraint) {
    self.name = name
    self.value = value
    self.constraint = constraint
  }
}

/// Traps if a parameter that is known when the distribution is made, a literal or data, violates
/// its constraint.
///
/// Parameters computed by a model are not read here, since reading them would evaluate the graph
/// at every step; where they are invalid the log density is NaN.
func requireParameter(
  _ value: Tensor, _ constraint: @autoclosure () -> Constraint, _ distribution: StaticString,
  _ argument: StaticString
) {
  guard value.isGiven else { return }
  let constraint = constraint()
  guard let violation = violation(of: constraint, by: value) else { return }
  preconditionFailure("\(distribution): \(argument) must be \(constraint), got \(violation)")
}

/// A description of what violates a constraint in a tensor that was given.
private func violation(of constraint: Constraint, by value: Tensor) -> String? {
  if let number = value.literalScalar {
    return constraint.accepts(number) ? nil : "\(number)"
  }
  guard constraint.eventRank > 0 else {
    return value.firstGivenElement { !constraint.accepts($0) }
      .map { "\($0.value) at index \($0.index)" }
  }
  precondition(
    value.rank >= constraint.eventRank,
    "a value that is \(constraint) has \(constraint.eventRank) axes, got the shape \(value.shape)")
  return constraint.contains(value).all().scalar() == 1 ? nil : "\n\(value)"
}
