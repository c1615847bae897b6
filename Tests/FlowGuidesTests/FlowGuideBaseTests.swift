import FlowGuides
import TestSupport
import Testing

/// Guides whose flows start from another base than a normal one.
@Suite struct FlowGuideBaseTests {
  /// Two coordinates with three degrees of freedom, somewhere else and in other units.
  private static func heavyTails() {
    sample("near", StudentT(3, 1, 2))
    sample("far", StudentT(3, -40, 0.1))
  }

  private static func fitted(_ base: FlowBase, _ estimator: TraceELBO.Estimator) throws -> SVIResult
  {
    let steps = 2000
    return try SVI(
      heavyTails, FlowGuide(flow: .iaf(layers: 1, hidden: [8]), base: base, dependence: .posterior),
      optimizer: Adam(.cosine(0.02, steps: steps), beta2: 0.99),
      loss: TraceELBO(particles: 64, estimator: estimator), seed: 1
    ).run(steps: steps, showsProgress: false)
  }

  /// The log evidence is 0. A Student base reaches it and learns the degrees of freedom; from a normal
  /// one an affine flow has light tails at any weights, and importance weights without a variance.
  @Test(arguments: [TraceELBO.Estimator.total, .stickingTheLanding])
  func tails(_ estimator: TraceELBO.Estimator) throws {
    let heavy = try Self.fitted(.studentT(), estimator)
    let (bound, error) = try heavy.elbo(particles: 20_000)
    #expect(bound > -0.003 - 4.9 * error && bound < 4.9 * error, "\(bound) ± \(error)")
    let degrees = try #require(heavy.parameters["base.degrees"]).array()
    #expect(degrees.allSatisfy { $0 > 2.5 && $0 < 3.6 }, "\(degrees)")
    let kHat = try heavy.importance().kHat
    #expect(kHat < 0.5)
    let light = try Self.fitted(.normal, estimator)
    #expect(try light.elbo(particles: 20_000).mean < bound - 0.02)
    #expect(try light.importance().kHat > 0.7)
  }

  /// It starts at the place and in the units that were found, with the shape of its base.
  @Test func start() throws {
    let fit = try SVI(
      Self.heavyTails, FlowGuide(flow: .iaf(), base: .studentT(degrees: 3)), optimizer: Adam(0)
    ).run(steps: 0, showsProgress: false)
    let draws = try fit.samplePosterior(4000).first { $0.name == "far" }
    let sorted = try #require(draws).draws.array().sorted()
    let (median, quartiles) = (sorted[2000], sorted[3000] - sorted[1000])
    #expect((median + 40).magnitude < 0.03, "\(median)")
    #expect(quartiles > 0.1 && quartiles < 0.3, "\(quartiles)")
    // 5.9 of three degrees of freedom, 3.4 of a normal distribution.
    let spread = (sorted[3960] - sorted[40]) / quartiles
    #expect(spread > 4.8 && spread < 7.2, "\(spread)")
  }

  /// A base of numbers is one of vectors, as in `NormalizingFlow`.
  @Test func numbers() throws {
    let base = FlowBase { dimension, _ in StudentT(5).expanded(to: [dimension]) }
    let fit = try SVI(
      Self.heavyTails, FlowGuide(flow: .iaf(), base: base), optimizer: Adam(0)
    ).run(steps: 0, showsProgress: false)
    #expect(try fit.elbo().mean.isFinite)
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try SVI(
          { _ = sample("z", Normal(0, 1)) }, FlowGuide(flow: .iaf(), base: .uniform(0, 1)),
          optimizer: Adam()
        ).run(steps: 1, showsProgress: false)
      }, "FlowGuide: the base must be over all vectors; this one is of values that are")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try SVI(
          { _ = sample("z", Normal(0, 1)) },
          FlowGuide(flow: .iaf(), base: .mixture(components: 2)), optimizer: Adam()
        ).run(steps: 1, showsProgress: false)
      }, "FlowGuide: draws of the base must differentiate by its parameters; those of Mix")
  }
}
