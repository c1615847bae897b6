import Foundation
import PPL
import TestSupport
import Testing

@Suite struct PSISTests {
  @Test func weightsAsInArviZ() throws {
    for golden in try DiagnosticsGolden.load().weights {
      let psis = PSIS(
        logWeights: golden.logWeights, relativeEfficiency: golden.relativeEfficiency)
      expectClose(
        [psis.kHat], [golden.kHat.value], within: .relative(1e-10), "k̂, \(golden.name)")
      expectClose(
        psis.logWeights, golden.smoothed, within: .relative(1e-10, absolute: 1e-10), golden.name)
      expectClose(
        [psis.kHat(of: golden.values)], [golden.kHatOfValues.value], within: .relative(1e-10),
        "k̂ of values, \(golden.name)")
    }
  }

  @Test func generalizedParetoAsInArviZ() throws {
    for golden in try DiagnosticsGolden.load().pareto {
      let fit = GeneralizedPareto(fitting: golden.data.shuffled())
      expectClose(
        [fit.shape, fit.scale], [golden.shape, golden.scale], within: .relative(1e-10))
    }
  }

  /// Of Pyro's own tests: exact quantiles of the distribution.
  @Test(arguments: [
    (0.2, 0.2412505, 1.2751771), (0.5, 0.5044928, 1.2869527), (0.7, 0.6800360, 1.2949036),
  ])
  func generalizedParetoOfItsQuantiles(_ shape: Double, _ fitted: Double, _ scale: Double) {
    let exact = GeneralizedPareto(shape: shape, scale: 1.3)
    let grid = (0..<100).map { exact.quantile((Double($0) + 0.5) / 100) }
    let fit = GeneralizedPareto(fitting: grid)
    expectClose([fit.shape, fit.scale], [fitted, scale], within: .relative(0, absolute: 6e-8))
  }

  @Test func paretoQuantiles() {
    // Closed forms: exponential for shape 0, uniform on [0, scale] for −1.
    expectClose(
      [GeneralizedPareto(shape: 0, scale: 2).quantile(0.75)], [2 * log(4)], within: .ulps(2))
    expectClose(
      [GeneralizedPareto(shape: -1, scale: 2).quantile(0.75)], [1.5], within: .ulps(2))
    expectClose(
      [GeneralizedPareto(shape: 0.5, scale: 2).quantile(0.75)], [4], within: .ulps(4))
  }

  /// A normal target of scale 1 and draws of scale s have weights whose tail has the shape 1 − s².
  /// Bands and the number of draws are those of Pyro's tests.
  @Test(arguments: [(0.5, 0.7..<0.9), (0.95, 0.05..<0.2)])
  func shapeOfNormalWeights(_ scale: Double, _ band: Range<Double>) {
    let z = scale * RandomKey(3).normal([500_000])
    let psis = PSIS(logWeights: (0.5 * z * z * (1 / (scale * scale) - 1)).array())
    #expect(band.contains(psis.kHat), "\(psis.kHat)")
    #expect(psis.isReliable == (scale == 0.95))
  }

  /// The mean of a quantity that is large where weights are needs more than its weights.
  @Test func quantitiesHaveTheirOwn() {
    let z = RandomKey(4).normal([20_000]).array()
    let psis = PSIS(logWeights: z.map { 0.1 * $0 * $0 })
    #expect(psis.kHat < 0.3)
    #expect(psis.kHat(of: z.map { exp(0.35 * $0 * $0) }) > 0.6)
    #expect(psis.kHat(of: z.map { -exp(0.35 * $0 * $0) }) > 0.6)
    #expect(psis.kHat(of: z.map { $0 > 0 ? 1 : 0 }) == psis.kHat)
    #expect(psis.kHat(of: z.map { $0 > 3.9 ? .infinity : 1.5 + $0 }) == .infinity)
  }

  @Test func equalWeights() {
    let psis = PSIS(logWeights: [Double](repeating: -4, count: 50))
    expectClose(psis.logWeights, [Double](repeating: -log(50), count: 50), within: .ulps(4))
    expectClose([psis.effectiveSampleSize], [50], within: .relative(1e-13))
    #expect(psis.kHat == -.infinity && psis.isReliable)
    #expect(psis.kHat(of: (0..<50).map { Double($0) }) < 0)
  }

  /// Weights that differ by a ten-millionth at most are equal, however heavy the tail of what they
  /// differ by; a hundred times that has its shape.
  @Test func nearlyEqualWeights() {
    let heavy = (1...1000).map { pow(Double($0) / 1000, -2) / 1e6 }
    func kHat(_ size: Double) -> Double { PSIS(logWeights: heavy.map { size * $0 }).kHat }
    #expect(kHat(1e-7) == -.infinity)
    #expect(kHat(1e-5) > 1)
  }

  /// Frequencies of picks are the weights: with replacement by shares, each within one of its share.
  @Test func resamplingWithReplacement() {
    let weights = [0.1, 0.25, 0.05, 0.6]
    let psis = PSIS(logWeights: weights.map { log($0) + 7 })
    let picks = psis.resample(1000, key: RandomKey(5))
    for (index, weight) in weights.enumerated() {
      let share = picks.count { $0 == index }
      #expect(abs(Double(share) - 1000 * weight) <= 1, "\(index)")
    }
    #expect(picks == psis.resample(1000, key: RandomKey(5)))
  }

  /// The first of two picks without replacement is i with probability wᵢ, and then the second is j
  /// with probability wⱼ / (1 − wᵢ). z-tests at 4.9: one false alarm in 10⁵ runs of all pairs.
  @Test func resamplingWithoutReplacement() {
    let weights = [0.1, 0.25, 0.05, 0.6]
    let psis = PSIS(logWeights: weights.map { log($0) })
    let count = 4000
    var pairs: [[Int]: Int] = [:]
    for seed in 0..<count {
      pairs[psis.resample(2, replacing: false, key: RandomKey(seed)), default: 0] += 1
    }
    for first in 0..<4 {
      #expect(pairs[[first, first]] == nil)
      for second in 0..<4 where second != first {
        let p = weights[first] * weights[second] / (1 - weights[first])
        let frequency = Double(pairs[[first, second]] ?? 0) / Double(count)
        #expect(isPlausible(frequency, p, sd: (p * (1 - p)).squareRoot(), count: count))
      }
    }
  }
}
