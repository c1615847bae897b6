import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Censored observations against GSL's distribution functions.
@Suite struct CensoredTests {
  private let base = Weibull(3, 2)
  private func below(_ x: Double) -> Double { gsl_cdf_weibull_P(x, 3, 2) }
  private func above(_ x: Double) -> Double { gsl_cdf_weibull_Q(x, 3, 2) }
  private func density(_ x: Double) -> Double { GSL.weibullDensity(x, 3, 2) }

  @Test func left() {
    let distribution = LeftCensored(base, censored: Tensor([0, 1, 1]))
    expectClose(
      distribution.logProb(Tensor([2, 4, 0.01])),
      [log(density(2)), log(below(4)), log(below(0.01))], shape: [3], within: .relative(1e-12))
  }

  @Test func right() {
    let distribution = RightCensored(base, censored: Tensor([false, true, true]))
    expectClose(
      distribution.logProb(Tensor([2, 4, 90])), [log(density(2)), log(above(4)), -900],
      shape: [3], within: .relative(1e-12))
    // Far out, where the probability itself underflows.
    let normal = RightCensored(Normal(0, 1), censored: 1)
    expectClose(
      [normal.logProb(Tensor(50.0)).scalar()], [-1254.8313611394], within: .relative(1e-12))
  }

  @Test func interval() {
    let distribution = IntervalCensored(
      base, leftCensored: Tensor([0, 1, 0, 1, 0]), rightCensored: Tensor([0, 0, 1, 1, 0]))
    #expect(distribution.eventShape == [2] && distribution.batchShape == [5])
    let pairs = Tensor([[2.0, 5], [.nan, 4], [4, .infinity], [2, 5], [3, 3]])
    expectClose(
      distribution.logProb(pairs),
      [
        log(below(5) - below(2)), log(below(4)), log(above(4)), log(below(2) + above(5)),
        log(density(3)),
      ], shape: [5], within: .relative(1e-12))
    let draw = distribution.sample([7], key: RandomKey(3), dtype: .float64)
    #expect(draw.shape == [7, 5, 2])
  }

  /// A censored observation tells of the parameters through the probability alone: ∂ log(1 − F).
  @Test func gradients() {
    let x = Tensor([0.5, 2, 4])
    for mark in [0.0, 1] {
      checkGradients(of: [Tensor(3.0), Tensor(2.0)]) { p in
        let base = Weibull(p[0], p[1])
        return [
          LeftCensored(base, censored: Tensor(mark)).logProb(x),
          RightCensored(base, censored: Tensor(mark)).logProb(x),
        ]
      }
    }
  }

  @Test func batches() {
    let distribution = RightCensored(Exponential(1), censored: Tensor([0, 1]))
    #expect(distribution.batchShape == [2])
    #expect(distribution.expanded(to: [3, 2]).logProb(Tensor(1.0)).shape == [3, 2])
    #expect(distribution.sample([4], key: RandomKey(1), dtype: .float64).shape == [4, 2])
    #expect(distribution.support == .nonNegative)
  }
}
