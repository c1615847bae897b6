/// The promises that every bijector makes; `checkLaws(of:event:)` checks them.
public enum BijectorLaw: String, Sendable, CaseIterable {
  /// Values and points have the shapes foretold, log determinants that of the batch.
  case shapes
  /// Points are in the domain, values in the codomain, and both sets have the ranks promised.
  case sets
  /// The same point gives the same bits, whether or not the log determinant is asked for.
  case determinism
  /// f⁻¹(f(x)) = x and f(f⁻¹(y)) = y.
  case roundTrip
  /// The log determinant is that of the Jacobian.
  case logDet
  /// The inverse's log determinant is the negated one of the map.
  case inverseLogDet
  /// A map that claims to be autoregressive has a lower triangular Jacobian, with exact zeros.
  case autoregressive
  /// The log determinant is 0 everywhere exactly if the map claims to preserve volume.
  case volumePreserving
  /// A map that claims to start near the identity moves standard normal points little, before its
  /// parameters are fitted.
  case nearIdentity
  /// Derivatives with respect to points, parameters and context are those of finite differences.
  case gradients
  /// The score that comes with a value is the one found through the inverse map.
  case score
  /// Every parameter matters, and both directions use the same ones.
  case parameters
  /// A batch gives what its points give one by one.
  case batching
  /// A context that is accepted has an effect, and each point of a batch gets its own.
  case context
  /// Single precision stays single precision and agrees with double precision.
  case singlePrecision
  /// Points far out give no NaN, in double precision and, where values fit, in single.
  case farPoints
}

/// A promise that a bijector broke.
public struct LawViolation: Sendable, CustomStringConvertible {
  public let law: BijectorLaw
  /// What was computed, and where.
  public let subject: String
  public let expected: String
  public let actual: String

  public var description: String {
    "\(law.rawValue): \(subject): expected \(expected), got \(actual)"
  }
}

/// The promises that a bijector broke, in the order of the laws.
public struct BrokenLaws: Error, CustomStringConvertible {
  public let bijector: String
  public let violations: [LawViolation]

  /// The laws broken, each once.
  public var laws: [BijectorLaw] {
    BijectorLaw.allCases.filter { law in violations.contains { $0.law == law } }
  }

  public var description: String {
    "\(bijector) breaks \(laws.count) law\(laws.count == 1 ? "" : "s"):\n"
      + violations.map { "  \($0)" }.joined(separator: "\n")
  }
}
