import Foundation
import Testing

@testable import PPL

/// The test of ranks against all rank vectors there are, each as probable as the others.
@Suite struct RankTestTests {
  private static let cases = [(simulations: 5, draws: 3), (4, 4), (7, 2), (1, 5)]

  /// All vectors of ranks.
  private static func vectors(_ simulations: Int, _ draws: Int) -> [[Int]] {
    (0..<simulations).reduce([[]]) { prefixes, _ in
      prefixes.flatMap { prefix in (0...draws).map { prefix + [$0] } }
    }
  }

  /// The smallest two-sided binomial p-value of the numbers of ranks below 1, 2, ….
  private static func smallest(_ ranks: [Int], _ draws: Int) -> Double {
    (1...draws).map { k in
      let chance = Double(k) / Double(draws + 1)
      let below = ranks.count { $0 < k }
      let masses = (0...ranks.count).map { n -> Double in
        let choices = (0..<n).reduce(1.0) { $0 * Double(ranks.count - $1) / Double($1 + 1) }
        return choices * pow(chance, Double(n)) * pow(1 - chance, Double(ranks.count - n))
      }
      let tails = [masses[...below], masses[below...]].map { $0.reduce(0, +) }
      return min(1, 2 * min(tails[0], tails[1]))
    }.min() ?? 1
  }

  @Test(arguments: cases) func pValues(_ simulations: Int, _ draws: Int) {
    let all = Self.vectors(simulations, draws)
    let statistics = all.map { Self.smallest($0, draws) }
    let test = RankTest(simulations: simulations, draws: draws)
    for (ranks, own) in zip(all, statistics).prefix(400) {
      let part = Double(statistics.count { $0 <= own * (1 + 1e-9) }) / Double(all.count)
      #expect((test.pValue(ranks) - part).magnitude < 1e-12, "\(ranks)")
    }
  }

  /// The bands hold at least the level, and narrower ones by the statistic would not.
  @Test(arguments: cases) func bands(_ simulations: Int, _ draws: Int) {
    let all = Self.vectors(simulations, draws)
    let test = RankTest(simulations: simulations, draws: draws)
    for level in [0.3, 0.5, 0.9] {
      let bands = test.bands(level: level)
      let held = all.filter { ranks in
        zip(bands, 1...).allSatisfy { band, k in band.contains(ranks.count { $0 < k }) }
      }
      #expect(Double(held.count) >= level * Double(all.count) * (1 - 1e-12))
      let edge = held.map { Self.smallest($0, draws) }.min() ?? 1
      let inner = held.count { Self.smallest($0, draws) > edge * (1 + 1e-9) }
      #expect(Double(inner) < level * Double(all.count))
    }
  }
}
