import Foundation
import Models
import PPL
import TestSupport
import Testing

/// Draws from a fit, their summary, and the ELBO.
@Suite struct PosteriorTests {
  /// A guide that a rate of zero keeps as it is: z ~ N(1, ½), log w ~ N(0.3, 0.4).
  private static func fixed(
    _ model: @escaping () -> Void = model, dtype: DType = .float64
  ) throws -> SVIResult {
    try SVI(
      model,
      guide: {
        sample("z", Normal(param("loc", Tensor([1.0], shape: [])), 0.5))
        sample("w", LogNormal(param("wloc", Tensor([0.3], shape: [])), 0.4))
      }, optimizer: Adam(0), dtype: dtype
    ).run(steps: 1, showsProgress: false)
  }

  private static func model() {
    let z = sample("z", Normal(0, 1))
    let w = sample("w", LogNormal(0, 1))
    deterministic("sum", z + w)
    plate("rows", 3) { _ = sample("x", Normal(z, w), observed: Tensor([0.5, 1, 1.5])) }
  }

  @Test func sitesAndShapes() throws {
    let draws = try Self.fixed().samplePosterior(7)
    #expect(draws.map(\.name) == ["z", "w", "sum"])
    #expect(draws.map(\.draws.shape) == [[7], [7], [7]])
    let fit = try SVI(EightSchools.nonCentered, DiagonalNormalGuide(), optimizer: Adam(0.01))
      .run(steps: 2, showsProgress: false)
    let schools = try fit.samplePosterior(5)
    #expect(schools.map(\.name) == ["mu", "tau", "eta", "theta"])
    #expect(schools.map(\.draws.shape) == [[5], [5], [5, 8], [5, 8]])
    #expect(try fit.samplePosterior(1).map(\.draws.shape) == [[1], [1], [1, 8], [1, 8]])
  }

  /// All sites of a draw belong together.
  @Test func jointDraws() throws {
    let fit = try SVI(EightSchools.nonCentered, DiagonalNormalGuide(), optimizer: Adam(0.05))
      .run(steps: 50, showsProgress: false)
    let draws = try fit.samplePosterior(200)
    let values = Dictionary(uniqueKeysWithValues: draws.map { ($0.name, $0.draws) })
    let (mu, tau) = (values["mu"]!.expandingDims(at: -1), values["tau"]!.expandingDims(at: -1))
    expectClose(values["theta"]!, mu + tau * values["eta"]!, within: .relative(1e-13))
  }

  /// Kolmogorov–Smirnov with 100,000 draws: ε = 0.0085 at a false alarm of one seed in a million; a
  /// mean off by 0.043 sd is caught. Between sites and from draw to draw: |correlation| < 4.9 / √n =
  /// 0.0155, at the same rate; one of 0.031 is caught.
  @Test(arguments: [DType.float64, .float32]) func distribution(_ dtype: DType) throws {
    let count = 100_000
    let draws = try Self.fixed(dtype: dtype).samplePosterior(count)
    #expect(draws.allSatisfy { $0.draws.dtype == dtype })
    let z = draws[0].draws.array().map { ($0 - 1) / 0.5 }
    let w = draws[1].draws.array().map { (log($0) - 0.3) / 0.4 }
    let bound = sqrt(log(2 / 1e-6) / Double(2 * count))
    for scores in [z, w] {
      let distance = scores.sorted().enumerated().reduce(0.0) { worst, item in
        let p = 0.5 * erfc(-item.element / 2.0.squareRoot())
        return max(worst, (p - (Double(item.offset) + 0.5) / Double(count)).magnitude)
      }
      #expect(distance < bound, "\(distance)")
    }
    let correlation = zip(z, w).reduce(0) { $0 + $1.0 * $1.1 } / Double(count)
    #expect(isPlausible(correlation, 0, sd: 1, count: count), "\(correlation)")
    let lagged = zip(z, z.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / Double(count - 1)
    #expect(isPlausible(lagged, 0, sd: 1, count: count), "\(lagged)")
  }

  @Test func seeds() throws {
    let fit = try Self.fixed()
    func draws(_ seed: Int) throws -> [[Double]] {
      try fit.samplePosterior(10, seed: seed).map { $0.draws.array() }
    }
    #expect(try draws(1) == draws(1))
    #expect(try Set(draws(1)[0] + draws(2)[0]).count == 20)
    #expect(try fit.samplePosterior(10).map { $0.draws.array() } == draws(1))
    // More draws begin with the same ones.
    #expect(try Array(fit.samplePosterior(25, seed: 1)[0].draws.array().prefix(10)) == draws(1)[0])
  }

  /// Fits of different seeds have different draws for the same seed, of sites, bounds and weights.
  @Test func seedsOfFits() throws {
    func results(_ seed: Int) throws -> [[Double]] {
      let fit = try SVI(
        { _ = sample("z", Normal(0, 1)) }, guide: { sample("z", Normal(0.5, 2)) },
        optimizer: Adam(),
        seed: seed
      ).run(steps: 0, showsProgress: false)
      let z = try fit.samplePosterior(10)[0].draws.array()
      let weights = try fit.importance(draws: 10).logWeights
      return [z, weights, [try fit.elbo(particles: 10).mean]]
    }
    let (one, same, other) = (try results(4), try results(4), try results(5))
    #expect(one == same)
    for (a, b) in zip(one, other) { #expect(Set(a).isDisjoint(with: b)) }
  }

  /// A fit without latent sites has nothing to tell of them.
  @Test func nothingLatent() throws {
    let fit = try SVI(
      { _ = sample("x", Normal(param("loc", 0), 1), observed: 1) }, guide: {}, optimizer: Adam()
    ).run(steps: 3, showsProgress: false)
    #expect(try fit.samplePosterior(10).isEmpty && fit.summary().rows.isEmpty)
  }

  // MARK: Summary

  @Test func summaryOfDraws() throws {
    let golden = try ModelGoldens.load().summary
    let columns = golden.sample.flatMap { [$0, -2 * $0] }
    let summary = Summary([
      ("a", Tensor(golden.sample)), ("b", Tensor(columns, shape: [golden.sample.count, 2])),
    ])
    #expect(summary.rows.map(\.name) == ["a", "b[0]", "b[1]"])
    for name in ["a", "b[0]"] {
      let row = try #require(summary[name])
      expectClose(
        [row.mean, row.standardDeviation] + row.quantiles,
        [golden.mean, golden.sd] + golden.quantiles, within: .relative(1e-14), name)
    }
    let mirrored = try #require(summary["b[1]"])
    expectClose(
      [mirrored.mean, mirrored.standardDeviation] + mirrored.quantiles,
      [-2 * golden.mean, 2 * golden.sd] + golden.quantiles.reversed().map { -2 * $0 },
      within: .relative(1e-14))
    #expect(summary["nothing"] == nil)
    #expect("\(summary)".split(separator: "\n").count == 4)
    for title in ["mean", "sd", "5%", "50%", "95%"] { #expect("\(summary)".contains(title)) }
  }

  @Test func smallSummaries() throws {
    let one = Summary([("a", Tensor([3.0]))])
    #expect(one["a"]?.mean == 3 && one["a"]?.quantiles == [3, 3, 3])
    #expect(one["a"]?.standardDeviation == 0)
    let fit = try Self.fixed().summary(draws: 2)
    #expect(fit.rows.map(\.name) == ["z", "w", "sum"])
  }

  /// Mean, sd and quantiles of 40,000 draws: |z| < 5.2 for each, at one seed in a million for all;
  /// a mean off by 0.026, a 5 % quantile off by 0.055 is caught.
  @Test func summaryOfFit() throws {
    let summary = try Self.fixed().summary(draws: 40_000)
    let z = try #require(summary["z"])
    // The sd of a quantile estimate is √(p (1 − p)) / density.
    let expected = [
      (z.mean, 1, 0.5), (z.standardDeviation, 0.5, 0.5 / 2.0.squareRoot()),
      (z.quantiles[1], 1, 0.5 * 1.2533), (z.quantiles[0], 1 - 0.5 * 1.64485, 0.5 * 2.1133),
      (z.quantiles[2], 1 + 0.5 * 1.64485, 0.5 * 2.1133),
    ]
    for (estimate, exact, sd) in expected {
      #expect(isPlausible(estimate, exact, sd: sd, count: 40_000, bound: 5.2), "\(estimate)")
    }
  }

  // MARK: ELBO

  /// Case 7 again: the exact value, and a standard error that is one.
  @Test func elbo() throws {
    let fit = try SVI(
      {
        plate("data", 2) {
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: Tensor([-0.5, 2]))
        }
      }, guide: { plate("data", 2) { _ = sample("z", Normal(0, 1)) } }, optimizer: Adam(0)
    ).run(steps: 1, showsProgress: false)
    let (mean, error) = try fit.elbo(particles: 100_000)
    let sd = 5.25.squareRoot()
    #expect(isPlausible(mean, -4.9628770664, sd: sd, count: 100_000), "\(mean)")
    // A variance of 100,000 terms of kurtosis 7 is known to 0.8 %, its root to 0.4 %.
    #expect((error * (100_000.0).squareRoot() / sd - 1).magnitude < 0.03, "\(error)")
    #expect(try fit.elbo(particles: 100, seed: 1) != fit.elbo(particles: 100, seed: 2))
    #expect(try fit.elbo(particles: 100, seed: 1) == fit.elbo(particles: 100, seed: 1))
  }

  /// With the posterior as guide the ELBO is the log evidence, without error.
  @Test func exactELBO() throws {
    let fit = try SVI(
      {
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z, 1), observed: 1)
      }, guide: { _ = sample("z", Normal(0.5, Tensor([sqrt(0.5)], shape: []))) },
      optimizer: Adam(0)
    ).run(steps: 0, showsProgress: false)
    let (mean, error) = try fit.elbo(particles: 100)
    expectClose([mean], [-1.5155121234846454], within: .relative(1e-13))
    #expect(error < 1e-13)
  }
}
