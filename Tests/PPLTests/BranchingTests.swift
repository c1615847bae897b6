import Foundation
import PPL
import TestSupport
import Testing

/// Models whose Swift code depends on values they have drawn.
@Suite struct BranchingTests {
  /// The other branch has another likelihood, so a frozen one gives wrong losses.
  private struct Branching: Sendable {
    let draws = Journal<Double>()
    static let observed = 0.7

    func model() {
      let z = sample("z", Normal(0, 1))
      let value = z.scalar()
      draws.append(value)
      if value > 0 {
        sample("x", Normal(z, 1), observed: 0.7)
      } else {
        sample("x", Normal(-2 * z, 0.5), observed: 0.7)
      }
    }

    func guide() {
      let loc = param("loc", Tensor([0.1], shape: []))
      let scale = param("scale", Tensor([0.8], shape: []), constraint: .positive)
      sample("z", Normal(loc, scale))
    }

    func fit(particles: Int = 1) throws -> SVI {
      try SVI(
        model, guide: guide, optimizer: PlainDescent(rate: 0.02),
        loss: TraceELBO(particles: particles), seed: 6)
    }
  }

  /// Loss and gradient of a draw, by hand.
  private static func exact(_ z: Double, _ loc: Double, _ scale: Double) -> (Double, [Double]) {
    let (mean, slope, sd) = z > 0 ? (z, 1.0, 1.0) : (-2 * z, -2.0, 0.5)
    let loss =
      normalLogDensity(z, loc, scale) - normalLogDensity(z, 0, 1)
      - normalLogDensity(Branching.observed, mean, sd)
    let force = z - slope * (Branching.observed - mean) / (sd * sd)
    return (loss, [force, force * (z - loc) - 1])
  }

  /// Every step sees the branch of its own draw, in loss and gradient.
  @Test(arguments: [1, 4]) func steps(_ particles: Int) throws {
    let subject = Branching()
    let svi = try subject.fit(particles: particles)
    var (loc, logScale) = (0.1, log(0.8))
    var branches = [0, 0]
    for step in 0..<60 {
      _ = subject.draws.drain()
      let loss = try svi.step()
      let draws = subject.draws.drain()
      #expect(draws.count == particles)
      let terms = draws.map { Self.exact($0, loc, exp(logScale)) }
      expectClose(
        [loss], [terms.reduce(0) { $0 + $1.0 } / Double(particles)], within: .relative(1e-10),
        "step \(step)")
      loc -= 0.02 * terms.reduce(0) { $0 + $1.1[0] } / Double(particles)
      logScale -= 0.02 * terms.reduce(0) { $0 + $1.1[1] } / Double(particles)
      for z in draws { branches[z > 0 ? 0 : 1] += 1 }
      expectClose(
        [svi.parameters.scalar("loc"), svi.parameters.scalar("scale")], [loc, exp(logScale)],
        within: .relative(1e-9, absolute: 1e-10), "step \(step)")
    }
    #expect(branches.allSatisfy { $0 > 5 }, "\(branches)")
  }

  /// A run of such a model is its steps.
  @Test(arguments: [1, 4]) func run(_ particles: Int) throws {
    let (stepped, ran) = (
      try Branching().fit(particles: particles), try Branching().fit(particles: particles)
    )
    let losses = try (0..<60).map { _ in try stepped.step() }
    #expect(try ran.run(steps: 60, showsProgress: false).losses == losses)
    #expect(stepped.parameters.values.bits == ran.parameters.values.bits)
  }

  /// A branch on a parameter must not freeze at its first value either.
  @Test func branchOnParameter() throws {
    func make() throws -> SVI {
      try SVI(
        { _ = sample("z", Normal(3, 1)) },
        guide: {
          let loc = param("loc", Tensor([-0.5], shape: []))
          let scale = loc.scalar() < 0 ? 1.0 : 0.25
          sample("z", Normal(loc, Tensor([scale], shape: [])))
        }, optimizer: Adam(0.1), seed: 2)
    }
    let (stepped, ran) = (try make(), try make())
    let losses = try (0..<40).map { _ in try stepped.step() }
    #expect(try ran.run(steps: 40, showsProgress: false).losses == losses)
    #expect(stepped.parameters.values.bits == ran.parameters.values.bits)
    #expect(stepped.parameters.scalar("loc") > 0.5)
    // With the small scale the loss has hardly any spread left: the second branch was taken.
    let late = losses.suffix(5).map { ($0 - 0.5 * pow(3 - stepped.parameters.scalar("loc"), 2)) }
    #expect(late.allSatisfy { $0 > 0.4 })
  }

  /// Sites, and the guide's parameters for them, that exist in one branch only.
  private static func optionalSite(
    _ journal: Journal<[Double]> = Journal(), seed: Int = 9
  ) throws -> SVI {
    try SVI(
      {
        let z = sample("z", Normal(0, 1))
        let isLarge = z.scalar() > 0
        let w = isLarge ? sample("w", Normal(z, 0.5)) : z
        journal.append(isLarge ? [z.scalar(), w.scalar()] : [z.scalar()])
        sample("x", Normal(w, 1), observed: 1.2)
      },
      guide: {
        let z = sample("z", Normal(param("loc", Tensor([0.2], shape: [])), 0.9))
        if z.scalar() > 0 {
          sample("w", Normal(param("wloc", Tensor([0.4], shape: [])), 0.6))
        }
      }, optimizer: PlainDescent(rate: 0.01), seed: seed)
  }

  /// The loss counts the optional site just where it exists.
  @Test func optionalSites() throws {
    let journal = Journal<[Double]>()
    let svi = try Self.optionalSite(journal)
    var lengths: Set<Int> = []
    for step in 0..<40 {
      let loc = svi.parameters.scalar("loc")
      let wloc = svi.parameters["wloc"]?.scalar() ?? 0.4
      _ = journal.drain()
      let loss = try svi.step()
      let draws = journal.drain()[0]
      lengths.insert(draws.count)
      var expected = normalLogDensity(draws[0], loc, 0.9) - normalLogDensity(draws[0], 0, 1)
      if draws.count == 2 {
        expected +=
          normalLogDensity(draws[1], wloc, 0.6) - normalLogDensity(draws[1], draws[0], 0.5)
      }
      expected -= normalLogDensity(1.2, draws[draws.count - 1], 1)
      expectClose([loss], [expected], within: .relative(1e-10), "step \(step)")
    }
    #expect(lengths == [1, 2])
  }

  /// A parameter is fitted from when it is first met, be it in a later step than the first.
  @Test func lateParameters() throws {
    for seed in 0..<6 {
      let svi = try Self.optionalSite(seed: seed)
      for _ in 0..<30 { try svi.step() }
      let isMet = svi.parameters["wloc"] != nil
      #expect(isMet, "seed \(seed)")
      #expect(svi.parameters.scalar("wloc") != 0.4)
    }
  }

  /// A parameter that comes late joins with a fresh state and leaves the others' path alone, in
  /// step and in run.
  @Test func lateParametersJoin() throws {
    func make(always: Bool) throws -> SVI {
      try SVI(
        { _ = sample("z", Normal(3, 1)) },
        guide: {
          let loc = param("loc", Tensor([-0.5], shape: []))
          let isLate = loc.scalar() > 0
          if always || isLate {
            let extra = param("extra", Tensor([0.3, 0.4]))
            if isLate { factor("pull", square(extra - 2).sum()) }
          }
          sample("z", Normal(loc, 0.5))
        }, optimizer: Adam(0.1), seed: 2)
    }
    let (late, ran, early) = (
      try make(always: false), try make(always: false), try make(always: true)
    )
    #expect(late.parameters.names == ["loc"])
    for _ in 0..<40 {
      try late.step()
      try early.step()
      expectClose(
        [late.parameters.scalar("loc")], [early.parameters.scalar("loc")], within: .relative(1e-12))
    }
    try ran.run(steps: 40, showsProgress: false)
    #expect(late.parameters.names == ["loc", "extra"])
    #expect(late.parameters.values.bits == ran.parameters.values.bits)
    let extra = try #require(late.parameters.values["extra"])
    #expect(extra.allSatisfy { $0 > 1 && $0 < 3 }, "\(extra)")
  }

  /// A site that the guide lacks is an error also where it first appears in a later step.
  @Test func lateMismatch() throws {
    let svi = try SVI(
      {
        let z = sample("z", Normal(-1, 1))
        if z.scalar() > 0 { _ = sample("w", Normal(z, 0.5)) }
      }, guide: { sample("z", Normal(param("loc", Tensor([-1.0], shape: [])), 0.9)) },
      optimizer: PlainDescent(rate: 0.01), seed: 9)
    #expect(throws: ModelError.self) { for _ in 0..<100 { try svi.step() } }
  }

  /// After the fit each draw is a run of the code, with the branch of its own value.
  @Test func posterior() throws {
    let subject = Branching()
    let fit = try subject.fit().run(steps: 3, showsProgress: false)
    _ = subject.draws.drain()
    let draws = try fit.samplePosterior(50)
    #expect(draws.map(\.name) == ["z"] && draws[0].draws.shape == [50])
    #expect(draws[0].draws.array() == Array(subject.draws.drain().suffix(50)))
    let (mean, error) = try fit.elbo(particles: 40)
    let (loc, scale) = (fit.parameters.scalar("loc"), fit.parameters.scalar("scale"))
    let terms = subject.draws.drain().suffix(40).map { -Self.exact($0, loc, scale).0 }
    let exact = terms.reduce(0, +) / 40
    let squares = terms.reduce(0) { $0 + ($1 - exact) * ($1 - exact) }
    expectClose([mean, error], [exact, sqrt(squares / 39 / 40)], within: .relative(1e-10))
  }

  /// A site that only some runs have has no column of draws.
  @Test func posteriorOfOptionalSites() throws {
    let fit = try Self.optionalSite().run(steps: 3, showsProgress: false)
    #expect(throws: PredictionError.varyingSite("w")) { try fit.samplePosterior(50) }
    let elbo = try fit.elbo(particles: 50)
    #expect(elbo.mean.isFinite && elbo.error > 0)
  }

  /// A fit stays what it was when its SVI goes on, be it with parameters that came later.
  @Test func earlierFits() throws {
    let svi = try Self.optionalSite(seed: 2)
    var fits: [(fit: SVIResult, draws: [Double], names: [String])] = []
    for steps in [1, 5, 30] {
      let fit = try svi.run(steps: steps, showsProgress: false)
      let z = fit.parameters.scalar("loc")
      fits.append((fit, [z, try fit.elbo(particles: 20).mean], fit.parameters.names))
    }
    #expect(fits[0].names == ["loc"] && fits[2].names == ["loc", "wloc"])
    for (fit, draws, names) in fits {
      #expect(fit.parameters.names == names)
      #expect([fit.parameters.scalar("loc"), try fit.elbo(particles: 20).mean] == draws)
    }
    #expect(Set(fits.map { $0.draws[0] }).count == 3)
  }

  /// Reading data or constants is no branch: the step is planned as ever.
  @Test func readingData() throws {
    let data = Tensor([1.0, 2, 3])
    let count = Journal<Int>()
    let svi = try SVI(
      {
        count.append(1)
        let z = sample("z", Normal(0, 1))
        let spread = data.max().scalar()
        sample("x", Normal(z, Tensor([spread], shape: [])), observed: 0.5)
      }, DiagonalNormalGuide(), optimizer: Adam(0.1))
    _ = count.drain()
    try svi.run(steps: 100, showsProgress: false)
    #expect(count.all.count < 10)
  }
}
