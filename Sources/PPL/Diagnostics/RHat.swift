import Foundation
public import Tensors

/// Which draws R-hat compares.
public enum RHatKind: Sendable {
  /// The larger one of `bulk` and `folded`: chains that differ in location or in spread are found
  /// also where moments are infinite.
  case rank
  /// Normal scores of the ranks, chains in halves.
  case bulk
  /// As `bulk`, of the distances from the median.
  case folded
  /// The draws, chains in halves: Pyro's `split_gelman_rubin`.
  case split
  /// The draws, chains as they are: Pyro's `gelman_rubin`.
  case whole
}

/// How far chains disagree: √(estimated variance of the posterior / mean variance within chains).
///
/// 1 for chains that have mixed; above 1.01, run them longer. The formulas are those of Gelman and
/// Rubin (1992) and of Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), as in ArviZ, which
/// however has no value for a single chain; its halves are compared here.
///
/// - Parameter draws: of shape chains × draws × event, four draws or more.
/// - Returns: R-hat of every element, of shape event; NaN where a draw is not finite.
public func rHat(_ draws: Tensor, _ kind: RHatKind = .rank) -> Tensor {
  ChainDraws.statistic(draws, "rHat") { $0.rHat(kind) }
}

extension ChainDraws {
  func rHat(_ kind: RHatKind) -> Double {
    switch kind {
    case .rank: max(rHat(.bulk), rHat(.folded))
    case .bulk: split().normalScores().wholeRHat()
    case .folded: split().folded().normalScores().wholeRHat()
    case .split: split().wholeRHat()
    case .whole: wholeRHat()
    }
  }

  private func wholeRHat() -> Double {
    guard chains > 1 else { return .nan }
    let moments = moments()
    let within = moments.map(\.variance).mean
    let between = moments.map(\.mean).variance
    return (between / within + Double(length - 1) / Double(length)).squareRoot()
  }
}
