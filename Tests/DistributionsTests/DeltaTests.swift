import TestSupport
import Testing

@testable import Distributions

@Suite struct DeltaTests {
  @Test func massAtThePoint() {
    let delta = Delta(Tensor([1, 2, 3]), logDensity: -0.5)
    #expect(delta.batchShape == [3] && delta.eventShape == [])
    expectClose(
      delta.logProb(Tensor([1, 2.5, 3])), [-0.5, -.infinity, -0.5], shape: [3])
    expectClose(delta.logProb(2), [-.infinity, -0.5, -.infinity], shape: [3])
  }

  @Test func events() {
    let point = Tensor([1, 2, 3, 4], shape: [2, 2])
    let delta = Delta(point, logDensity: Tensor([0.25, 0.75]), eventRank: 1)
    #expect(delta.batchShape == [2] && delta.eventShape == [2])
    expectClose(delta.logProb(point), [0.25, 0.75], shape: [2])
    expectClose(
      delta.logProb(Tensor([1, 2, 3, 5], shape: [2, 2])), [0.25, -.infinity], shape: [2])
  }

  @Test func draws() {
    let delta = Delta(Tensor([1, 2]), logDensity: 0.5).expanded(to: [3, 2])
    let (value, logProb) = delta.sampleAndLogProb([4], key: RandomKey(1), dtype: .float64)
    #expect(value.shape == [4, 3, 2])
    // One density for all draws stays one number.
    expectClose(
      logProb.broadcast(to: value.shape), [Double](repeating: 0.5, count: 24), shape: [4, 3, 2])
    expectClose(delta.logProb(value).array(), [Double](repeating: 0.5, count: 24), within: .bits)
    #expect(Delta(Tensor([Float(1)])).sample(key: RandomKey(1)).dtype == .float32)
  }

  @Test func moments() {
    let delta = Delta(Tensor([1, 2]), eventRank: 1).expanded(to: [3])
    expectClose(delta.mean, [1, 2, 1, 2, 1, 2], shape: [3, 2])
    expectClose(delta.variance, [0, 0, 0, 0, 0, 0], shape: [3, 2])
  }

  /// The point and its density are differentiable.
  @Test func gradients() {
    let point = Tensor(0.3)
    let density = Tensor(0.7)
    let delta = Delta(point * 2, logDensity: square(density))
    let (value, logProb) = delta.sampleAndLogProb([], key: RandomKey(1), dtype: .float64)
    let slopes = gradient(of: value + logProb, withRespectTo: [point, density])
    expectClose(slopes.map { $0.scalar() }, [2, 1.4], within: .relative(1e-15))
  }
}
