import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Distributions on the simplex; log densities and entropies by mpmath with 60 digits.
@Suite struct SimplexTests {
  private static let dirichlet: [(x: [Double], a: [Double], logProb: Double, entropy: Double)] = [
    ([0.25, 0.25, 0.5], [1, 1, 1], 0.6931471805599453, -0.6931471805599453),
    ([0.25, 0.25, 0.5], [0.5, 2, 3.5], 0.5881380655504631, -2.0582311419371573),
    ([0.5, 0.25, 0.25], [1e-3, 20, 5], -25.829505014279167, -997.0258022619653),
    ([0.125, 0.375, 0.5], [1e4, 3e4, 4e4], 11.328601682094652, -10.328649946922496),
    ([0.0009765625, 0.9990234375], [0.3, 7], 4.31901134222673, -2.9968685034436424),
  ]

  @Test func dirichletDensity() {
    for (x, a, logProb, entropy) in Self.dirichlet {
      let distribution = Dirichlet(Tensor(a))
      expectClose(
        [distribution.logProb(Tensor(x)).scalar()], [logProb], within: .relative(1e-12), "\(a)")
      expectClose([distribution.entropy.scalar()], [entropy], within: .relative(1e-12), "\(a)")
      let narrow = Dirichlet(Tensor(a, dtype: .float32)).logProb(Tensor(x, dtype: .float32))
      #expect(narrow.dtype == .float32)
      expectClose([narrow.scalar()], [logProb], within: .relative(1e-4, absolute: 1e-4), "\(a)")
    }
  }

  /// Outside, at the edge, and NaN.
  @Test func dirichletEdges() {
    let distribution = Dirichlet([1, 2, 0.5])
    let points = Tensor([
      [0.5, 0.25, 0.26], [-0.25, 0.75, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0],
      [.nan, 0.5, 0.5],
    ])
    let result = distribution.logProb(points).array()
    #expect(result[0] == -.infinity && result[1] == -.infinity && result[3] == -.infinity)
    #expect(result[4] == .infinity && result[5].isNaN)
    // Γ(3.5) / (Γ(1) Γ(2) Γ(½)) · ½ / √½.
    expectClose(
      [result[2]], [lgamma(3.5) - lgamma(0.5) + 0.5 * log(0.5)], within: .relative(1e-12))
    let a = Tensor([1, 2, 0.5])
    let slopes = gradient(of: Dirichlet(a).logProb(points[0..<4]).sum(), withRespectTo: a)
    #expect(slopes.array().allSatisfy { !$0.isNaN })
  }

  @Test func dirichletGradients() {
    checkGradients(of: [Tensor([1.5, 0.7, 3])], order: 2) {
      [Dirichlet($0[0]).logProb(Tensor([0.25, 0.25, 0.5]))]
    }
    checkGradients(of: [Tensor([1.5, 0.7, 3])], order: 1) {
      let distribution = Dirichlet($0[0])
      return [distribution.entropy, distribution.mean, distribution.variance]
    }
  }

  /// The components are beta distributed: Kolmogorov–Smirnov, n = 100,000, distance below 0.0085 but
  /// for one key in a million; 0.017 is caught.
  @Test(arguments: [[1.0, 2, 3.5], [0.02, 0.3, 0.1], [50, 1, 400]], [DType.float64, .float32])
  func dirichletDraws(_ a: [Double], _ dtype: DType) {
    let draws = Dirichlet(Tensor(a, dtype: dtype))
      .sample([SamplingTests.count], key: RandomKey(51), dtype: dtype)
    #expect(Constraint.simplex.contains(draws).all().scalar() == 1)
    let rounded = a.map { Double(dtype == .float32 ? Double(Float($0)) : $0) }
    for component in a.indices {
      let sum = rounded.reduce(0, +)
      // Where draws underflow they are given as the least number, and where they round to 1 so.
      let scores = draws.selecting(component, along: -1).array()
        .filter { $0 > dtype.leastNormal && $0 < 1 }
        .map { gsl_cdf_beta_P($0, rounded[component], sum - rounded[component]) }
      let dropped = 1 - Double(scores.count) / Double(SamplingTests.count)
      guard dropped < 0.01 else { continue }
      #expect(SamplingTests.distance(scores) < SamplingTests.bound + dropped, "\(component)")
    }
  }

  /// Derivatives of draws: those of the components' means and squares, whose exact values are known.
  ///
  /// n = 200,000: |z| < 5 fails for one key in 10⁶; slopes off by 2 % are caught.
  @Test func dirichletDrawSlopes() {
    let a = Tensor([1.5, 0.7, 3])
    let n = 200_000
    let many = a.broadcast(to: [n, 3]).detached()
    let x = Dirichlet(many).sample([], key: RandomKey(52), dtype: .float64)
    let target = square(x.selecting(0, along: -1))
    let slopes = gradient(of: target.sum(), withRespectTo: many)
    let exact = gradient(of: Self.secondMoment(a), withRespectTo: a).array()
    for component in 0..<3 {
      let column = slopes.selecting(component, along: -1).array()
      let mean = column.reduce(0, +) / Double(n)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
      let error = sqrt(variance / Double(n))
      #expect((mean - exact[component]).magnitude < 5 * error, "\(component): \(mean)")
      #expect(error < 0.02 * exact[component].magnitude + 1e-4)
    }
  }

  /// E[x₀²] = a₀ (a₀ + 1) / (s (s + 1)).
  private static func secondMoment(_ a: Tensor) -> Tensor {
    let (first, sum) = (a[0], a.sum())
    return first * (first + 1) / (sum * (sum + 1))
  }

  // MARK: Relaxed categories

  private static let relaxed: [(x: [Double], t: Double, logits: [Double], logProb: Double)] = [
    ([0.25, 0.25, 0.5], 0.5, [0.1, -1, 2], -2.1793679120814256),
    ([0.9375, 0.03125, 0.03125], 2, [0, 0, 0], 0.19194935953761347),
    ([1e-10, 0.5, 0.5 - 1e-10], 0.1, [1, 2, 3], 16.831754186069375),
  ]

  @Test func relaxedDensity() {
    for (x, t, logits, logProb) in Self.relaxed {
      let distribution = RelaxedOneHotCategorical(Tensor(t), logits: Tensor(logits))
      expectClose(
        [distribution.logProb(Tensor(x)).scalar()], [logProb], within: .relative(1e-12), "\(t)")
      let weights = RelaxedOneHotCategorical(Tensor(t), probs: 7 * exp(Tensor(logits)))
      expectClose(
        [weights.logProb(Tensor(x)).scalar()], [logProb], within: .relative(1e-12), "\(t)")
      #expect(distribution.logProb(Tensor([0.5, 0.5, 0])).scalar() == -.infinity)
    }
    checkGradients(of: [Tensor(0.7), Tensor([0.1, -1, 2]), Tensor([0.25, 0.25, 0.5])]) {
      [RelaxedOneHotCategorical($0[0], logits: $0[1]).logProb($0[2] / $0[2].sum())]
    }
  }

  /// Whatever the temperature, the largest component falls on category i with probability pᵢ:
  /// |z| < 4.9, n = 200,000; a probability off by 0.005 is caught.
  @Test(arguments: [0.05, 1, 10]) func relaxedDraws(_ temperature: Double) {
    let probs = [0.1, 0.3, 0.6]
    let n = 200_000
    let distribution = RelaxedOneHotCategorical(Tensor(temperature), probs: Tensor(probs))
    let draws = distribution.sample([n], key: RandomKey(53), dtype: .float64)
    #expect(distribution.support.contains(draws).all().scalar() == 1)
    let winners = draws.argmax(axis: -1).array()
    for (category, p) in probs.enumerated() {
      let share = Double(winners.count { $0 == Double(category) })
      let z = (share - Double(n) * p) / sqrt(Double(n) * p * (1 - p))
      #expect(z.magnitude < 4.9, "\(category): \(share)")
    }
  }

  @Test func shapes() {
    let dirichlet = Dirichlet(Tensor.ones([2, 1, 4])).expanded(to: [2, 5])
    #expect(dirichlet.batchShape == [2, 5] && dirichlet.eventShape == [4])
    #expect(dirichlet.sample([3], key: RandomKey(1), dtype: .float64).shape == [3, 2, 5, 4])
    #expect(dirichlet.logProb(Tensor.full([4], 0.25)).shape == [2, 5])
    #expect(dirichlet.mean.shape == [2, 5, 4] && dirichlet.entropy.shape == [2, 5])
    let relaxed = RelaxedOneHotCategorical(Tensor([0.5, 1]), logits: Tensor.zeros([3, 1, 4]))
    #expect(relaxed.batchShape == [3, 2] && relaxed.eventShape == [4])
    let draw = relaxed.sample([6], key: RandomKey(1), dtype: .float64)
    #expect(draw.shape == [6, 3, 2, 4] && relaxed.logProb(draw).shape == [6, 3, 2])
  }
}
