import Foundation
public import Tensors

/// Which estimate a Monte Carlo error is of.
public enum MCSEKind: Sendable {
  case mean
  case standardDeviation
}

/// The standard error of an estimate from correlated draws: how far it would lie from the truth if
/// the chains were run anew.
///
/// That of the mean is sd / √ESS; that of the standard deviation follows from the variance of the
/// squared deviations by the delta method (Kenney and Keeping 1951), as in ArviZ.
///
/// - Parameter draws: of shape chains × draws × event, four draws or more.
/// - Returns: the error for every element, of shape event; NaN where a draw is not finite.
public func monteCarloStandardError(_ draws: Tensor, _ kind: MCSEKind = .mean) -> Tensor {
  ChainDraws.statistic(draws, "monteCarloStandardError") { $0.standardError(kind) }
}

extension ChainDraws {
  func standardError(_ kind: MCSEKind) -> Double {
    switch kind {
    case .mean: return (values.variance / effectiveSampleSize(.mean)).squareRoot()
    case .standardDeviation:
      let squares = squaredDeviations()
      let variance = squares.mean
      let spread = squares.map { $0 * $0 }.mean - variance * variance
      let ofVariance = spread / squares.effectiveSampleSize(.mean)
      return (ofVariance / variance / 4).squareRoot()
    }
  }
}
