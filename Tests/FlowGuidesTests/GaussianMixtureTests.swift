import Foundation
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct GaussianMixtureTests {
  struct Numbers: Decodable {
    let shape: [Int]
    let elements: [Double]
    var tensor: Tensor { Tensor(elements, shape: Shape(shape)) }
  }

  struct Goldens: Decodable {
    struct Mixture: Decodable {
      let covariance: String
      let isTied: Bool
      let logits: Numbers
      let mean: Numbers
      let scale: Numbers
      let x: Numbers
      let logProb: [Double]
    }

    struct Made: Decodable {
      let x: Numbers
      let logits: Numbers
      let mean: Numbers
      let deviation: Numbers
      let logProb: [Double]
    }

    let zuko: [Mixture]
    let made: Made
  }

  private static let kinds = MixtureCovariance.allCases.flatMap { covariance in
    [false, true].map { (covariance: covariance, isTied: $0) }
  }

  /// Two round clouds and a slanted one.
  private static let data: Tensor = {
    let noise = RandomKey(1).normal([300, 2])
    let slanted = concat(
      [noise.selecting(0, along: 1), noise.sum(axis: 1)].map { $0.expandingDims(at: 1) }, along: 1)
    return concat(
      [
        noise.slice(0..<60) + Tensor([6, 0]), 0.5 * noise.slice(60..<150) + Tensor([-6, -6]),
        slanted.slice(150..<300) + Tensor([0, 7]),
      ]
    ).detached()
  }()

  /// Densities by Zuko, in and without a context: covariances of all kinds, tied and not.
  @Test func densities() throws {
    let goldens = try Golden.load("mixtures.json", as: Goldens.self).zuko
    #expect(goldens.count == 12)
    for golden in goldens {
      let covariance: MixtureCovariance =
        ["spherical": .spherical, "diagonal": .diagonal][golden.covariance] ?? .full
      let flow = NormalizingFlow.gaussianMixture(
        dimension: 3, components: 4, covariance: covariance, isTied: golden.isTied)
      let scale = covariance == .full ? "base.factor" : "base.deviation"
      let sites = [
        "base.logits": golden.logits.tensor, "base.mean": golden.mean.tensor,
        scale: golden.scale.tensor,
      ]
      let found = substitute(sites) { flow.logProb(golden.x.tensor) }
      expectClose(
        found, golden.logProb, shape: [6], within: .relative(1e-12, absolute: 1e-12),
        golden.covariance)
    }
  }

  /// One autoregressive layer of weighted mixtures is nflows' MADEMoG.
  @Test func autoregressiveMixture() throws {
    let golden = try Golden.load("mixtures.json", as: Goldens.self).made
    func columns(_ tensor: Tensor) -> [Tensor] {
      (0..<4).map { tensor.selecting($0, along: -1) }
    }
    let (mean, deviation) = (golden.mean.tensor, golden.deviation.tensor)
    // The limit on the logarithms of scales, undone.
    let limited = -log(deviation)
    let free = limited / (1 - abs(limited) / log(1000.0))
    let (z, logDet) = Gaussianization(components: 4, isWeighted: true).forwardAndLogDet(
      golden.x.tensor,
      columns(free) + columns(-mean / deviation) + columns(golden.logits.tensor))
    let logProb = (Normal(0, 1).logProb(z) + logDet).sum(axis: -1)
    expectClose(logProb, golden.logProb, shape: [6], within: .relative(1e-11, absolute: 1e-11))
  }

  /// What expectation maximisation ends with is where the likelihood is level: its derivatives, with
  /// respect to unconstrained parameters and per row, are those of a floor of a millionth.
  @Test(arguments: kinds.indices) func startsAtTheGreatestLikelihood(_ index: Int) throws {
    let (covariance, isTied) = Self.kinds[index]
    let flow = NormalizingFlow.gaussianMixture(
      dimension: 2, components: 3, covariance: covariance, isTied: isTied,
      startingAt: Self.data)
    let store = try #require(try flow.initialized().fittedParameters)
    let free = store.packed
    let sites = Dictionary(
      uniqueKeysWithValues: store.entries.map {
        ($0.name, $0.constraint.bijector.forward(ParameterStore.slice(free, $0)))
      })
    let level = substitute(sites) { flow.logProb(Self.data).mean() }
    let slopes = gradient(of: level, withRespectTo: free)
    #expect(abs(slopes).max().scalar() < 1e-4, "\(slopes)")
    // Every cloud has its component, of the right weight.
    let mean = try #require(store["base.mean"]).rows()
    let share = exp(try #require(store["base.logits"])).array()
    for (cloud, weight) in [([6.0, 0], 0.2), ([-6, -6], 0.3), ([0, 7], 0.5)] {
      let near = mean.indices.filter {
        hypot(mean[$0][0] - cloud[0], mean[$0][1] - cloud[1]) < 0.5
      }
      #expect(near.count == 1 && near.allSatisfy { abs(share[$0] - weight) < 0.02 })
    }
  }

  /// The best that a mixture of that many components can be: no other start found a better one.
  @Test func startsNearTheClouds() throws {
    let exact = MixtureSameFamily(
      Categorical(probs: Tensor([0.2, 0.3, 0.5])),
      MultivariateNormal(
        Tensor([[6, 0], [-6, -6], [0, 7]]),
        scaleTril: stack([Tensor.eye(2), 0.5 * Tensor.eye(2), Tensor([[1.0, 0], [1, 1]])])))
    for seed in 0..<20 {
      let start = GaussianMixtureStart(
        Self.data, components: 3, covariance: .full, isTied: false, seed: seed)
      let found = MixtureSameFamily(
        Categorical(logits: start.logits), MultivariateNormal(start.mean, scaleTril: start.scale))
      let gain = (found.logProb(Self.data) - exact.logProb(Self.data)).sum().scalar()
      // Twice the gain over the truth has a χ² distribution with 17 degrees of freedom: 62 is
      // exceeded once in a million.
      #expect(gain > 0 && gain < 31, "\(seed): \(gain)")
    }
  }

  /// In a context everything follows it: the start is near the data's mixture in all contexts, and a
  /// fit finds how it moves.
  @Test func contexts() throws {
    let side = RandomKey(3).uniform([400, 1]).detached()
    let moved = (0.3 * RandomKey(4).normal([400, 2]) + 4 * side).detached()
    for covariance in MixtureCovariance.allCases {
      let flow = NormalizingFlow.gaussianMixture(
        dimension: 2, components: 2, covariance: covariance, contextDimension: 1, hidden: [8],
        startingAt: moved)
      let start = try flow.initialized()
      let given = start.conditioned(on: side)
      #expect(given.batchShape == [400] && given.eventShape == [2])
      let plain = NormalizingFlow.gaussianMixture(
        dimension: 2, components: 2, covariance: covariance, startingAt: moved)
      let before = try plain.initialized().logProb(moved).mean().scalar()
      #expect(abs(given.logProb(moved).mean().scalar() - before) < 0.1)
      let fitted = try fit(
        flow, to: moved, context: side, optimizer: Adam(0.01), epochs: 60, batchSize: 100,
        showsProgress: false
      ).flow
      let after = fitted.conditioned(on: side).logProb(moved).mean().scalar()
      let exact = Normal(4 * side, 0.3).toEvent(1).logProb(moved).mean().scalar()
      #expect(after > before + 0.5 && after < exact + 0.1, "\(before) \(after) \(exact)")
    }
  }

  /// A mixture as the base of layers starts where the data are, too.
  @Test func baseOfAFlow() throws {
    let base = FlowBase.mixture(components: 3, covariance: .full, startingAt: Self.data)
    let flow = NormalizingFlow(.realNVP(layers: 2, hidden: [8]), dimension: 2, base: base)
    let mixture = NormalizingFlow.gaussianMixture(
      dimension: 2, components: 3, startingAt: Self.data)
    let levels = try [flow, mixture].map { flow in
      try flow.initialized().logProb(Self.data).mean().scalar()
    }
    #expect(abs(levels[0] - levels[1]) < 0.1, "\(levels)")
    let single = try mixture.initialized(dtype: .float32)
    let draws = single.sample([1000], key: RandomKey(2), dtype: .float32)
    #expect(draws.shape == [1000, 2] && draws.dtype == .float32)
    let level = single.logProb(Self.data.cast(to: .float32)).mean()
    #expect(level.dtype == .float32 && abs(level.scalar() - levels[1]) < 1e-4)
  }

  @Test func misuse() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = NormalizingFlow.gaussianMixture(
        dimension: 2, components: 3, startingAt: Tensor.zeros([3, 2]))
    }
    expectTrap(result, "more rows than components")
  }
}
