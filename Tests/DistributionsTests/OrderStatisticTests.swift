import CGSL
import Distributions
import Foundation
import TestSupport
import Testing

/// Order statistics beside what the registries check of all distributions.
@Suite struct OrderStatisticTests {
  /// Σ log f + Σ m log P + log n! − Σ log m!, with GSL's functions.
  @Test func jointDensity() {
    let ranks = [2, 3, 7]
    let points = [-0.7, 0.1, 1.4]
    let (loc, scale) = (0.3, 0.9)
    let cdf = points.map { GSL.normalCDF($0, loc, scale) }
    let densities = points.map { log(GSL.normalDensity($0, loc, scale)) }
    // One below, none and three between, two above.
    let masses = log(cdf[0]) + 3 * log(cdf[2] - cdf[1]) + 2 * log(1 - cdf[2])
    let orders = gsl_sf_lnfact(9) - gsl_sf_lnfact(3) - gsl_sf_lnfact(2)
    let joint = JointOrderStatistics(
      Normal(Tensor(loc), Tensor(scale)), count: 9, ranks: ranks)
    expectClose(
      joint.logProb(Tensor(points)), [densities.reduce(0, +) + masses + orders],
      within: .relative(1e-12))
  }

  /// What sorting gives: log n! more than the density of the draws in any order.
  @Test func sortedSample() {
    let base = Gumbel(Tensor([0.3, -1]), 2)
    let sorted = JointOrderStatistics(base, count: 4)
    let x = Tensor([-2.0, -1, 0.5, 3])
    let independent = base.logProb(x.expandingDims(at: -1)).sum(axis: 0)
    #expect(sorted.batchShape == [2] && sorted.eventShape == [4])
    expectClose(
      sorted.logProb(x), (independent + Foundation.log(24)).array(), within: .relative(1e-13))
  }

  /// Every value of a joint draw is distributed as the statistic of its rank: Kolmogorov's distance,
  /// false alarms 10⁻⁶, which sees a shift by a twentieth of a deviation.
  @Test func marginals() {
    let ranks = [1, 4, 5]
    let count = 20000
    let base = Exponential(Tensor([0.5, 2]))
    let draws = JointOrderStatistics(base, count: 6, ranks: ranks)
      .sample([count], key: RandomKey(31), dtype: .float64)
    #expect(draws.shape == [count, 2, 3])
    for (index, rank) in ranks.enumerated() {
      for (row, rate) in [0.5, 2].enumerated() {
        let sorted = draws.selecting(index, along: 2).selecting(row, along: 1).array().sorted()
        let distance = sorted.enumerated().map { position, x in
          let exact = GSL.betaCDF(
            gsl_cdf_exponential_P(x, 1 / rate), Double(rank), Double(7 - rank))
          return max(
            exact - Double(position) / Double(count), Double(position + 1) / Double(count) - exact)
        }.max()!
        #expect(distance < 2.7 / Double(count).squareRoot(), "rank \(rank), rate \(rate)")
      }
    }
  }

  /// The greatest of a million: its median lies where 1 − F is log 2 / 10⁶.
  @Test func farTail() {
    let greatest = OrderStatistic(Normal(0, 1), count: 1_000_000, rank: 1_000_000)
    let median = greatest.icdf(0.5).scalar()
    let exact = gsl_cdf_ugaussian_Qinv(-expm1(-Foundation.log(2.0) / 1e6))
    expectClose(Tensor(median), [exact], within: .relative(1e-10))
    expectClose(greatest.cdf(Tensor(exact)), [0.5], within: .relative(1e-9))
  }

  /// Sorted numbers of an interval whose ends are tensors, as an unconstrained vector.
  @Test func chart() {
    let support = JointOrderStatistics(
      Uniform(Tensor([-1.0, 0]), Tensor([2.0, 5])), count: 3
    ).support
    let free = Tensor([[0.3, -0.5, 0.2], [-1, 0.4, -2]])
    let value = support.bijector.forward(free)
    #expect(support.contains(value).boolArray() == [true, true])
    #expect(support.contains(value.flipped(along: -1)).boolArray() == [false, false])
    #expect(
      support.contains(value + Tensor([0.0, -2]).expandingDims(at: -1)).boolArray() == [
        true, false,
      ])
    expectClose(support.bijector.inverse(value), free.array(), within: .relative(1e-12))
  }

  /// A base that falls, and a value with fewer axes than the batch.
  @Test func otherCharts() {
    // Of a scale that is no literal the set is known as an image alone.
    let falling = TransformedDistribution(
      Gamma(Tensor([2.0, 3]), 1), [Affine(shift: 0, scale: Tensor([-1.0, -2]))])
    let support = JointOrderStatistics(falling, count: 3).support
    let value = support.bijector.forward(Tensor([[0.3, -0.5, 0.2], [-1, 0.4, -2]]))
    #expect(support.contains(value).boolArray() == [true, true])
    let uniform = JointOrderStatistics(
      Uniform(Tensor([-1.0, 0, 0.2]), Tensor([2.0, 5, 5])), count: 3)
    expectClose(
      uniform.logProb(Tensor([0.1, 0.5, 1])),
      [Foundation.log(6.0 / 27), Foundation.log(6.0 / 125), -.infinity],
      within: .relative(1e-13))
  }

  /// Rounded data: neighbours may be equal, unless others lie between them.
  @Test func ties() {
    let density = JointOrderStatistics(Normal(0, 1), count: 4, ranks: [1, 2, 4])
    let x = Tensor([[0.0, 0, 1], [0, 1, 1]])
    let expected =
      gsl_sf_lnfact(4) + 2 * log(GSL.normalDensity(0, 0, 1))
      + log(GSL.normalDensity(1, 0, 1)) + log(GSL.normalCDF(1, 0, 1) - 0.5)
    expectClose(density.logProb(x), [expected, -.infinity], within: .relative(1e-13))
    #expect(density.support.contains(x).boolArray() == [true, false])
  }

  /// The gaps of an exponential sample are independent: n − i + 1 times that before the i-th is
  /// exponential again (Rényi 1953). Kolmogorov's distance at false alarms of 10⁻⁶, and correlations
  /// within five standard errors.
  @Test func gaps() {
    let count = 20000
    let draws = JointOrderStatistics(Exponential(2), count: 4)
      .sample([count], key: RandomKey(32), dtype: .float64)
    let padded = draws.padded(before: 1, after: 0)
    let gaps = (0..<4).map { index -> [Double] in
      let gap = padded.selecting(index + 1, along: 1) - padded.selecting(index, along: 1)
      return (Double(4 - index) * gap).array()
    }
    for gap in gaps {
      let distance = gap.sorted().enumerated().map { position, x in
        (gsl_cdf_exponential_P(x, 0.5) - (Double(position) + 0.5) / Double(count)).magnitude
      }.max()!
      #expect(distance < 2.7 / Double(count).squareRoot())
    }
    for (a, b) in [(0, 1), (0, 3), (1, 2), (2, 3)] {
      let product = zip(gaps[a], gaps[b]).reduce(0) { $0 + ($1.0 - 0.5) * ($1.1 - 0.5) }
      let correlation = product / Double(count) / 0.25
      #expect(correlation.magnitude < 5 / Double(count).squareRoot(), "\(a) \(b)")
    }
  }

  /// In single precision too a far quantile is a number.
  @Test func finiteDraws() {
    let greatest = OrderStatistic(SoftLaplace(0, 1), count: 1_000_000_000, rank: 1_000_000_000)
    let draws = greatest.sample([1000], key: RandomKey(33), dtype: .float32)
    #expect(draws.array().allSatisfy { $0.isFinite })
  }

  /// At the end of the support, and beyond what the base knows, derivatives are numbers.
  @Test func edges() {
    let rate = Tensor(0.7)
    let density = OrderStatistic(Exponential(rate), count: 3, rank: 2).logProb(0)
    #expect(density.scalar() == -.infinity)
    #expect(gradient(of: density, withRespectTo: rate).scalar() == 0)
    let x = Tensor(40.0)
    let far = OrderStatistic(SoftLaplace(0, 1), count: 3, rank: 2).logProb(x)
    #expect(!gradient(of: far, withRespectTo: x).scalar().isNaN)
  }

  /// Literal parameters take the dtype of the value.
  @Test func literals() {
    let x = Tensor([0.5, 1], dtype: .float32)
    #expect(JointOrderStatistics(Normal(0, 1), count: 2).logProb(x).dtype == .float32)
    #expect(OrderStatistic(Gamma(2, 1), count: 2, rank: 1).logProb(x).dtype == .float32)
    #expect(Joint([Normal(0, 1), Gamma(2, 1)]).logProb(x).dtype == .float32)
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = OrderStatistic(Normal(0, 1), count: 4, rank: 5)
      }, "OrderStatistic: rank must be from 1 to count (4), got 5")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = JointOrderStatistics(Normal(0, 1), count: 4, ranks: [2, 2])
      }, "ranks must ascend within 1 to count (4), got [2, 2]")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = JointOrderStatistics(Geometric(probs: 0.5), count: 4)
      }, "JointOrderStatistics: the base must be continuous")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = JointOrderStatistics(Normal(0, 1), count: 0)
      }, "JointOrderStatistics: count must be at least 1, got 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Joint([Normal(0, 1), Wishart(4, scaleTril: [[1, 0], [0, 1]])])
      }, "Wishart is of events of shape [2, 2]; numbers or vectors expected")
  }
}
