import Foundation
import Models
import PPL
import TestSupport
import Testing

/// The loss and its gradient, where both are known exactly.
@Suite struct TraceELBOTests {
  /// z_i ~ N(0, 1), x_i ~ N(z_i, 1); the guide N(loc_i, scale) at loc = 0, scale = 1.
  private enum Anchor {
    static let data = [-0.5, 2]
    static let particles = 200_000

    static func model() {
      plate("data", 2) {
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z, 1), observed: Tensor(data))
      }
    }

    static func guide() { guide(nil) }

    static func guide(_ infer: InferConfig?) {
      let loc = param("loc", Tensor.zeros([2]))
      let scale = param("scale", Tensor([1.0], shape: []), constraint: .positive)
      plate("data", 2) { keep("z", sample("z", Normal(loc, scale), infer: infer)) }
    }

    /// The loss of one step and the gradient with respect to loc₁, loc₂ and scale.
    ///
    /// The scale is optimised through its logarithm, whose derivative is the same at 1.
    static func step(
      _ model: @escaping () -> Void = model, _ guide: @escaping () -> Void = guide,
      particles: Int = particles
    ) throws -> (loss: Double, gradient: [Double]) {
      let svi = try SVI(
        model, guide: guide, optimizer: PlainDescent(), loss: TraceELBO(particles: particles),
        seed: 4)
      let loss = try svi.step()
      let (loc, scale) = (svi.parameters.values["loc"]!, svi.parameters.scalar("scale"))
      return (loss, [-loc[0], -loc[1], -log(scale)])
    }
  }

  /// |z| < 5.2 for each of four means of 200,000 terms, with the exact standard deviations of one
  /// term: 2.29 (loss), 2, 2 (loc), 4.5 (scale), or those of score functions. One seed in a million
  /// fails; a loss off by 0.053, a gradient off by 0.047 or 0.105, passes for fewer; of score
  /// functions one off by 0.13 or 0.28.
  @Test(arguments: [false, true]) func unbiased(_ usesScoreFunction: Bool) throws {
    let infer: InferConfig? = usesScoreFunction ? .scoreFunction : nil
    let (loss, gradient) = try Anchor.step(Anchor.model, { Anchor.guide(infer) })
    let count = Anchor.particles
    #expect(
      isPlausible(loss, 4.9628770664, sd: 5.25.squareRoot(), count: count, bound: 5.2), "\(loss)")
    let sds = usesScoreFunction ? [2.911, 5.388, 11.763] : [2, 2, 4.5]
    for (estimate, (exact, sd)) in zip(gradient, zip([0.5, -2, 2], sds)) {
      #expect(isPlausible(estimate, exact, sd: sd, count: count, bound: 5.2), "\(gradient)")
    }
  }

  /// Each draw's score is multiplied by the log weight of its own copy: at loc = 0, scale = 1 that
  /// of the data alone, L. Then d loss / d loc = −z L and d loss / d scale = −Σ (z² − 1) L.
  @Test(arguments: [1, 2]) func scoreFunction(_ factor: Double) throws {
    for seed in 0..<20 {
      let svi = try SVI(
        { scaled(by: factor, Anchor.model) },
        guide: { scaled(by: factor) { Anchor.guide(.scoreFunction) } }, optimizer: PlainDescent(),
        seed: seed)
      let loss = try svi.step()
      let z = svi.drawn("z")
      let terms = zip(z, Anchor.data).map { z, x in factor * normalLogDensity(x, z, 1) }
      expectClose([loss], [-terms.reduce(0, +)], within: .relative(1e-13))
      let loc = svi.parameters.values["loc"] ?? []
      expectClose(loc, zip(z, terms).map { $0 * $1 }, within: .relative(1e-12))
      let slope = zip(z, terms).map { z, term in (z * z - 1) * term }.reduce(0, +)
      expectClose(
        [log(svi.parameters.scalar("scale"))], [slope], within: .relative(1e-12, absolute: 1e-13))
    }
  }

  /// One of the two copies at a time, each for two: the mean over both is the gradient of the whole.
  @Test(arguments: [false, true]) func subsampled(_ usesScoreFunction: Bool) throws {
    func rows(_ body: @escaping (Tensor) -> Void) -> () -> Void {
      { plate("data", 2, subsampleSize: 1) { body($0) } }
    }
    let infer: InferConfig? = usesScoreFunction ? .scoreFunction : nil
    let result = try ObjectiveSample(
      TraceELBO(particles: 50),
      rows { rows in
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z, 1), observed: Tensor(Anchor.data).gathered(rows))
      },
      guide: {
        GradientMeter.declare(3)
        let scale = param("scale", Tensor([1.0], shape: []), constraint: .positive)
        rows { _ in
          _ = sample("z", Normal(param("loc", [0, 0], eventRank: 0), scale), infer: infer)
        }()
      }, steps: 2000)
    result.expect(
      .init(value: -4.9628770664, gradient: [-0.5, 2, -2]), ["loc", "scale"], "subsampled")
  }

  /// The estimator's own spread, from 6,000 steps of one particle. Relative to the exact variance,
  /// that of a loc's slope, a normal, is known to √(2 / n) = 0.018; that of the scale's, of kurtosis
  /// 8.7, to √(7.7 / n) = 0.036. Bounds of 5.5 and, for the skew, 6.5 such errors fail for one seed
  /// in a million; a standard deviation wrong by 10 % (loc) or 23 % (scale) is caught.
  @Test func standardDeviations() throws {
    var gradients: [[Double]] = []
    let count = 6000
    for seed in 0..<count {
      let svi = try SVI(
        Anchor.model, guide: Anchor.guide, optimizer: PlainDescent(), loss: TraceELBO(particles: 1),
        seed: seed)
      try svi.step()
      let loc = svi.parameters.values["loc"]!
      gradients.append([-loc[0], -loc[1], -log(svi.parameters.scalar("scale"))])
    }
    for (index, (mean, sd, bound)) in [(0.5, 2.0, 0.1), (-2, 2, 0.1), (2, 4.5, 0.234)].enumerated()
    {
      let variance = gradients.reduce(0) { $0 + pow($1[index] - mean, 2) } / Double(count)
      #expect((variance / (sd * sd) - 1).magnitude < bound, "\(index): \(variance)")
    }
  }

  /// Twice the log density everywhere is twice the loss and the gradient.
  @Test func scaledByTwo() throws {
    let plain = try Anchor.step(particles: 100)
    let double = try Anchor.step(
      { scaled(by: 2, Anchor.model) }, { scaled(by: 2) { Anchor.guide() } },
      particles: 100)
    expectClose([double.loss], [2 * plain.loss], within: .relative(1e-13))
    expectClose(double.gradient, plain.gradient.map { 2 * $0 }, within: .relative(1e-12))
  }

  /// With the exact posterior as guide every draw gives the log evidence: no variance at all.
  @Test(arguments: [1, 7]) func zeroVariance(_ particles: Int) throws {
    let svi = try SVI(
      Anchor.model,
      guide: {
        plate("data", 2) {
          _ = sample("z", Normal(Tensor(Anchor.data.map { $0 / 2 }), 0.5.squareRoot().tensor))
        }
      }, optimizer: Adam(0), loss: TraceELBO(particles: particles), seed: 1)
    let evidence = Anchor.data.reduce(0) { $0 + normalLogDensity($1, 0, 2.0.squareRoot()) }
    let losses = try (0..<50).map { _ in try svi.step() }
    expectClose(losses, losses.map { _ in -evidence }, within: .relative(1e-13))
    let fit = try svi.run(steps: 50, showsProgress: false)
    expectClose(fit.losses, fit.losses.map { _ in -evidence }, within: .relative(1e-13))
  }

  /// The same through a change of variables: a log-normal prior, an exact guide in log space.
  @Test func zeroVarianceOfConstrainedSites() throws {
    let svi = try SVI(
      {
        let rate = sample("rate", LogNormal(0.3, 0.8))
        sample("x", Normal(log(rate), 0.6), observed: 1.1)
      },
      guide: {
        // Precisions 1/0.64 and 1/0.36 add up; log rate is normal given x.
        let precision = 1 / 0.64 + 1 / 0.36
        let loc = (0.3 / 0.64 + 1.1 / 0.36) / precision
        sample("rate", LogNormal(Tensor([loc], shape: []), precision.squareRoot().inverse.tensor))
      }, optimizer: Adam(0), loss: TraceELBO(particles: 3))
    let evidence = normalLogDensity(1.1, 0.3, (0.64 + 0.36).squareRoot())
    for _ in 0..<20 { expectClose([try svi.step()], [-evidence], within: .relative(1e-13)) }
  }

  /// The log joint density of the eight schools at points given by SciPy.
  @Test func eightSchools() throws {
    for point in try ModelGoldens.load().eightSchools {
      let values = [
        "mu": Tensor([point.mu], shape: []), "tau": Tensor([point.tau], shape: []),
        "eta": Tensor(point.eta),
      ]
      let record = try trace {
        handle(EightSchools.nonCentered, with: Substitute(values: values))
      }
      expectClose(
        [record.logProbSum().scalar()], [point.logJoint], within: .relative(1e-13))
    }
  }

  @Test func eightSchoolsShapes() throws {
    let record = try seeded(key: RandomKey(1)) { try trace(EightSchools.nonCentered) }
    #expect(record.sites.map(\.name) == ["mu", "tau", "eta", "theta", "effect"])
    #expect(record.sites.map { $0.value?.shape } == [[], [], [8], [8], [8]])
    #expect(record["effect"]?.isObserved == true)
    #expect(record["eta"]?.plates == record["effect"]?.plates)
    #expect(record["eta"]?.distribution?.batchShape == [8])
    #expect(record["mu"]?.plates == [])
  }

  /// Particles are averaged: their losses are those of the draws the model saw, one by one.
  @Test func particlesAreAveraged() throws {
    let draws = Journal<Double>()
    let svi = try SVI(
      {
        let z = sample("z", Normal(0, 1))
        draws.append(z.scalar())
        sample("x", Normal(z, 1), observed: 1)
      },
      guide: {
        sample(
          "z", Normal(param("loc", Tensor([0.3], shape: [])), 0.7))
      }, optimizer: PlainDescent(rate: 0.1), loss: TraceELBO(particles: 5))
    for _ in 0..<10 {
      let loc = svi.parameters.scalar("loc")
      _ = draws.drain()
      let loss = try svi.step()
      let seen = draws.drain()
      #expect(seen.count == 5 && Set(seen).count == 5)
      let terms = seen.map { z in
        normalLogDensity(z, loc, 0.7) - normalLogDensity(z, 0, 1) - normalLogDensity(1, z, 1)
      }
      expectClose([loss], [terms.reduce(0, +) / 5], within: .relative(1e-12))
      // d loss / d loc = z + (z − 1) for a draw z = loc + 0.7 ε.
      let slope = seen.reduce(0) { $0 + 2 * $1 - 1 } / 5
      expectClose(
        [svi.parameters.scalar("loc")], [loc - 0.1 * slope], within: .relative(1e-12))
    }
  }

  /// Particles planned together are the same loss: TraceELBO(particles: a) model that reads a value, and so runs
  /// once per particle, has the same losses.
  @Test func particlesTogetherAndApart() throws {
    func fit(readsValues: Bool) throws -> ([Double], [String: [Double]]) {
      let svi = try SVI(
        {
          let z = sample("z", Normal(0, 1))
          let tau = sample("tau", HalfCauchy(2))
          if readsValues { _ = z.scalar() }
          plate("rows", 3) { _ = sample("x", Normal(z, tau), observed: Tensor([0.1, 1, -2])) }
        }, DiagonalNormalGuide(start: .at()), optimizer: Adam(0.05), loss: TraceELBO(particles: 6),
        seed: 8)
      let losses = try (0..<20).map { _ in try svi.step() }
      return (losses, svi.parameters.values)
    }
    let (together, apart) = (try fit(readsValues: false), try fit(readsValues: true))
    expectClose(together.0, apart.0, within: .relative(1e-11))
    for (name, values) in together.1 {
      expectClose(apart.1[name] ?? [], values, within: .relative(1e-9, absolute: 1e-9), name)
    }
  }
}

extension Double {
  fileprivate var inverse: Double { 1 / self }
  /// A scalar with a dtype, not a literal.
  fileprivate var tensor: Tensor { Tensor([self], shape: []) }
}
