import Foundation
import Models
import PPL
import TestSupport
import Testing

@Suite struct ImportanceTests {
  /// loc ~ N(0, 1) and fifty observations of 0 from N(loc, 1).
  private static func zeros() {
    let loc = sample("loc", Normal(0, 1))
    plate("data", 50) { _ = sample("x", Normal(loc, 1), observed: Tensor.zeros([50])) }
  }

  private static let zerosEvidence = -25 * log(2 * Double.pi) - 0.5 * log(51)

  /// z ~ N(0, 1), no data: the guide is N(0, scale).
  private static func unit() { sample("z", Normal(0, 1)) }

  private static func fit(scale: Double) throws -> SVIResult {
    try SVI(
      unit, guide: { sample("z", Normal(param("loc", Tensor([0.0], shape: [])), Tensor(scale))) },
      optimizer: Adam(0)
    ).run(steps: 0, showsProgress: false)
  }

  /// Pyro's test: mean 0 ± 0.01, sd √(1/51) ± 0.1; here also the evidence, within 4.9 of its errors.
  @Test func priorAsProposal() throws {
    let result = try Importance(Self.zeros, draws: 10_000).run()
    let row = try #require(result.summary()["loc"])
    #expect(abs(row.mean) < 0.01)
    #expect(abs(row.standardDeviation - (1 / 51.0).squareRoot()) < 0.005)
    let (value, error) = result.logEvidence
    #expect(abs(value - Self.zerosEvidence) < 4.9 * error && error < 0.05, "\(value) ± \(error)")
    // E[w]² / E[w²] of the prior's draws count: w = exp(−25 loc²).
    let expected = (101.0).squareRoot() / 51 * 10_000
    #expect(abs(result.effectiveSampleSize / expected - 1) < 0.1)
    #expect(result.psis.isReliable)
    expectClose(try #require(result.mean(of: "loc")), [row.mean], within: .relative(1e-12))
  }

  @Test func densities() throws {
    let result = try Importance(
      Self.zeros, guide: { sample("loc", Normal(0.1, 0.3)) }, draws: 20
    ).run()
    let loc = try #require(result["loc"]).array()
    expectClose(
      result.guideLogProb, loc.map { normalLogDensity($0, 0.1, 0.3) }, within: .relative(1e-13))
    expectClose(
      result.modelLogProb,
      loc.map { normalLogDensity($0, 0, 1) + 50 * normalLogDensity(0, $0, 1) },
      within: .relative(1e-13))
    expectClose(
      result.logWeights, zip(result.modelLogProb, result.guideLogProb).map { $0 - $1 },
      within: .bits)
  }

  /// A prior that counts twice proposes once.
  @Test func scaledPrior() throws {
    let result = try Importance({ scaled(by: 2) { sample("z", Normal(0, 1)) } }, draws: 20).run()
    let z = try #require(result["z"]).array()
    expectClose(
      result.logWeights, z.map { normalLogDensity($0, 0, 1) }, within: .relative(1e-13))
  }

  /// With the posterior as guide all weights are the evidence.
  @Test func posteriorAsProposal() throws {
    let result = try Importance(
      Self.zeros, guide: { sample("loc", Normal(0, Tensor((1 / 51.0).squareRoot()))) },
      draws: 200
    ).run()
    expectClose([result.logEvidence.value], [Self.zerosEvidence], within: .relative(1e-13))
    #expect(result.logEvidence.error < 1e-12)
    expectClose([result.effectiveSampleSize], [200], within: .relative(1e-12))
    #expect(result.kHat == -.infinity)
    #expect(
      "\(result)" == """
        200 draws worth 200, log evidence -47.913 ± 0.000, k̂ -inf where 0.57 is allowed: the \
        weighted draws can be relied on
        """)
  }

  /// The log evidence by quadrature; within 4.9 standard errors.
  @Test func eightSchools() throws {
    let result = try Importance(EightSchools.nonCentered, draws: 40_000).run()
    let (value, error) = result.logEvidence
    #expect(abs(value - EightSchools.logEvidence) < 4.9 * error && error < 0.02)
    #expect(result.samples.map(\.name) == ["mu", "tau", "eta", "theta"])
    #expect(try #require(result.mean(of: "theta")).shape == [8])
    #expect(try #require(result.kHat(of: "theta")).shape == [8])
  }

  // MARK: How far a fit can be trusted

  /// The tail of the weights has the shape 1 − scale².
  @Test func tooNarrowAGuide() throws {
    let narrow = try Self.fit(scale: 0.5).importance(draws: 100_000)
    #expect((0.65..<0.9).contains(narrow.kHat), "\(narrow.kHat)")
    #expect("\(narrow)".hasSuffix("neither they nor the proposal can be relied on"))
    let good = try Self.fit(scale: 0.95).importance(draws: 100_000)
    #expect((0.0..<0.25).contains(good.kHat) && good.psis.isReliable, "\(good.kHat)")
    expectClose([good.logEvidence.value], [0], within: .relative(0, absolute: 0.01))
  }

  /// Guides over unconstrained numbers count their Jacobians: an untrained guide still has the right
  /// evidence.
  @Test func constrainedSites() throws {
    func model() {
      let rate = sample("rate", Gamma(2, 1))
      let p = sample("p", Beta(2, 3))
      sample("n", Poisson(rate), observed: 3)
      sample("k", Bernoulli(probs: p), observed: 1)
    }
    let fit = try SVI(model, DiagonalNormalGuide(start: .at(scale: 1)), optimizer: Adam(0.05))
      .run(steps: 200, showsProgress: false)
    let result = try fit.importance(draws: 20_000)
    // Gamma–Poisson: 4 (1/2)⁵; Beta–Bernoulli: 2/5.
    let (value, error) = result.logEvidence
    #expect(abs(value - log(4.0 / 32 * 0.4)) < 4.9 * error && error < 0.01, "\(value) ± \(error)")
    let p = try #require(result.mean(of: "p")).scalar()
    #expect(abs(p - 0.5) < 0.01)
  }

  /// A site that is summed out: log evidence of a mixture, and the weighted frequency of its kinds.
  @Test func summedOutSites() throws {
    func model() {
      let z = sample("z", Normal(0, 1))
      let kind = sample("kind", Bernoulli(probs: 0.3), infer: .enumerate())
      sample("x", Normal(z + 3 * kind, 1), observed: 2)
    }
    let fit = try SVI(
      model, guide: { sample("z", Normal(0.2, 0.9)) }, optimizer: Adam(0), loss: TraceEnumELBO()
    ).run(steps: 0, showsProgress: false)
    let result = try fit.importance(draws: 20_000)
    let sd = 2.0.squareRoot()
    let terms = [0.7 * exp(normalLogDensity(2, 0, sd)), 0.3 * exp(normalLogDensity(2, 3, sd))]
    let (value, error) = result.logEvidence
    let exact = log(terms[0] + terms[1])
    #expect(abs(value - exact) < 4.9 * error && error < 0.01, "\(value) ± \(error), \(exact)")
    let kind = try #require(result.mean(of: "kind")).scalar()
    #expect(abs(kind - terms[1] / (terms[0] + terms[1])) < 0.02, "\(kind)")
  }

  // MARK: Draws

  /// Weighted draws of N(0, 1) from N(0, 2): mean and sd of what is picked. With 20,000 draws both are
  /// known to 0.01.
  @Test(arguments: [true, false]) func resampled(_ replacing: Bool) throws {
    let result = try Self.fit(scale: 2).importance(draws: 20_000)
    let picked = result.resampled(2000, replacing: replacing, seed: 1)
    let z = try #require(picked["z"]).array()
    #expect(z.count == 2000)
    let mean = z.reduce(0, +) / 2000
    let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2000
    #expect(isPlausible(mean, 0, sd: 1.1, count: 2000))
    // Without replacement the light draws are picked a little too often.
    #expect(abs(variance - 1) < (replacing ? 0.17 : 0.25), "\(variance)")
    if !replacing { #expect(Set(z).count == 2000) }
  }

  @Test func weightedSummary() throws {
    let summary = try Self.fit(scale: 2).importance(draws: 100_000).summary()
    let row = try #require(summary["z"])
    expectClose(
      [row.mean, row.standardDeviation] + row.quantiles, [0, 1, -1.64485, 0, 1.64485],
      within: .relative(0, absolute: 0.03))
  }

  @Test func seeds() throws {
    let fit = try Self.fit(scale: 2)
    let one = try fit.importance(draws: 50, seed: 1).logWeights
    #expect(try fit.importance(draws: 50, seed: 1).logWeights == one)
    #expect(try fit.importance(draws: 50, seed: 2).logWeights != one)
    #expect(try Array(fit.importance(draws: 80, seed: 1).logWeights.prefix(50)) == one)
  }

  /// A model that branches on its draws is run for each.
  @Test func branchingModels() throws {
    func model() {
      let z = sample("z", Normal(0, 1))
      sample("x", Normal(0, z.scalar() > 0 ? 1 : 2), observed: 1)
    }
    let result = try Importance(model, draws: 400).run()
    let z = try #require(result["z"]).array()
    let expected = z.map { normalLogDensity(1, 0, $0 > 0 ? 1 : 2) }
    expectClose(result.logWeights, expected, within: .relative(1e-12, absolute: 1e-13))
  }

  // MARK: What cannot be weighted

  @Test func errors() {
    #expect(throws: ModelError.self) {
      try Importance(Self.zeros, guide: { sample("other", Normal(0, 1)) }).run()
    }
    #expect(throws: ModelError.subsampledPlate("rows")) {
      try Importance(
        {
          let z = sample("z", Normal(0, 1))
          plate("rows", 4, subsampleSize: 2) { _ in
            _ = sample("x", Normal(z, 1), observed: Tensor.zeros([2]))
          }
        }, draws: 10
      ).run()
    }
    #expect(throws: PredictionError.noWeight(draws: 10)) {
      try Importance(
        {
          sample("z", Normal(0, 1))
          sample("x", Uniform(0, 1), observed: 2)
        }, draws: 10
      ).run()
    }
    let error = #expect(throws: PredictionError.self) {
      try Importance(
        {
          let z = sample("z", Normal(0, 1))
          factor("root", sqrt(z - 100))
        }, draws: 10
      ).run()
    }
    #expect("\(error!)".contains("the log weight of draw 0 is"))
  }
}
