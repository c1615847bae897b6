import Foundation
import TestSupport
import Testing

@testable import Distributions

@Suite struct KLWrapperTests {
  /// The anchors of finite distributions, by their sums.
  @Test func bernoulli() throws {
    let probs = [0.2, 0.7, 0, 1, 0, 1]
    let others = [0.5, 0.6, 0.3, 0.3, 0, 1]
    let expected = zip(probs, others).map { (p: Double, q: Double) -> Double in
      (p > 0 ? p * log(p / q) : 0) + (p < 1 ? (1 - p) * log((1 - p) / (1 - q)) : 0)
    }
    let divergence = try klDivergence(
      Bernoulli(probs: Tensor(probs)), Bernoulli(probs: Tensor(others)))
    expectClose(divergence.array(), expected, within: .relative(1e-14, absolute: 1e-16))
    let logits = try klDivergence(Bernoulli(logits: [0.3, -2]), Bernoulli(logits: [1, 4]))
    let both = [(logistic(0.3), logistic(1)), (logistic(-2), logistic(4))]
    expectClose(
      logits.array(),
      both.map { (p: Double, q: Double) -> Double in
        p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))
      },
      within: .relative(1e-13))
    let impossible = try klDivergence(Bernoulli(probs: 0.5), Bernoulli(probs: 1))
    #expect(impossible.scalar() == .infinity)
  }

  /// Densities and masses have nothing in common.
  @Test func discreteAndContinuous() throws {
    #expect(try klDivergence(Bernoulli(probs: 0.5), Normal(0, 1)).scalar() == .infinity)
    #expect(try klDivergence(Normal(0, 1), Bernoulli(probs: 0.5)).scalar() == .infinity)
  }

  @Test func delta() throws {
    let point = Delta(Tensor([0.5, -1]), logDensity: Tensor([0.25, 2]))
    let q = Normal(0.3, 2)
    expectClose(
      try klDivergence(point, q),
      [0.25 - q.logProb(0.5).scalar(), 2 - q.logProb(-1).scalar()], shape: [2],
      within: .relative(1e-15))
    let vector = try klDivergence(point.toEvent(1), q.expanded(to: [2]).toEvent(1))
    expectClose(
      vector, [2.25 - q.logProb(0.5).scalar() - q.logProb(-1).scalar()], shape: [],
      within: .relative(1e-15))
    // One log density for all elements of a point counts once for each.
    let shared = Delta(Tensor([0.5, -1]), logDensity: 0.25)
    expectClose(
      try klDivergence(shared.toEvent(1), q.expanded(to: [2]).toEvent(1)),
      [0.5 - q.logProb(0.5).scalar() - q.logProb(-1).scalar()], shape: [], within: .relative(1e-15))
    #expect(try klDivergence(Delta(-1), Exponential(2)).scalar() == .infinity)
  }

  @Test func events() throws {
    let p = Normal(Tensor([[0.1, 0.2, 0.3], [1, 2, 3]]), 1.5)
    let q = Normal(0, Tensor([1, 2, 3]))
    let each = try klDivergence(p, q)
    let one = try klDivergence(p.toEvent(1), q.toEvent(1))
    expectClose(one, each.sum(axis: -1), within: .relative(1e-15))
    let two = try klDivergence(p.toEvent(2), q.expanded(to: [2, 3]).toEvent(2))
    expectClose(two, each.sum(), within: .relative(1e-14))
    // Copies count each.
    let copies = try klDivergence(
      Normal(0, 1).expanded(to: [4]).toEvent(1), Normal(1, 2).expanded(to: [4]).toEvent(1))
    expectClose(
      copies, [4 * (try klDivergence(Normal(0, 1), Normal(1, 2)).scalar())], shape: [],
      within: .relative(1e-15))
    // Axes marked in two steps are the same event.
    expectClose(
      try klDivergence(p.toEvent(1).toEvent(1), q.expanded(to: [2, 3]).toEvent(2)), two,
      within: .relative(1e-14))
    expectClose(
      try klDivergence(p.toEvent(2), q.expanded(to: [2, 3]).toEvent(1).toEvent(1)), two,
      within: .relative(1e-14))
    expectClose(try klDivergence(p.toEvent(0), q), each, within: .bits)
    expectClose(try klDivergence(p, q.toEvent(0)), each, within: .bits)
  }

  @Test func equalBijectors() throws {
    let maps: [any Bijector] = [Affine(shift: 1, scale: 2), Exp()]
    let (p, q) = (Normal(Tensor([0.0, 1]), 1), Normal(0.5, 2))
    let expected = try klDivergence(p, q)
    let divergence = try klDivergence(
      TransformedDistribution(p, maps), TransformedDistribution(q, maps))
    expectClose(divergence, expected, within: .bits)
    let vectors = try klDivergence(
      TransformedDistribution(p, [StickBreaking()]),
      TransformedDistribution(q.expanded(to: [2]).toEvent(1), [StickBreaking()]))
    expectClose(vectors, expected.sum(), within: .relative(1e-15))
    let shift = exp(Tensor(0.3))
    let learned = TransformedDistribution(Normal(0, 1), [Affine(shift: shift, scale: 2)])
    let other = TransformedDistribution(Normal(1, 1), [Affine(shift: shift, scale: 2)])
    expectClose(try klDivergence(learned, other).array(), [0.5], within: .relative(1e-14))
  }

  @Test func bijectorsThatDiffer() {
    let p = TransformedDistribution(Normal(0, 1), [Affine(shift: 1, scale: 2)])
    let q = TransformedDistribution(Normal(0, 1), [Affine(shift: 1, scale: 3)])
    #expect(throws: KLDivergenceError.self) { try klDivergence(p, q) }
    let far = TransformedDistribution(Normal(0, 1), [Exp()])
    #expect(throws: KLDivergenceError.self) { try klDivergence(far, LogNormal(0, 1)) }
    #expect((try? klDivergence(p, far).scalar()) == .infinity)
  }

  @Test func masks() throws {
    let (p, q) = (Normal(Tensor([0.0, 1, 2]), 1), Normal(1, 2))
    let each = try klDivergence(p, q).array()
    let own = Tensor([true, true, false])
    let other = Tensor([false, true, true])
    expectClose(
      try klDivergence(p.mask(own), q.expanded(to: [3]).mask(other)).array(), [0, each[1], 0],
      within: .bits)
    expectClose(
      try klDivergence(p.mask(own), q.mask(true)).array(), [each[0], each[1], 0], within: .bits)
    expectClose(try klDivergence(p.mask(false), q.mask(true)).array(), [0, 0, 0], within: .ulps(0))
    #expect(throws: KLDivergenceError.self) { try klDivergence(p.mask(own), q) }
  }

  // MARK: Registries

  @Test func unknownPair() throws {
    let error = #expect(throws: KLDivergenceError.self) {
      try klDivergence(Normal(0, 1), Cauchy(0, 1))
    }
    #expect(error == .unknownPair("Normal", "Cauchy"))
    let text = try #require(error?.description)
    #expect(text.contains("Cauchy") && text.contains("Normal") && text.contains("Monte Carlo"))
    #expect(throws: KLDivergenceError.self) {
      try klDivergence(
        Normal(0, 1).expanded(to: [2]).toEvent(1), Cauchy(0, Tensor([1, 2])).toEvent(1))
    }
  }

  @Test func registering() throws {
    let registry = KLRegistry.standard
      .registering(Normal.self, Cauchy.self) { p, q in p.scale + q.scale }
      .registering(Normal.self, Normal.self) { p, q in p.loc - q.loc }
    #expect(try klDivergence(Normal(0, 1), Cauchy(0, 2), in: registry).scalar() == 3)
    #expect(try klDivergence(Normal(4, 1), Normal(1, 2), in: registry).scalar() == 3)
    // It reaches through wrappers, and leaves the standard one alone.
    let events = try klDivergence(
      Normal(Tensor([4, 5]), 1).toEvent(1), Normal(Tensor([1, 1]), 1).toEvent(1), in: registry)
    #expect(events.scalar() == 7)
    #expect(try klDivergence(Normal(1, 1), Normal(1, 1)).scalar() == 0)
  }

  /// A distribution that knows both of its directions.
  @Test func conforming() throws {
    #expect(try klDivergence(Known(), Normal(2, 1)).scalar() == 2)
    #expect(try klDivergence(Normal(3, 1), Known()).scalar() == 3)
    #expect(throws: KLDivergenceError.self) { try klDivergence(Known(), Cauchy(0, 1)) }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try klDivergence(Normal(0, 1).expanded(to: [2]).toEvent(1), Normal(0, 1))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try klDivergence(Normal(Tensor([1, 2]), 1), Normal(Tensor([1, 2, 3]), 1))
      })
  }
}

private struct Known: KLDivergenceDistribution {
  var batchShape: Shape { [] }
  var support: Constraint { .real }
  var parameters: [Parameter] { [] }
  func logProb(_ value: Tensor) -> Tensor { value }
  func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor { Tensor.zeros(shape) }
  func expanded(to batchShape: Shape) -> Known { self }
  func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Normal)?.loc
  }
  func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    (p as? Normal)?.loc
  }
}
