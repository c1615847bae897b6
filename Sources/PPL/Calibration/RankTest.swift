import Foundation

/// Whether ranks are uniform, asked of their whole empirical distribution function (Säilynoja,
/// Bürkner and Vehtari 2021).
///
/// Of N ranks in 0…L, the number below k is binomial with probability k / (L + 1). Each k has a
/// two-sided p-value; the smallest one is judged by its exact distribution, which follows step by
/// step: given the number below k, the number at k is binomial again.
struct RankTest {
  private let simulations: Int
  private let draws: Int
  private let logFactorials: [Double]

  init(simulations: Int, draws: Int) {
    self.simulations = simulations
    self.draws = draws
    var sums = [0.0]
    for n in 1...max(simulations, 1) { sums.append(sums[n - 1] + log(Double(n))) }
    logFactorials = sums
  }

  /// For k = 1, …, L the number of ranks below k.
  func cumulative(_ ranks: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: draws + 1)
    for rank in ranks { counts[rank] += 1 }
    var sum = 0
    return counts.prefix(draws).map { count in
      sum += count
      return sum
    }
  }

  func pValue(_ ranks: [Int]) -> Double {
    let smallest = zip(cumulative(ranks), 1...).map { tails(at: $1)[$0] }.min() ?? 1
    return min(max(1 - coverage(bands(above: smallest)), 0), 1)
  }

  /// The narrowest bands around all numbers that hold them together with a probability.
  func bands(level: Double) -> [ClosedRange<Int>] {
    // By halving the logarithm of the p-value at their edges.
    var (narrow, wide) = (0.0, log(1e-15))
    for _ in 0..<50 {
      let middle = (narrow + wide) / 2
      if coverage(bands(above: exp(middle))) >= level { wide = middle } else { narrow = middle }
    }
    return bands(above: exp(wide)).map { $0 ?? 0...simulations }
  }

  /// For each k the numbers with a p-value above a bound; nil where there is none.
  private func bands(above bound: Double) -> [ClosedRange<Int>?] {
    (1...draws).map { k in
      let tails = tails(at: k)
      // Rounding must not part numbers of the same p-value.
      let limit = bound * (1 + 1e-9)
      guard let first = tails.firstIndex(where: { $0 > limit }),
        let last = tails.lastIndex(where: { $0 > limit })
      else { return nil }
      return first...last
    }
  }

  /// For each n the probability of a number below k as far out as n.
  private func tails(at k: Int) -> [Double] {
    let chance = Double(k) / Double(draws + 1)
    let masses = (0...simulations).map { mass($0, of: simulations, chance) }
    var (below, above) = (masses, masses)
    for n in 1..<masses.count { below[n] += below[n - 1] }
    for n in (0..<masses.count - 1).reversed() { above[n] += above[n + 1] }
    return zip(below, above).map { min(1, 2 * min($0, $1)) }
  }

  /// The probability that all numbers stay within their bands.
  private func coverage(_ bands: [ClosedRange<Int>?]) -> Double {
    var present = [0: 1.0]
    for (index, band) in bands.enumerated() {
      guard let band else { return 0 }
      let chance = 1 / Double(draws + 1 - index)
      var next: [Int: Double] = [:]
      for (n, probability) in present {
        for m in max(n, band.lowerBound)..<max(n, band.upperBound) + 1 where band.contains(m) {
          next[m, default: 0] += probability * mass(m - n, of: simulations - n, chance)
        }
      }
      present = next
    }
    return present.values.reduce(0, +)
  }

  /// Binomial.
  private func mass(_ n: Int, of count: Int, _ chance: Double) -> Double {
    let choices = logFactorials[count] - logFactorials[n] - logFactorials[count - n]
    return exp(choices + Double(n) * log(chance) + Double(count - n) * log1p(-chance))
  }
}
