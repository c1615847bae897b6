public import PPL

/// Checks that a bijector keeps every promise of the protocol, `BijectorLaw` by `BijectorLaw`.
///
///     try checkLaws(of: MyBijector(), event: [3])
///
/// Each law is checked at random points and at random parameters, far from the initial ones: every
/// parameter site of the bijector gets normal values before the map onto its range. Points are
/// normal with standard deviation 3, mapped onto the bijector's domain.
///
/// - Parameters:
///   - bijector: a map between sets of as many dimensions as their elements have.
///   - event: the shape of one point.
///   - context: the shape of one context, for a bijector that takes one.
///   - tolerance: the error allowed in values and log determinants, relative to the largest of
///     them or to 1. Derivatives are allowed a hundred times as much, but at least 10⁻⁶.
///   - draws: how many sets of parameters.
///   - spread: the standard deviation of parameters, less than 1 for a deep stack that would be
///     badly conditioned.
///   - seed: of the points and parameters.
/// - Throws: `BrokenLaws`, which says of each broken law where, what was expected and what was got.
public func checkLaws(
  of bijector: some Bijector, event: Shape, context: Shape? = nil, tolerance: Double = 1e-9,
  draws: Int = 3, spread: Double = 1, seed: Int = 1
) throws(BrokenLaws) {
  precondition(
    event.rank >= bijector.eventRank,
    "checkLaws: points of \(bijector.eventRank) axes, and an event of shape \(event)")
  precondition(
    bijector.forwardShape(event).elementCount == event.elementCount,
    """
    checkLaws: points of \(event.elementCount) elements and values of \
    \(bijector.forwardShape(event).elementCount); the Jacobian is not square
    """)
  precondition(draws > 0, "checkLaws: draws must be positive, got \(draws)")
  let subject = LawSubject(
    bijector: bijector, event: event, context: context, tolerance: tolerance,
    spread: spread, key: RandomKey(seed))
  let violations = subject.violations(draws: draws)
  guard !violations.isEmpty else { return }
  throw BrokenLaws(bijector: "\(type(of: bijector))", violations: violations)
}

extension LawSubject {
  /// All violations. A law that makes no sense where another is broken is left out.
  func violations(draws: Int) -> [LawViolation] {
    let shapes = checkShapes()
    // Where the shapes are wrong, what follows would trip over them.
    guard shapes.isEmpty else { return shapes }
    var violations = (1...draws).flatMap { draw -> [LawViolation] in
      let sets = checkSets(draw)
      return sets + checkDeterminism(draw) + checkRoundTrip(draw) + checkJacobian(draw)
        + (sets.isEmpty ? checkGradients(draw) : []) + checkScore(draw) + checkBatching(draw)
        + checkSinglePrecision(draw) + checkFarPoints(draw)
    }
    violations +=
      checkAutoregressive(draws) + checkVolume(draws) + checkParameters(draws)
      + checkContext(draws) + checkNearIdentity()
    return violations
  }
}
