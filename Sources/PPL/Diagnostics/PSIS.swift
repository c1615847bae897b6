import Foundation
public import Tensors

/// Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry 2024).
///
/// The largest weights are replaced by quantiles of the generalized Pareto distribution that fits
/// them; its shape k̂ tells whether the weights can be relied on.
public struct PSIS: Sendable {
  /// The smoothed log weights, normalised: their exponentials add up to 1.
  public let logWeights: [Double]
  /// The shape of the weights' tail: with ½ and above their variance is infinite, above
  /// `threshold` estimates cannot be relied on. ∞ where the tail is too short to tell; −∞ where all
  /// weights are equal to a millionth: the proposal is the target, to what estimates can show.
  public let kHat: Double
  /// The weights as they came, the largest one 1.
  private let ratios: [Double]
  private let tailLength: Int

  /// - Parameters:
  ///   - logWeights: log ratios of target to proposal, none of them NaN or ∞, one of them finite.
  ///   - relativeEfficiency: effective sample size over the number of draws, where the draws are
  ///     correlated.
  public init(logWeights: [Double], relativeEfficiency: Double = 1) {
    let greatest = logWeights.max() ?? .nan
    precondition(
      greatest.isFinite && !logWeights.contains { $0.isNaN },
      "PSIS: expected log weights below infinity, one of them finite")
    let count = Double(logWeights.count)
    let tailLength = Int(ceil(min(count / 5, 3 * (count / relativeEfficiency).squareRoot())))
    let scaled = logWeights.map { $0 - greatest }
    let tail = Tail(scaled, length: tailLength)
    self.tailLength = tailLength
    ratios = scaled.map { exp($0) }
    // The shape of what differs less is that of rounding, or of the last digits of a fit.
    let isFlat = (scaled.min() ?? 0) > -1e-6
    kHat = isFlat ? -.infinity : tail.fit?.shape ?? .infinity
    self.logWeights = PSIS.normalized(tail.smoothed(scaled))
  }

  /// Above it, k̂ means that the draws are too few: min(1 − 1 / log₁₀ n, 0.7).
  public var threshold: Double { min(1 - 1 / log10(Double(logWeights.count)), 0.7) }

  /// Whether k̂ is at most `threshold`.
  public var isReliable: Bool { kHat <= threshold }

  /// The number of equally weighted draws that the weights are worth: 1 / Σ w².
  public var effectiveSampleSize: Double { 1 / logWeights.reduce(0) { $0 + exp(2 * $1) } }

  /// k̂ of the estimate of the mean of a quantity h: the largest of those of the weights and of both
  /// tails of h · weight.
  ///
  /// - Parameter values: h at every draw.
  public func kHat(of values: [Double]) -> Double {
    precondition(
      values.count == ratios.count,
      "PSIS.kHat: expected \(ratios.count) values, one for each weight, got \(values.count)")
    let isTwoValued = Set(values.prefix(3)).count < 3 && Set(values).count < 3
    guard !isTwoValued else { return kHat }
    guard values.allSatisfy(\.isFinite) else { return .infinity }
    let products = zip(values, ratios).map { $0 * $1 }
    return [products, products.map { -$0 }].reduce(kHat) { greatest, side in
      let threshold = side.sorted()[max(side.count - tailLength - 1, 0)]
      let excesses = side.filter { $0 > threshold }.map { $0 - threshold }
      guard excesses.count > Tail.least else { return greatest }
      return max(greatest, GeneralizedPareto(fitting: excesses).shape)
    }
  }

  /// The positions of draws picked by their weights, so that they are draws from the target.
  ///
  /// - Parameters:
  ///   - replacing: whether a draw may be picked more than once. If so, one is picked in each of
  ///     `count` equal shares of the total weight; draws are distinct otherwise, which favours light
  ///     ones unless `count` is small.
  public func resample(_ count: Int, replacing: Bool = true, key: RandomKey) -> [Int] {
    precondition(
      count >= 0 && (replacing || count <= logWeights.count),
      "PSIS.resample: \(count) of \(logWeights.count) draws")
    let weights = Tensor(logWeights)
    guard replacing else {
      // The largest of log weight + Gumbel noise (Efraimidis and Spirakis 2006).
      let noise = -log(-log(key.uniform([logWeights.count])))
      return (-(weights + noise)).argsort().slice(0..<count).intArray()
    }
    let total = exp(weights).cumulativeSum(along: 0)
    let places = (Tensor.arange(count).cast(to: .float64) + key.uniform([count])) / Double(count)
    let positions = searchSorted(total / total.selecting(-1, along: 0), places, right: true)
    return positions.intArray().map { min($0, logWeights.count - 1) }
  }

  private static func normalized(_ logWeights: [Double]) -> [Double] {
    let total = log(logWeights.reduce(0) { $0 + exp($1) })
    return logWeights.map { $0 - total }
  }

  /// The largest of some log weights, of which the greatest is 0.
  private struct Tail {
    /// So many weights cannot be fitted.
    static let least = 4
    private let threshold: Double
    /// Their positions, the smallest first.
    private let positions: [Int]
    let fit: GeneralizedPareto?

    init(_ logWeights: [Double], length: Int) {
      let sorted = logWeights.sorted()
      let cut = max(
        sorted[max(sorted.count - length - 1, 0)], log(.leastNormalMagnitude))
      threshold = exp(cut)
      positions = logWeights.indices.filter { logWeights[$0] > cut }
        .sorted { logWeights[$0] < logWeights[$1] }
      guard positions.count > Tail.least else {
        fit = nil
        return
      }
      let threshold = threshold
      fit = GeneralizedPareto(fitting: positions.map { exp(logWeights[$0]) - threshold })
    }

    func smoothed(_ logWeights: [Double]) -> [Double] {
      guard let fit, fit.shape.isFinite, fit.scale > 0 else { return logWeights }
      var result = logWeights
      for (rank, position) in positions.enumerated() {
        let quantile = fit.quantile((Double(rank) + 0.5) / Double(positions.count))
        result[position] = min(log(quantile + threshold), 0)
      }
      return result
    }
  }
}
