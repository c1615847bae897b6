import Foundation
import TestSupport
import Testing

@testable import PPL

/// Guides fitted to posteriors that are known in closed form.
@Suite struct ExactGuideTests {
  private static func fitted(
    _ model: @escaping () -> Void, _ guide: any Guide, steps: Int = 1500, rate: Double = 0.03
  ) throws -> SVIResult {
    try SVI(
      model, guide, optimizer: Adam(.cosine(rate, steps: max(steps, 1))),
      loss: TraceELBO(particles: 16), seed: 5
    ).run(steps: steps, showsProgress: false)
  }

  /// Mean and standard deviation of each number of each real site, from a normal's quantiles.
  private static func moments(_ fit: SVIResult) throws -> [String: (mean: [Double], sd: [Double])] {
    let one = 0.841344746068543  // Φ(1)
    var moments: [String: (mean: [Double], sd: [Double])] = [:]
    for (name, values) in try fit.quantiles([0.5, one]) {
      let rows = values.reshaped(to: [2, values.count / 2]).rows()
      moments[name] = (rows[0], zip(rows[1], rows[0]).map { $0 - $1 })
    }
    return moments
  }

  // MARK: Normal posteriors

  /// x ~ N(0, 1), yᵢ ~ N(x, 1), observed with noise 1.
  private static let tree: @Sendable () -> Void = {
    let x = sample("x", Normal(0, 1))
    plate("data", 2) {
      let y = sample("y", Normal(x, 1))
      sample("observation", Normal(y, 1), observed: Tensor([-0.5, 2]))
    }
  }

  private static let full: [GuideCase] = [
    .init("multivariate") { MultivariateNormalGuide(start: $0) },
    .init("low rank") { LowRankMultivariateNormalGuide(rank: 2, start: $0) },
    .init("structured") { StructuredGuide(start: $0) },
    .init("structured as the posterior") {
      StructuredGuide(dependencies: .given(["y": ["x"]]), start: $0)
    },
    .init("Laplace") { _ in LaplaceGuide() },
  ]
  private static let meanField: [GuideCase] = [
    .init("diagonal") { DiagonalNormalGuide(start: $0) },
    .init("site by site") { NormalGuide(start: $0) },
    .init("structured without dependencies") { StructuredGuide(dependencies: .none, start: $0) },
    .init("list") {
      GuideList(.sites(["x"], NormalGuide(start: $0)), .rest(DiagonalNormalGuide(start: $0)))
    },
  ]

  /// Means are exact in all of them; standard deviations and bound are the posterior's, or those of the
  /// best product of normals, 1 / √(precision)ᵢᵢ. From the start at a normal distribution, and from a
  /// plain one.
  private static func expectTree(_ guide: any Guide, isFull: Bool) throws {
    let fit = try fitted(tree, guide)
    let moments = try moments(fit)
    let (x, y) = (try #require(moments["x"]), try #require(moments["y"]))
    let sd = isFull ? [0.7071068, 0.7905694] : [0.5773503, 0.7071068]
    expectClose(x.mean + y.mean, [0.375, -0.0625, 1.1875], within: .relative(0, absolute: 0.05))
    expectClose(x.sd + y.sd, [sd[0], sd[1], sd[1]], within: .relative(0.05))
    let (elbo, error) = try fit.elbo(particles: 20_000)
    let exact = isFull ? -3.7994728372 : -4.0022053913
    #expect((elbo - exact).magnitude < 0.002 + 4.9 * error, "\(elbo) ± \(error)")
  }

  @Test(arguments: full, [GuideStart.gaussian(), .at(scale: 0.3)])
  func tree(_ guide: GuideCase, _ start: GuideStart) throws {
    try Self.expectTree(guide.make(start), isFull: true)
  }

  @Test(arguments: meanField, [GuideStart.gaussian(), .at(scale: 0.3)])
  func meanFieldTree(_ guide: GuideCase, _ start: GuideStart) throws {
    try Self.expectTree(guide.make(start), isFull: false)
  }

  @Test(arguments: [
    GuideCase("multivariate") { MultivariateNormalGuide(start: $0) },
    .init("diagonal") { DiagonalNormalGuide(start: $0) },
    .init("low rank") { LowRankMultivariateNormalGuide(start: $0) },
    .init("site by site") { NormalGuide(start: $0) },
    .init("structured") { StructuredGuide(start: $0) },
    .init("Laplace") { _ in LaplaceGuide() },
  ]) func normal(_ guide: GuideCase) throws {
    let model = {
      let loc = sample("loc", Normal(0, 1))
      plate("data", 3) { _ = sample("x", Normal(loc, 1), observed: Tensor([-0.5, 2, 1])) }
    }
    let fit = try Self.fitted(model, guide.make(.gaussian()))
    let loc = try #require(try Self.moments(fit)["loc"])
    expectClose(loc.mean, [0.625], within: .relative(0, absolute: 0.02))
    expectClose(loc.sd, [0.5], within: .relative(0.03))
    let (elbo, error) = try fit.elbo(particles: 2000)
    #expect((elbo + 5.2937127802).magnitude < 1e-3 + 4.9 * error, "\(elbo)")
  }

  // MARK: Constrained sites

  /// Dirichlet(½, 1, 3/2, 3) and counts 4, 2, 5, 0: the posterior is Dirichlet(9/2, 3, 13/2, 3).
  @Test(arguments: [
    GuideCase("multivariate") { MultivariateNormalGuide(start: $0) },
    .init("diagonal") { DiagonalNormalGuide(start: $0) },
  ]) func dirichlet(_ guide: GuideCase) throws {
    let fit = try Self.fitted(
      {
        let p = sample("p", Dirichlet(Tensor([0.5, 1, 1.5, 3])))
        let counts = Multinomial(11, probs: p)
        sample("counts", counts, observed: Tensor([4.0, 2, 5, 0]))
      }, guide.make(.gaussian()))
    let draws = try #require(try fit.samplePosterior(40_000).first).draws
    let mean = [0.264706, 0.176471, 0.382353, 0.176471]
    let sd = [0.103986, 0.089854, 0.114542, 0.089854]
    expectClose(draws.mean(axis: 0), mean, within: .relative(0, absolute: 0.01))
    let spread = sqrt(square(draws - draws.mean(axis: 0)).mean(axis: 0))
    expectClose(spread, sd, within: .relative(0.08))
  }

  /// A log-normal variable is a normal one in the unconstrained space.
  @Test(arguments: GuideCase.densities.prefix(6)) func logNormal(_ guide: GuideCase) throws {
    let fit = try Self.fitted(
      { _ = sample("x", LogNormal(0.2, 0.7)) }, guide.make(.at()), rate: 0.1)
    let z = [-1.2815515655446004, 0, 1.2815515655446004]
    let values = try #require(try fit.quantiles([0.1, 0.5, 0.9]).first).values
    expectClose(
      log(values), z.map { 0.2 + 0.7 * $0 }, within: .relative(0, absolute: 0.04))
    let started = try Self.fitted(
      { _ = sample("x", LogNormal(0.2, 0.7)) }, guide.make(.gaussian()), steps: 0)
    let exact = try #require(try started.quantiles([0.5]).first).values
    expectClose(log(exact), [0.2], within: .relative(0, absolute: 1e-4))
  }

  @Test func twoNormals() throws {
    let fit = try Self.fitted(
      {
        sample("x", Normal(-0.2, 1.2))
        sample("y", Normal(0.2, 0.7))
      }, DiagonalNormalGuide(start: .at()), rate: 0.1)
    let moments = try Self.moments(fit)
    expectClose(
      moments["x"]!.mean + moments["y"]!.mean, [-0.2, 0.2],
      within: .relative(0, absolute: 0.04))
    expectClose(moments["x"]!.sd + moments["y"]!.sd, [1.2, 0.7], within: .relative(0.03))
  }

  /// Medians of unobserved sites, and points of highest density.
  @Test(arguments: GuideCase.densities.prefix(6)) func medians(_ guide: GuideCase) throws {
    let fit = try Self.fitted(
      {
        sample("x", LogNormal(0, 1))
        sample("y", Beta(2, 2))
      }, guide.make(.gaussian()))
    let medians = try fit.median()
    #expect(medians.map(\.name) == ["x", "y"])
    expectClose(medians[0].value, [1], within: .relative(0, absolute: 0.03))
    expectClose(medians[1].value, [0.5], within: .relative(0, absolute: 0.02))
    expectClose(
      try fit.quantiles([0.5])[0].values, medians[0].value.array(), within: .relative(1e-12))
  }

  /// A support open below turns the order of quantiles round: they are those of draws.
  @Test func fallingMaps() throws {
    let fit = try Self.fitted(
      {
        let negated = TransformedDistribution(LogNormal(0, 1), [Affine(shift: 0, scale: -1)])
        sample("x", negated)
      }, DiagonalNormalGuide(), steps: 0)
    let values = try #require(try fit.quantiles([0.1, 0.5, 0.9]).first).values.array()
    let exact = [1.2815515655446004, 0, -1.2815515655446004].map { -Foundation.exp($0) }
    // The 10 % quantile of 10,000 draws, in the logarithm: sd 0.017.
    #expect(
      zip(values, exact).allSatisfy { (Foundation.log($0 / $1)).magnitude < 0.09 }, "\(values)")
  }

  /// `factor(+1)` adds to the bound.
  @Test func factors() throws {
    func loss(_ term: Double) throws -> Double {
      try SVI(
        {
          _ = sample("z", Normal(0, 1))
          factor("term", Tensor(term))
        }, DiagonalNormalGuide(start: .at()), optimizer: Adam()
      ).step()
    }
    expectClose([try loss(1)], [try loss(0) - 1], within: .relative(1e-13))
  }

  // MARK: Points

  /// The mode of the density of the values themselves: e⁻¹ for a log-normal prior.
  @Test(arguments: [GuideStart.gaussian(), .at()]) func modes(_ start: GuideStart) throws {
    let fit = try Self.fitted(
      {
        sample("x", LogNormal(0, 1))
        sample("y", Beta(2, 2))
        sample("z", Beta(3, 2))
      }, DeltaGuide(start: start), rate: 0.1)
    let values = try fit.median()
    expectClose(values[0].value, [Foundation.exp(-1)], within: .relative(1e-4))
    expectClose(values[1].value, [0.5], within: .relative(1e-4))
    expectClose(values[2].value, [2 / 3.0], within: .relative(1e-4))
  }

  /// Ten prior tosses either way, then 6 heads and 4 tails.
  @Test func coin() throws {
    let fit = try Self.fitted(
      {
        let p = sample("p", Beta(10, 10))
        plate("tosses", 10) {
          let tosses = Tensor([1.0, 1, 1, 1, 1, 1, 0, 0, 0, 0])
          sample("toss", Bernoulli(probs: p), observed: tosses)
        }
      }, DeltaGuide(), rate: 0.1)
    expectClose(try fit.median()[0].value, [15 / 28.0], within: .relative(1e-4))
    expectClose([fit.losses[1499]], [5.6004023943], within: .relative(0, absolute: 1e-6))
  }
}
