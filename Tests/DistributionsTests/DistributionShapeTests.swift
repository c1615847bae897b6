import TestSupport
import Testing

@testable import Distributions

@Suite struct DistributionShapeTests {
  private static let sampleShapes: [Shape] = [[], [1], [4], [2, 3]]
  private static let parameterShapes: [Shape] = [[], [1], [3], [2, 3], [2, 1]]

  /// A distribution whose parameters have all elements different.
  private static func spread(
    _ subject: DistributionCase, _ shape: Shape
  ) -> (parameters: [[Double]], distribution: any Distribution) {
    let draws = subject.draws(shape.elementCount)
    let tensors = subject.ranges.indices.map { index in
      Tensor(draws.map { $0[index] }, shape: shape)
    }
    return (draws, subject.make(tensors))
  }

  @Test(arguments: DistributionCase.all, parameterShapes)
  func shapes(_ subject: DistributionCase, _ shape: Shape) {
    let distribution = Self.spread(subject, shape).distribution
    #expect(distribution.batchShape == shape)
    #expect(distribution.eventShape == [])
    for sampleShape in Self.sampleShapes {
      let key = RandomKey(31)
      let full = sampleShape + shape
      let (value, logProb) = distribution.sampleAndLogProb(sampleShape, key: key, dtype: .float64)
      #expect(value.shape == full && logProb.shape == full, "\(subject) \(sampleShape)")
      #expect(distribution.sample(sampleShape, key: key, dtype: .float64).shape == full)
      #expect(distribution.logProb(value).shape == full, "\(subject) \(sampleShape)")
    }
  }

  /// Distribution functions and quantiles broadcast their argument with the batch, also where the
  /// parameters have not its shape.
  @Test(arguments: DistributionCase.all) func cumulativeShapes(_ subject: DistributionCase) {
    let values = subject.draws(1)[0]
    let distribution = subject.distribution(values).expanded(to: [2, 3])
    if let cumulative = distribution as? any CumulativeDistribution {
      #expect(cumulative.cdf(Tensor(0.5)).shape == [2, 3], "\(subject)")
      #expect(cumulative.cdf(Tensor([0.5, 1, 2])).shape == [2, 3], "\(subject)")
      #expect(cumulative.cdf(Tensor.zeros([4, 1, 1])).shape == [4, 2, 3], "\(subject)")
    }
    if let quantiles = distribution as? any QuantileDistribution {
      #expect(quantiles.icdf(Tensor(0.5)).shape == [2, 3], "\(subject)")
      #expect(quantiles.icdf(Tensor.full([4, 1, 1], 0.5)).shape == [4, 2, 3], "\(subject)")
    }
  }

  /// Each element of a batch is the distribution of its own parameters.
  @Test(arguments: DistributionCase.all) func elements(_ subject: DistributionCase) {
    let (parameters, distribution) = Self.spread(subject, [2, 3])
    let points = parameters.map { subject.points($0)[1] }
    let expected = zip(parameters, points).map { parameters, point in
      subject.distribution(parameters).logProb(Tensor(point)).scalar()
    }
    expectClose(
      distribution.logProb(Tensor(points, shape: [2, 3])), expected, shape: [2, 3],
      within: .relative(1e-14, absolute: 1e-14), "\(subject)")
  }

  @Test func parametersBroadcast() {
    let distribution = Normal(Tensor([0.0, 1, 2]), Tensor([[1.0], [2]]))
    #expect(distribution.batchShape == [2, 3])
    let logProb = distribution.logProb(0.5)
    expectClose(
      logProb,
      [1.0, 2].flatMap { scale in
        [0.0, 1, 2].map { Normal(Tensor($0), Tensor(scale)).logProb(0.5).scalar() }
      }, shape: [2, 3], within: .relative(1e-14))
  }

  // MARK: expanded

  /// The log density has the shape of the batch, also where neither parameters nor value have it.
  @Test(arguments: DistributionCase.all) func expansion(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    let single = subject.distribution(parameters)
    let expanded = single.expanded(to: [2, 3])
    #expect(expanded.batchShape == [2, 3] && expanded.eventShape == [])
    let point = subject.points(parameters)[1]
    let expected = single.logProb(Tensor(point)).scalar()
    let logProb = expanded.logProb(Tensor(point))
    expectClose(
      logProb, [Double](repeating: expected, count: 6), shape: [2, 3],
      within: .relative(1e-14), "\(subject)")
    let row = expanded.logProb(Tensor([point, point, point]))
    #expect(row.shape == [2, 3], "\(subject)")
    let drawn = expanded.sampleAndLogProb([5], key: RandomKey(32), dtype: .float64)
    #expect(drawn.0.shape == [5, 2, 3] && drawn.1.shape == [5, 2, 3], "\(subject)")
    if !subject.isDiscrete {
      #expect(Set(drawn.0.array()).count == 30, "\(subject): copies instead of draws")
    }
  }

  @Test func expansionOfAxesOfOne() {
    let expanded = Normal(Tensor([[1], [2]]), 0.1).expanded(to: [4, 2, 3])
    let draws = expanded.sample([], key: RandomKey(33), dtype: .float64)
    #expect(draws.shape == [4, 2, 3])
    #expect(Set(draws.array()).count == 24)
    expectClose(expanded.mean, expanded.loc.broadcast(to: [4, 2, 3]))
    #expect(expanded.variance.shape == [4, 2, 3])
  }

  // MARK: toEvent

  private static func event(
    _ distribution: some Distribution, _ count: Int?
  ) -> any Distribution { distribution.toEvent(count) }

  @Test(arguments: DistributionCase.all, [nil, 0, 1, 2, 3])
  func toEvent(_ subject: DistributionCase, _ count: Int?) {
    let base = Self.spread(subject, [2, 3, 4]).distribution
    let distribution = Self.event(base, count)
    let rank = count ?? 3
    let (batch, event) = (Shape([2, 3, 4].prefix(3 - rank)), Shape([2, 3, 4].suffix(rank)))
    #expect(distribution.batchShape == batch && distribution.eventShape == event)
    #expect(distribution.support == base.support.independent(rank))
    #expect(distribution.support.eventRank == rank)
    let key = RandomKey(34)
    let (value, logProb) = distribution.sampleAndLogProb([5], key: key, dtype: .float64)
    expectClose(value, base.sample([5], key: key, dtype: .float64))
    #expect(logProb.shape == [5] + batch)
    let elements = base.logProb(value)
    let axes = (0..<rank).map { -1 - $0 }
    let expected = rank == 0 ? elements : elements.sum(axes: axes)
    expectClose(distribution.logProb(value), expected, within: .relative(1e-12), "\(subject)")
    expectClose(logProb, expected, within: .relative(1e-9, absolute: 1e-9), "\(subject)")
    if let whole = distribution as? any MomentDistribution,
      let each = base as? any MomentDistribution
    {
      expectClose(whole.mean, each.mean, "\(subject)")
      expectClose(whole.variance, each.variance, "\(subject)")
    }
    #expect(distribution is any EntropyDistribution == base is any EntropyDistribution)
    // Entropies that are sums over the support need one support for all.
    if subject.wholeParameters.isEmpty, let whole = distribution as? any EntropyDistribution,
      let each = (base as? any EntropyDistribution)?.entropy
    {
      #expect(whole.entropy.shape == batch)
      expectClose(
        whole.entropy, rank == 0 ? each : each.sum(axes: axes), within: .relative(1e-12),
        "\(subject)")
    }
  }

  /// Copies of one scalar distribution count one by one.
  @Test func eventsOfExpansions() {
    let distribution = Normal(0, 1).expanded(to: [2, 3]).toEvent(1)
    #expect(distribution.batchShape == [2] && distribution.eventShape == [3])
    let expected = 3 * Normal(0, 1).logProb(0.5).scalar()
    expectClose(
      distribution.logProb(0.5), [expected, expected], shape: [2], within: .relative(1e-14))
    let wider = distribution.expanded(to: [5, 2])
    #expect(wider.batchShape == [5, 2] && wider.eventShape == [3])
    #expect(wider.sample([], key: RandomKey(35), dtype: .float64).shape == [5, 2, 3])
  }

  @Test func nestedEvents() {
    let twice = Normal(Tensor.zeros([2, 3]), 1).toEvent(1).toEvent(1)
    #expect(twice.batchShape == [] && twice.eventShape == [2, 3])
    let value = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    expectClose(
      twice.logProb(value), [Normal(0, 1).logProb(value).sum().scalar()], shape: [],
      within: .relative(1e-14))
  }

  // MARK: Transformed

  /// A change of variables of an event sums the log determinants of its coordinates, also of maps
  /// whose log determinant is a constant.
  @Test func transformedEvents() {
    let noise = Normal(0, 1).expanded(to: [2, 3]).toEvent(1)
    let scaled = TransformedDistribution(
      noise, [Affine(shift: 1, scale: 2), Affine(shift: 0, scale: -0.5)])
    let value = Tensor([0.3, -1, 2, 0.1, 0.7, -0.4], shape: [2, 3])
    let expected = Normal(-0.5, 1).toEvent(0).logProb(value).sum(axis: -1)
    expectClose(scaled.logProb(value), expected, within: .relative(1e-13))
    let (draw, logProb) = scaled.sampleAndLogProb([4], key: RandomKey(36), dtype: .float64)
    #expect(draw.shape == [4, 2, 3] && logProb.shape == [4, 2])
    expectClose(
      logProb, Normal(-0.5, 1).logProb(draw).sum(axis: -1), within: .relative(1e-10))
  }

  @Test func transformedExpansion() {
    let base = TransformedDistribution(Normal(0, 1), [Exp()])
    let expanded = base.expanded(to: [3])
    #expect(expanded.batchShape == [3])
    #expect(Set(expanded.sample([], key: RandomKey(37), dtype: .float64).array()).count == 3)
    let single = base.logProb(0.7).scalar()
    expectClose(
      expanded.logProb(0.7), [single, single, single], shape: [3], within: .relative(1e-14))
  }
}
