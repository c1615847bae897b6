import Foundation
public import Tensors

/// What the effective sample size is for.
public enum ESSKind: Sendable {
  /// The mean.
  case mean
  /// The standard deviation.
  case standardDeviation
  /// The centre of the distribution: that of the normal scores of the ranks.
  case bulk
  /// The tails: the smaller one of those for the 5 % and the 95 % quantile.
  case tail
  /// A quantile.
  case quantile(Double)
}

/// How many independent draws would tell as much as these correlated ones.
///
/// Geyer's initial monotone sequence of autocorrelations, estimated from all chains together, which
/// are taken in halves (Vehtari, Gelman, Simpson, Carpenter and Bürkner 2021), as in ArviZ.
///
/// - Parameter draws: of shape chains × draws × event, four draws or more.
/// - Returns: the size for every element, of shape event; NaN where a draw is not finite.
public func effectiveSampleSize(_ draws: Tensor, _ kind: ESSKind = .bulk) -> Tensor {
  if case .quantile(let p) = kind {
    precondition(p > 0 && p < 1, "effectiveSampleSize: expected a quantile in (0, 1), got \(p)")
  }
  return ChainDraws.statistic(draws, "effectiveSampleSize") { $0.effectiveSampleSize(kind) }
}

extension ChainDraws {
  func effectiveSampleSize(_ kind: ESSKind) -> Double {
    switch kind {
    case .mean: return split().wholeESS()
    case .standardDeviation: return squaredDeviations().split().wholeESS()
    case .bulk: return split().normalScores().wholeESS()
    case .tail:
      return min(effectiveSampleSize(.quantile(0.05)), effectiveSampleSize(.quantile(0.95)))
    case .quantile(let p): return isBelowQuantile(p).split().wholeESS()
    }
  }

  func squaredDeviations() -> ChainDraws {
    let mean = mean
    return map { ($0 - mean) * ($0 - mean) }
  }

  private func wholeESS() -> Double {
    let count = Double(values.count)
    let least = values.min() ?? 0
    let most = values.max() ?? 0
    // Constant to the last digits.
    if most - least < 1e-15 { return count }
    let correlations = MeanAutocorrelation(self)
    let time = max(correlations.integratedTime(), 1 / log10(count))
    return count / time
  }
}

/// The autocorrelation of several chains, as if they were drawn around one mean.
private struct MeanAutocorrelation {
  private let chains: [Deviations]
  private let length: Int
  private let within: Double
  private let total: Double

  init(_ draws: ChainDraws) {
    let length = draws.length
    self.length = length
    chains = (0..<draws.chains).map { Deviations(draws.values[$0 * length..<($0 + 1) * length]) }
    let moments = draws.moments()
    within = moments.map(\.variance).mean
    let between = draws.chains > 1 ? moments.map(\.mean).variance : 0
    total = within * Double(length - 1) / Double(length) + between
  }

  subscript(lag: Int) -> Double {
    if lag == 0 { return 1 }
    let covariance = chains.map { $0.productSum(lag) / Double(length) }.mean
    return 1 - (within - covariance) / total
  }

  /// 1 + 2 Σ correlations: over pairs of lags as long as their sums stay positive, each sum cut down
  /// to the least one before. Of the last pair looked at, the even lag alone counts, once.
  func integratedTime() -> Double {
    var (even, odd) = (1.0, self[1])
    var (lag, sum, least) = (2, 0.0, Double.infinity)
    while lag < length - 2, even + odd > 0 {
      least = min(least, even + odd)
      sum += least
      (even, odd) = (self[lag], self[lag + 1])
      lag += 2
    }
    let rest = even > 0 || even + odd >= 0 ? even : 0
    return -1 + 2 * sum + rest
  }
}
