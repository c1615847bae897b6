import Foundation
public import Tensors

/// Draws from a proposal, weighted so that they stand for the posterior, with their log densities:
/// what Pyro's `WeighedPredictive` returns.
public struct WeightedDraws: CustomStringConvertible {
  /// Every latent and deterministic site, the draws along a new outermost axis.
  public let samples: [(name: String, draws: Tensor)]
  /// log p(x, z) at each draw.
  public let modelLogProb: [Double]
  /// log q(z) at each draw.
  public let guideLogProb: [Double]
  /// The Pareto-smoothed weights.
  public let psis: PSIS

  /// - Throws: `PredictionError.badWeight`, `.noWeight`.
  init(
    _ samples: [(name: String, draws: Tensor)], modelLogProb: [Double], guideLogProb: [Double]
  ) throws(PredictionError) {
    self.samples = samples
    self.modelLogProb = modelLogProb
    self.guideLogProb = guideLogProb
    let weights = zip(modelLogProb, guideLogProb).map { $0 - $1 }
    if let draw = weights.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
      throw .badWeight(draw: draw, value: weights[draw])
    }
    guard weights.contains(where: \.isFinite) else { throw .noWeight(draws: weights.count) }
    psis = PSIS(logWeights: weights)
  }

  /// The draws of a site; nil if there is none of that name.
  public subscript(name: String) -> Tensor? { samples[name] }

  /// log p(x, z) − log q(z) at each draw.
  public var logWeights: [Double] { zip(modelLogProb, guideLogProb).map { $0 - $1 } }

  /// The log evidence log p(x), estimated by the log of the mean weight, and its standard error.
  public var logEvidence: (value: Double, error: Double) {
    let logWeights = logWeights
    let value = logMeanExp(logWeights)
    let ratios = logWeights.map { exp($0 - value) }
    return (value, (ratios.variance / Double(ratios.count)).squareRoot())
  }

  /// The number of draws from the posterior that the unsmoothed weights are worth:
  /// (Σ w)² / Σ w² (Kish).
  public var effectiveSampleSize: Double {
    let logWeights = logWeights
    let count = Double(logWeights.count)
    return count * exp(2 * logMeanExp(logWeights) - logMeanExp(logWeights.map { 2 * $0 }))
  }

  /// k̂ of all weights together; above `psis.threshold` neither proposal nor weighted draws can be
  /// relied on.
  public var kHat: Double { psis.kHat }

  /// k̂ of the mean of every element of a site, of the shape of the site's draw; nil if there is no
  /// site of that name.
  public func kHat(of name: String) -> Tensor? {
    self[name].map { draws in
      Tensor(
        draws.elementwiseDraws.map { psis.kHat(of: $0) }, shape: Shape(draws.shape.dropFirst()))
    }
  }

  /// The weighted mean of every element of a site; nil if there is none of that name.
  public func mean(of name: String) -> Tensor? {
    self[name].map { draws in
      let shape = [draws.shape[0]] + Shape(repeating: 1, count: draws.rank - 1)
      return (weights.reshaped(to: shape) * draws.cast(to: .float64)).sum(axis: 0)
    }
  }

  /// Weighted statistics of every element of every site.
  public func summary() -> Summary {
    let plain = Summary(samples)
    let weights = weights.array()
    let logWeights = Tensor(psis.logWeights)
    let elements = samples.flatMap(\.draws.elementwiseDraws)
    return Summary(
      zip(plain.rows, elements).map { row, values in
        let mean = zip(weights, values).map { $0 * $1 }.reduce(0, +)
        let variance = zip(weights, values).map { $0 * ($1 - mean) * ($1 - mean) }.reduce(0, +)
        let quantiles = weightedQuantiles(
          Tensor(values), [0.05, 0.5, 0.95], logWeights: logWeights)
        return Summary.Row(row.name, mean, variance.squareRoot(), quantiles.array())
      })
  }

  /// Draws picked by their smoothed weights, which are equally likely under the posterior.
  ///
  /// - Parameter replacing: whether a draw may be picked more than once; see `PSIS.resample`.
  public func resampled(
    _ count: Int, replacing: Bool = true, seed: Int = 0
  ) -> [(name: String, draws: Tensor)] {
    let picks = Tensor(psis.resample(count, replacing: replacing, key: RandomKey(seed)))
    return samples.map { ($0, $1.gathered(picks)) }
  }

  private var weights: Tensor { exp(Tensor(psis.logWeights)) }

  /// How far the draws can be relied on, in one line.
  public var description: String {
    let (evidence, error) = logEvidence
    let verdict =
      psis.isReliable
      ? "the weighted draws can be relied on" : "neither they nor the proposal can be relied on"
    return """
      \(modelLogProb.count) draws worth \(formatted(effectiveSampleSize, digits: 0)), log evidence \
      \(formatted(evidence, digits: 3)) ± \(formatted(error, digits: 3)), k̂ \
      \(formatted(kHat, digits: 2)) where \(formatted(psis.threshold, digits: 2)) is allowed: \
      \(verdict)
      """
  }
}
