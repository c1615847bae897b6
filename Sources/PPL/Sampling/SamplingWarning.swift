/// What speaks against the draws of Markov chains.
public enum SamplingWarning: CustomStringConvertible, Equatable, Sendable {
  /// Transitions whose paths left the level of the energy.
  case divergences(Int, of: Int)
  /// Chains that do not agree: the number with the largest R-hat, above 1.01 (Vehtari, Gelman,
  /// Simpson, Carpenter and Bürkner 2021).
  case disagreement(String, rHat: Double)
  /// Draws that depend on each other so much that they are worth fewer than 100 for each chain: the
  /// number with the smallest effective sample size, of bulk or tails (ibid.).
  case fewDraws(String, effective: Double)

  public var description: String {
    switch self {
    case .divergences(let count, let steps):
      """
      \(count) of \(steps) transitions diverged, so that a part of the posterior was not reached: see \
      divergentDraws, reparameterize the model, or raise targetAcceptance
      """
    case .disagreement(let name, let rHat):
      """
      the chains do not agree: R-hat of \(name) is \(formatted(rHat, digits: 3)); take more steps of \
      warm-up and more samples, or reparameterize the model
      """
    case .fewDraws(let name, let size):
      """
      the draws of \(name) are worth \(formatted(size, digits: 0)) independent ones, too few for the \
      diagnostics: take more samples
      """
    }
  }
}

extension MCMCResult {
  /// What speaks against the draws; empty for most runs.
  public var warnings: [SamplingWarning] {
    var warnings: [SamplingWarning] = []
    if divergences > 0 {
      warnings.append(.divergences(divergences, of: transitions.joined().count))
    }
    // Numbers that never move, known data say, have no R-hat.
    let known = summary().rows.compactMap { row in
      row.convergence.flatMap { $0.rHat.isNaN ? nil : (row.name, $0) }
    }
    if let worst = known.max(by: { $0.1.rHat < $1.1.rHat }), worst.1.rHat > 1.01 {
      warnings.append(.disagreement(worst.0, rHat: worst.1.rHat))
    }
    func size(_ convergence: Summary.Convergence) -> Double {
      min(convergence.bulkESS, convergence.tailESS)
    }
    if let worst = known.min(by: { size($0.1) < size($1.1) }),
      size(worst.1) < 100 * Double(transitions.count)
    {
      warnings.append(.fewDraws(worst.0, effective: size(worst.1)))
    }
    return warnings
  }
}
