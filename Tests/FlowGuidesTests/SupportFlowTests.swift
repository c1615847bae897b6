import FlowGuides
import Foundation
import TestSupport
import Testing

/// Flows onto sets with a boundary that are known distributions there.
@Suite struct SupportFlowTests {
  private static let close = Tolerance.relative(1e-11, absolute: 1e-11)

  /// Shares of a stick that have beta distributions make a Dirichlet one (Connor & Mosimann 1969).
  @Test func dirichlet() {
    let concentration = [0.7, 2.5, 1.2, 3]
    let rest = (1...3).map { concentration[$0...].reduce(0, +) }
    let base = Beta(Tensor(Array(concentration[..<3])), Tensor(rest))
    // A stick is broken at sigmoid(x − log(K − k)).
    let offset = Tensor([log(3.0), log(2.0), 0])
    let flow = NormalizingFlow(
      [Sigmoid().inv, Affine(shift: offset, scale: 1), StickBreaking()], base: base)
    let exact = Dirichlet(Tensor(concentration))
    let points = exact.sample([50], key: RandomKey(1), dtype: .float64)
    #expect(flow.eventShape == [4] && flow.batchShape == [])
    expectClose(flow.logProb(points), exact.logProb(points), within: Self.close)
    let (draws, logProb) = flow.sampleAndLogProb([50], key: RandomKey(2), dtype: .float64)
    expectClose(logProb, exact.logProb(draws), within: Self.close)
    expectClose(draws.sum(axis: -1), Tensor.ones([50]), within: Self.close)
  }

  /// exp of a normal, through a flow that shifts and scales.
  @Test func logNormal() {
    let (shift, scale) = (Tensor([0.4, -1, 2]), Tensor([0.3, 1.5, 0.8]))
    let flow = NormalizingFlow(
      [Affine(shift: shift, scale: scale).toEvent(1), Exp()],
      base: Normal(0, 1).expanded(to: [3]))
    let exact = LogNormal(shift, scale).toEvent(1)
    let points = exact.sample([50], key: RandomKey(3), dtype: .float64)
    expectClose(flow.logProb(points), exact.logProb(points), within: Self.close)
  }

  /// Partial correlations whose halves have beta distributions make that of Lewandowski, Kurowicka
  /// and Joe (2009) with any concentration: the element in column j (from 0) has (n − 2 − j) / 2 +
  /// concentration twice.
  @Test func correlations() {
    let (n, concentration) = (4, 1.7)
    let columns = (1..<n).flatMap { Array(0..<$0) }
    let shape = Tensor(columns.map { concentration + Double(n - 2 - $0) / 2 })
    let flow = NormalizingFlow(
      [Affine(shift: -1, scale: 2), Tanh().inv, CorrelationCholesky()], base: Beta(shape, shape))
    let exact = LKJCholesky(n, Tensor(concentration))
    let points = exact.sample([20], key: RandomKey(4), dtype: .float64)
    #expect(flow.eventShape == [4, 4])
    expectClose(flow.logProb(points), exact.logProb(points), within: .relative(1e-9))
  }

  /// A trained flow under a support's map: ∫ q = 1 over the positive numbers, by a grid of logarithms.
  @Test func positive() {
    let flow = NormalizingFlow(
      FlowArchitecture.nsf(layers: 2, conditioning: .masked, bins: 4, hidden: [8])
        .build(dimension: 1) + [Exp()], base: Normal(0, 1).expanded(to: [1]))
    let t = Tensor.linspace(-12, 12, count: 20_001)
    let total = handle(
      { (exp(flow.logProb(exp(t).expandingDims(at: 1))) * exp(t)).sum().scalar() * 24 / 20_000 },
      with: RandomWeights(3, isScaled: true))
    #expect((total - 1).magnitude < 1e-3, "\(total)")
  }
}
