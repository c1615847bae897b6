import Distributions
import TestSupport
import Testing

/// Distributions side by side beside what the registry checks of them.
@Suite struct JointTests {
  private static let joint = Joint([
    Uniform(Tensor([-1.0, 0]), Tensor([2.0, 5])), Dirichlet([1, 2, 3]), Normal(0, 1),
  ])

  /// Bounds of a batch belong to its rows, whatever other axes a value has.
  @Test func boundsOfBatches() {
    let inner = [0.2, 0.3, 0.5, -7]
    let x = Tensor([-0.5, 4, 4, -0.5].flatMap { [$0] + inner }, shape: [2, 2, 5])
    #expect(Self.joint.batchShape == [2] && Self.joint.eventShape == [5])
    #expect(Self.joint.support.contains(x).boolArray() == [true, true, false, false])
    let map = Self.joint.support.bijector
    #expect(map.inverseShape([2, 5]) == [2, 4])
    let y = x.selecting(0, along: 0)
    let (free, logDet) = map.inverseAndLogDet(y, context: nil)
    expectClose(map.forward(free), y.array(), within: .relative(1e-12))
    expectClose(
      map.forwardAndLogDet(free, context: nil).logDet, (-logDet).array(), within: .relative(1e-12))
  }

  @Test func density() {
    let x = Tensor([0.5, 0.2, 0.3, 0.5, -1])
    let others = Dirichlet([1, 2, 3]).logProb(Tensor([0.2, 0.3, 0.5])) + Normal(0, 1).logProb(-1)
    expectClose(
      Self.joint.logProb(x), (others - log(Tensor([3.0, 5]))).array(), within: .relative(1e-13))
    let (draw, logProb) = Self.joint.sampleAndLogProb([6], key: RandomKey(3), dtype: .float64)
    #expect(draw.shape == [6, 2, 5])
    expectClose(Self.joint.logProb(draw), logProb.array(), within: .relative(1e-12))
    expectClose(
      Self.joint.sample([6], key: RandomKey(3), dtype: .float64), draw.array(),
      within: .relative(1e-15))
  }

  /// What is impossible is so beside an infinite density.
  @Test func impossible() {
    let joint = Joint([Beta(0.5, 0.5), Uniform(0, 1)])
    let x = Tensor([[0, 2], [0, 0.5], [0.5, .nan], [2, .nan]])
    let logProb = joint.logProb(x).array()
    #expect(logProb[0] == -.infinity && logProb[1] == .infinity)
    #expect(logProb[2].isNaN && logProb[3].isNaN)
  }

  @Test func namesOfParameters() {
    #expect(
      Joint([Normal(0, 1), Gamma(2, 1)]).parameters.map(\.name) == [
        "loc of part 0", "scale of part 0", "concentration of part 1", "rate of part 1",
      ])
  }
}
