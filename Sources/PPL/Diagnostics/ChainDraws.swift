import Foundation
import Tensors

/// The draws of one number by several chains of one length.
struct ChainDraws {
  let chains: Int
  /// Chain after chain.
  let values: [Double]
  /// Draws per chain.
  var length: Int { values.count / chains }

  /// Each chain in halves, which count as chains; of an odd number of draws the middle one is left
  /// out.
  func split() -> ChainDraws {
    let half = length / 2
    let parts = (0..<chains).flatMap { chain -> [Double] in
      let start = chain * length
      let end = start + length
      return Array(values[start..<start + half] + values[(end - half)..<end])
    }
    return ChainDraws(chains: 2 * chains, values: parts)
  }

  func map(_ transform: (Double) -> Double) -> ChainDraws {
    ChainDraws(chains: chains, values: values.map(transform))
  }

  var mean: Double { values.mean }

  /// Distances from the median of all draws.
  func folded() -> ChainDraws {
    let median = Tensor(values).median().scalar()
    return map { abs($0 - median) }
  }

  /// Whether a draw is at most the p-quantile of all, as 1 or 0.
  func isBelowQuantile(_ p: Double) -> ChainDraws {
    let quantile = Tensor(values).quantile(p).scalar()
    return map { $0 <= quantile ? 1 : 0 }
  }

  /// The normal scores of the ranks among all draws, Φ⁻¹((r − 3/8) / (n + 1/4)) (Blom 1958); equal
  /// draws share the mean of their ranks.
  func normalScores() -> ChainDraws {
    let count = values.count
    let order = values.indices.sorted { values[$0] < values[$1] }
    var probabilities = [Double](repeating: 0, count: count)
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, values[order[end]] == values[order[start]] { end += 1 }
      let rank = Double(start + end + 1) / 2
      for position in start..<end {
        probabilities[order[position]] = (rank - 0.375) / (Double(count) + 0.25)
      }
      start = end
    }
    return ChainDraws(chains: chains, values: normalQuantile(Tensor(probabilities)).array())
  }

  /// The mean and the sample variance of each chain.
  func moments() -> [(mean: Double, variance: Double)] {
    (0..<chains).map { chain in
      let own = values[chain * length..<(chain + 1) * length]
      return (own.mean, own.variance)
    }
  }

  /// A statistic of every element of draws of shape chains × draws × event; NaN where a draw is not
  /// finite, or there are fewer than four of them in a chain.
  static func statistic(
    _ draws: Tensor, _ what: StaticString, _ statistic: (ChainDraws) -> Double
  ) -> Tensor {
    precondition(
      draws.rank >= 2 && draws.shape[0] > 0,
      "\(what): expected draws of shape chains × draws × event, got the shape \(draws.shape)")
    let event = Shape(draws.shape.dropFirst(2))
    let results = elements(draws).map { element in
      let isUsable = element.length >= 4 && element.values.allSatisfy(\.isFinite)
      return isUsable ? statistic(element) : .nan
    }
    return Tensor(results, shape: event)
  }

  /// The draws of every element, given their chains and draws along two outer axes.
  static func elements(_ draws: Tensor) -> [ChainDraws] {
    draws.flatteningChains.elementwiseDraws.map {
      ChainDraws(chains: draws.shape[0], values: $0)
    }
  }
}

extension Tensor {
  /// Draws of several chains one after another.
  var flatteningChains: Tensor {
    reshaped(to: [shape[0] * shape[1]] + Shape(shape.dropFirst(2)))
  }

  /// The draws of each element, given them along the outermost axis.
  var elementwiseDraws: [[Double]] {
    let length = shape[0]
    let width = shape.dropFirst().reduce(1, *)
    let all = cast(to: .float64).reshaped(to: [length, width]).transposed().array()
    return (0..<width).map { Array(all[$0 * length..<($0 + 1) * length]) }
  }
}

extension Collection<Double> {
  var mean: Double { reduce(0, +) / Double(count) }

  /// The sum of squared distances from the mean, divided by n − 1.
  var variance: Double {
    let mean = mean
    return reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
  }
}
