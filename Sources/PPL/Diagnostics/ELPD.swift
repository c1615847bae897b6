import Foundation
public import Tensors

/// The expected log density of new data under a model, summed over as many data as there are
/// (Vehtari, Gelman and Gabry 2017). The larger, the better the model predicts.
public struct ELPD: Sendable, CustomStringConvertible {
  /// Σ of `pointwise`.
  public let value: Double
  /// √(n · variance of `pointwise`).
  public let standardError: Double
  /// By how much the log density of the data themselves is larger.
  public let effectiveParameters: Double
  /// What each datum contributes.
  public let pointwise: [Double]
  /// For each datum k̂ of the weights that leave it out; empty for WAIC.
  public let kHats: [Double]
  /// The data whose contribution cannot be relied on: k̂ above min(1 − 1 / log₁₀ draws, 0.7) with
  /// `loo`, a variance of the log density above 0.4 with `waic`.
  public let unreliable: [Int]

  init(_ terms: [Term]) {
    pointwise = terms.map(\.elpd)
    value = pointwise.reduce(0, +)
    let mean = pointwise.mean
    standardError = pointwise.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    effectiveParameters = terms.reduce(0) { $0 + $1.lpd - $1.elpd }
    kHats = terms.compactMap(\.kHat)
    unreliable = terms.indices.filter { !terms[$0].isReliable }
  }

  /// One datum.
  struct Term {
    let elpd: Double
    /// log mean density over the draws.
    let lpd: Double
    let kHat: Double?
    let isReliable: Bool
  }

  public var description: String {
    let verdict =
      unreliable.isEmpty
      ? "" : "; \(unreliable.count) of \(pointwise.count) data cannot be relied on"
    return """
      elpd \(formatted(value, digits: 2)) ± \(formatted(standardError, digits: 2)), effective \
      parameters \(formatted(effectiveParameters, digits: 2))\(verdict)
      """
  }
}

/// The widely applicable information criterion: log mean density of each datum less the sample
/// variance of its log density. Pyro's `waic`, on the scale of log densities instead of −2 times it.
///
/// - Parameter logLikelihood: log densities of the data at draws from the posterior, of shape draws ×
///   data, where data may have several axes; at least two draws.
public func waic(_ logLikelihood: Tensor) -> ELPD {
  ELPD(
    columns(logLikelihood, "waic").map { column in
      let lpd = logMeanExp(column)
      let variance = column.variance
      return ELPD.Term(elpd: lpd - variance, lpd: lpd, kHat: nil, isReliable: variance <= 0.4)
    })
}

/// Leave-one-out cross-validation by Pareto-smoothed importance sampling, from one fit.
///
/// - Parameters:
///   - logLikelihood: log densities of the data at draws from the posterior, of shape draws × data,
///     where data may have several axes.
///   - relativeEfficiency: effective sample size over the number of draws, where the draws are
///     correlated.
/// - Returns: for a datum whose log density is not finite at some draw, NaN and a k̂ of infinity.
public func loo(_ logLikelihood: Tensor, relativeEfficiency: Double = 1) -> ELPD {
  ELPD(
    columns(logLikelihood, "loo").map { column in
      guard column.allSatisfy(\.isFinite) else {
        return ELPD.Term(elpd: .nan, lpd: logMeanExp(column), kHat: .infinity, isReliable: false)
      }
      let psis = PSIS(
        logWeights: column.map { -$0 }, relativeEfficiency: relativeEfficiency)
      let weighted = zip(column, psis.logWeights).map { $0 + $1 }
      return ELPD.Term(
        elpd: logMeanExp(weighted) + log(Double(column.count)), lpd: logMeanExp(column),
        kHat: psis.kHat, isReliable: psis.isReliable)
    })
}

/// The log densities of each datum at all draws.
private func columns(_ logLikelihood: Tensor, _ what: StaticString) -> [[Double]] {
  precondition(
    logLikelihood.rank > 0 && logLikelihood.shape[0] > 1,
    "\(what): expected log densities of shape draws × data, got \(logLikelihood.shape)")
  return logLikelihood.elementwiseDraws
}

func logMeanExp(_ values: [Double]) -> Double {
  let greatest = values.max() ?? -.infinity
  guard greatest.isFinite else { return greatest }
  return greatest + log(values.reduce(0) { $0 + exp($1 - greatest) } / Double(values.count))
}
