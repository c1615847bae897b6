import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Transformed distributions whose events have axes, or change their shape on the way.
@Suite struct TransformedEventTests {
  private static func normal(_ x: Double) -> Double { -0.5 * x * x - 0.5 * log(2 * .pi) }

  /// Batch axes of the base that a map of vectors needs become part of the event.
  @Test func promotion() {
    let base = Normal(Tensor([0.0, 0, 0]), 1)
    for distribution in [
      TransformedDistribution(base, [StickBreaking()]) as any Distribution,
      TransformedDistribution(base.toEvent(1), [StickBreaking()]),
    ] {
      #expect(distribution.batchShape == [] && distribution.eventShape == [4])
      #expect(distribution.support == .simplex)
      // A point and its log determinant, known to 10 digits from elsewhere.
      let y: Tensor = [0.2692143494, 0.2122645752, 0.2978605515, 0.2206605238]
      let expected = [0.1, -0.2, 0.3].map(Self.normal).reduce(0, +) + 5.5844288644
      expectClose(
        distribution.logProb(y), [expected], shape: [], within: .relative(0, absolute: 1e-8))
      let outside = distribution.logProb(
        [[0.5, 0.5, 0.5, 0.5], [0.25, 0.25, 0.25, .init(.nan)], [0.25, 0.25, 0.25, 0.25]])
      #expect(outside.array()[0] == -.infinity && outside.array()[1].isNaN)
      #expect(outside.array()[2].isFinite)
      let (value, logProb) = distribution.sampleAndLogProb([5], key: RandomKey(3), dtype: .float64)
      #expect(value.shape == [5, 4] && logProb.shape == [5])
      expectClose(logProb, distribution.logProb(value), within: .relative(1e-10, absolute: 1e-10))
    }
  }

  @Test func batches() {
    let distribution = TransformedDistribution(
      Normal(Tensor([[0.0, 1, 2], [3, 4, 5]]), 1), [Ordered(), Affine(shift: 1, scale: 2)])
    #expect(distribution.batchShape == [2] && distribution.eventShape == [3])
    let expanded = distribution.expanded(to: [4, 2])
    #expect(expanded.batchShape == [4, 2] && expanded.eventShape == [3])
    let draws = expanded.sample([5], key: RandomKey(1), dtype: .float64)
    #expect(draws.shape == [5, 4, 2, 3] && expanded.logProb(draws).shape == [5, 4, 2])
    #expect(Set(draws.array()).count == draws.count)
    // By hand: x = (0.5, log 0.3, log 2) at y = 1 + 2 (0.5, 0.8, 2.8).
    let x: [Double] = [0.5, log(0.3), log(2.0)]
    let density: Double = zip(x, [0.0, 1, 2]).map { Self.normal($0 - $1) }.reduce(0, +)
    expectClose(
      distribution.logProb([2, 2.6, 6.6]).array().prefix(1).map { $0 },
      [density - 3 * log(2.0) - x[1] - x[2]], within: .relative(1e-13))
  }

  /// Parameters of bijectors have batches of their own.
  @Test func batchesOfBijectors() {
    let shift = Tensor([[1.0, 2, 3], [4, 5, 6]])
    let distribution = TransformedDistribution(
      Normal(0, 1).expanded(to: [3]).toEvent(1), [Affine(shift: shift, scale: 2)])
    #expect(distribution.batchShape == [2] && distribution.eventShape == [3])
    let expected = [1.0, 2, 3].map { Self.normal((3 - $0) / 2) - log(2.0) }.reduce(0, +)
    let logProb = distribution.logProb([3, 3, 3])
    #expect(logProb.shape == [2])
    expectClose([logProb.array()[0]], [expected], within: .relative(1e-14))
  }

  @Test func matrices() {
    let distribution = TransformedDistribution(
      Normal(0, 1).expanded(to: [2, 6]), [LowerCholesky(), Cholesky().inv])
    #expect(distribution.batchShape == [2] && distribution.eventShape == [3, 3])
    #expect(distribution.support == .positiveDefinite)
    let (value, logProb) = distribution.sampleAndLogProb([4], key: RandomKey(5), dtype: .float64)
    #expect(value.shape == [4, 2, 3, 3] && logProb.shape == [4, 2])
    expectClose(logProb, distribution.logProb(value), within: .relative(1e-8, absolute: 1e-8))
    let single = TransformedDistribution(Normal(0, 1).expanded(to: [3]), [LowerCholesky()])
    let density = [0.1, -0.2, 0.3].map(Self.normal).reduce(0, +) - 0.1
    expectClose(
      single.logProb([[0.8187307530779818, 0], [0.1, 1.3498588075760032]]).array(), [density],
      within: .relative(1e-13))
  }

  /// The support is the image of the base's, where that is less than the domain.
  @Test func supports() {
    let shifted = TransformedDistribution(LogNormal(0, 1), [Affine(shift: 3, scale: -2)])
    #expect(shifted.support == .lessThan(3))
    #expect(shifted.logProb(4).scalar() == -.infinity && shifted.logProb(2).scalar().isFinite)
    let above = TransformedDistribution(HalfCauchy(1), [Exp()])
    #expect(above.support.contains([0.5, 1.5]).boolArray() == [false, true])
    #expect(above.logProb([0.5, -1]).array() == [-.infinity, -.infinity])
    let point = above.support.bijector.forward(Tensor([-2, 0, 3]))
    #expect(above.logProb(point).array().allSatisfy { $0.isFinite })
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = TransformedDistribution(Normal(0, 1), [Ordered()])
      })
  }
}
