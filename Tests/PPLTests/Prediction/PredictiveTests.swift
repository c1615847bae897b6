import Foundation
import PPL
import TestSupport
import Testing

@Suite struct PredictiveTests {
  private static let data: Tensor = [0.5, 1, 1.5]

  /// mu ~ N(1, 2), double = 2 mu, x ~ N(mu, 0.5) thrice.
  private static func model() {
    let mu = sample("mu", Normal(1, 2))
    deterministic("double", 2 * mu)
    plate("rows", 3) { _ = sample("x", Normal(mu, 0.5), observed: data) }
  }

  private static func draws(
    _ seed: Int = 1, _ count: Int = 7
  ) -> [(name: String, draws: Tensor)] {
    [("mu", RandomKey(seed).normal([count])), ("double", Tensor.zeros([count]))]
  }

  @Test func sitesAndShapes() throws {
    let prior = try Predictive(Self.model, draws: 5).run()
    #expect(prior.map(\.name) == ["mu", "double", "x"])
    #expect(prior.map(\.draws.shape) == [[5], [5], [5, 3]])
    let posterior = try Predictive(Self.model, posterior: Self.draws()).run()
    #expect(posterior.map(\.name) == ["double", "x"])
    #expect(posterior.map(\.draws.shape) == [[7], [7, 3]])
    let chosen = try Predictive(Self.model, posterior: Self.draws(), sites: ["x", "mu"]).run()
    #expect(chosen.map(\.name) == ["mu", "x"])
    expectClose(try #require(chosen["mu"]), Self.draws()[0].draws)
    #expect(chosen["double"] == nil)
  }

  /// Observed sites keep their data, deterministic ones follow the draws.
  @Test func dataAndDraws() throws {
    let result = try Predictive(Self.model, posterior: Self.draws()).run()
    expectClose(try #require(result["double"]), 2 * Self.draws()[0].draws)
    expectClose(try #require(result["x"]), Self.data.broadcast(to: [7, 3]))
    // Draws of what the model observes are passed over.
    let more = Self.draws() + [(name: "x", draws: Tensor.zeros([7, 3]))]
    let same = try Predictive(Self.model, posterior: more).run()
    expectClose(try #require(same["x"]), Self.data.broadcast(to: [7, 3]))
  }

  /// Prior predictive moments, with 40,000 draws: x ~ N(1, √4.25), correlation 4 / 4.25 within a draw.
  /// |z| < 5.2 for five statistics: one false alarm in a million; a mean off by 0.11 is caught.
  @Test func priorMoments() throws {
    let count = 40_000
    let result = try Predictive({ uncondition(Self.model) }, draws: count).run()
    let x = try #require(result["x"])
    let variance = 4.25
    for column in 0..<3 {
      let mean = x.selecting(column, along: 1).mean().scalar()
      #expect(isPlausible(mean, 1, sd: variance.squareRoot(), count: count, bound: 5.2))
    }
    let square = ((x.selecting(0, along: 1) - 1) * (x.selecting(0, along: 1) - 1)).mean().scalar()
    #expect(
      isPlausible(square, variance, sd: 2.0.squareRoot() * variance, count: count, bound: 5.2))
    let product = ((x.selecting(0, along: 1) - 1) * (x.selecting(1, along: 1) - 1)).mean().scalar()
    let sd = (variance * variance + 16).squareRoot()
    #expect(isPlausible(product, 4, sd: sd, count: count, bound: 5.2))
  }

  /// Given exact draws from the posterior N(m, s), new data are N(m, √(s² + ¼)). |z| < 4.9.
  @Test func posteriorMoments() throws {
    let (precision, count) = (0.25 + 3 / 0.25, 40_000)
    let (mean, variance) = ((0.25 + 3 * 1 / 0.25) / precision, 1 / precision)
    let mu = mean + variance.squareRoot() * RandomKey(3).normal([count])
    let result = try Predictive(
      { uncondition(Self.model) }, posterior: [("mu", mu)], sites: ["x"]
    ).run()
    let x = result[0].draws.selecting(1, along: 1)
    let total = variance + 0.25
    #expect(isPlausible(x.mean().scalar(), mean, sd: total.squareRoot(), count: count))
    let square = ((x - mean) * (x - mean)).mean().scalar()
    #expect(isPlausible(square, total, sd: 2.0.squareRoot() * total, count: count))
  }

  @Test func conditionedAndIntervened() throws {
    func chain() {
      let a = sample("a", Normal(0, 1))
      let b = sample("b", Normal(2 * a, 0.1))
      deterministic("c", 10 * b)
    }
    let given = [(name: "a", draws: Tensor([1.0, 2, 3]))]
    let conditioned = try Predictive({ condition(["b": 7], chain) }, posterior: given).run()
    expectClose(try #require(conditioned["b"]), [7, 7, 7], shape: [3])
    expectClose(try #require(conditioned["c"]), [70, 70, 70])
    // b itself is as without the intervention; what follows from it sees the value.
    let plain = try Predictive(chain, posterior: given, seed: 4).run()
    let intervened = try Predictive(
      { intervene(["b": 7], chain) }, posterior: given, seed: 4
    ).run()
    expectClose(try #require(intervened["b"]), try #require(plain["b"]))
    expectClose(try #require(intervened["c"]), [70, 70, 70])
  }

  /// A model that branches on its draws has the draws of one that does not.
  @Test func branchingModels() throws {
    func selecting() {
      let z = sample("z", Normal(0, 1))
      let x = sample("x", Normal(`where`(z .> 0, z, -5 * z), 0.5))
      deterministic("y", x + 1)
    }
    func branching() {
      let z = sample("z", Normal(0, 1))
      let x = z.scalar() > 0 ? sample("x", Normal(z, 0.5)) : sample("x", Normal(-5 * z, 0.5))
      deterministic("y", x + 1)
    }
    let expected = try Predictive(selecting, draws: 50, seed: 2).run()
    let result = try Predictive(branching, draws: 50, seed: 2).run()
    #expect(result.map(\.name) == ["z", "x", "y"])
    for (site, other) in zip(expected, result) {
      expectClose(other.draws, site.draws, within: .relative(1e-13), site.name)
    }
    let posterior = [(name: "z", draws: Tensor([1.0, -1, 0.5, -2]))]
    let one = try Predictive(selecting, posterior: posterior).run()
    let other = try Predictive(branching, posterior: posterior).run()
    expectClose(other[0].draws, one[0].draws, within: .relative(1e-13))
  }

  /// A site met in some runs only has no common draws; without it, the rest has.
  @Test func varyingSites() throws {
    func varying() {
      let z = sample("z", Normal(0, 1))
      if z.scalar() > 0 { sample("extra", Normal(0, 1)) }
      sample("wide", Normal(0, 1).expanded(to: [z.scalar() > 0 ? 2 : 3]))
    }
    for sites in [["extra"], ["wide"], ["z", "wide"]] {
      #expect(throws: PredictionError.self) {
        try Predictive(varying, draws: 40, sites: sites).run()
      }
    }
    #expect(try Predictive(varying, draws: 40, sites: ["z"]).run()[0].draws.shape == [40])
  }

  @Test func seeds() throws {
    func draws(_ seed: Int, _ count: Int = 6) throws -> [[Double]] {
      try Predictive(Self.model, draws: count, sites: ["mu"], seed: seed).run().map {
        $0.draws.array()
      }
    }
    #expect(try draws(1) == draws(1))
    #expect(try Set(draws(1)[0] + draws(2)[0]).count == 12)
    #expect(try Array(draws(1, 20)[0].prefix(6)) == draws(1)[0])
  }

  /// More elements than are computed at once.
  @Test func wideModels() throws {
    let width = 1 << 20
    func wide() { sample("x", Normal(0, 1).expanded(to: [width]).toEvent(1)) }
    let all = try Predictive(wide, draws: 5).run()[0].draws
    #expect(all.shape == [5, width])
    let last = all.selecting(4, along: 0)
    expectClose(try Predictive(wide, draws: 1).run()[0].draws[0], all[0])
    #expect(abs(last.mean().scalar()) < 4.9 / 1024 && !last.isSame(as: all[0]))
    #expect(abs((last * all[0]).mean().scalar()) < 4.9 / 1024)
  }

  @Test func fittedParameters() throws {
    func model() {
      let loc = param("loc", Tensor([1.0], shape: []))
      let z = sample("z", Normal(0, 1))
      deterministic("sum", loc + z)
      sample("x", Normal(loc + z, 1), observed: 3)
    }
    let fit = try SVI(model, DiagonalNormalGuide(), optimizer: Adam(0.1))
      .run(steps: 30, showsProgress: false)
    let posterior = try fit.samplePosterior(10)
    let fitted = try Predictive(model, posterior: posterior, parameters: fit.parameters).run()
    expectClose(
      try #require(fitted["sum"]), try #require(posterior["sum"]), within: .relative(1e-14))
    let initial = try Predictive(model, posterior: posterior).run()
    expectClose(try #require(initial["sum"]), 1 + (try #require(posterior["z"])))
  }

  @Test func singlePrecision() throws {
    let given = [(name: "mu", draws: Tensor([1.0, 2], dtype: .float32))]
    let result = try Predictive({ uncondition(Self.model) }, posterior: given).run()
    #expect(result.allSatisfy { $0.draws.dtype == .float32 })
  }

  /// Draws of a Markov chain go in as they come.
  @Test func afterMCMC() throws {
    let chains = try MCMC(Self.model, warmup: 100, samples: 50, chains: 2).run()
    let result = try Predictive(Self.model, posterior: chains.samples).run()
    expectClose(try #require(result["double"]), try #require(chains["double"]))
  }

  @Test func unknownSite() {
    let error = #expect(throws: PredictionError.self) {
      try Predictive(Self.model, draws: 2, sites: ["mu", "nu"]).run()
    }
    #expect(error == .noSite("nu", found: ["mu", "double", "x"]))
    #expect("\(error!)" == "the model has no site \"nu\"; it has \"mu\", \"double\", \"x\"")
  }
}
