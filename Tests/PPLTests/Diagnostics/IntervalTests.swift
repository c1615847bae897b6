import Foundation
import PPL
import TestSupport
import Testing

@Suite struct IntervalTests {
  @Test func narrowestIntervalsAsInArviZ() throws {
    for golden in try DiagnosticsGolden.load().chains {
      let draws = Tensor(golden.draws)
      for interval in golden.hdi {
        expectClose(
          hpdi(draws, probability: interval[0]), Array(interval[1...]), shape: [2],
          "\(interval[0]) of \(golden.name)")
      }
    }
  }

  /// The density of an exponential variable falls from 0: the narrowest 20 % are [0, −log 0.8].
  @Test func narrowestIntervalOfAnExponential() {
    let count = 100_000
    let grid = Tensor((0..<count).map { -log1p(-(Double($0) + 0.5) / Double(count)) })
    let interval = hpdi(grid, probability: 0.2).array()
    expectClose(interval, [0, -log(0.8)], within: .relative(0, absolute: 2e-5))
  }

  @Test func intervalsAlongAnyAxis() {
    let a = Tensor([5.0, 1, 2, 3, 40])
    let b = Tensor([-9.0, 7, 8, 6, 30])
    let expected = Tensor([[1.0, 6], [3, 8]])
    expectClose(hpdi(stack([a, b], along: 1), probability: 0.5), expected)
    expectClose(hpdi(stack([a, b]), probability: 0.5, axis: -1), expected)
  }

  /// Of Pyro's own tests.
  @Test func weightedQuantilesAsInPyro() {
    let draws = Tensor([[10.0, 50, 40], [20, 30, 0]])
    let weights = PPL.log(Tensor([0.4, 0.5, 0.1]))
    let result = weightedQuantiles(draws, [0.2, 0.8], logWeights: weights, axis: -1)
    expectClose(result, [40.4, 9, 47.6, 26.4], shape: [2, 2], within: .relative(1e-14))
    let moved = weightedQuantiles(draws.transposed(), [0.2, 0.8], logWeights: weights + 700)
    expectClose(moved, result, within: .relative(1e-12))
  }

  @Test func equalWeightsGiveQuantiles() throws {
    let draws = Tensor(try DiagnosticsGolden.load().chains[0].draws)
    let qs = [0, 0.05, 0.37, 0.5, 1]
    let weights = Tensor.full([draws.count], -3)
    expectClose(
      weightedQuantiles(draws, qs, logWeights: weights), draws.quantiles(qs),
      within: .relative(1e-10))
  }

  @Test func quantileOfThree() {
    expectClose(Tensor([0.0, 1, 2]).quantile(0.4), [0.8], within: .ulps(1))
  }

  /// {0, 1, 3} against ½: 7/6 − 2/3, and element by element.
  @Test func rankedProbabilityScore() {
    let draws = Tensor([1.0, 3, 0])
    expectClose(crps(draws, truth: 0.5), [0.5], shape: [], within: .ulps(2))
    let pair = stack([draws, 2 * draws], along: 1)
    expectClose(crps(pair, truth: Tensor([0.5, 1])), [0.5, 1], within: .ulps(2))
  }
}
