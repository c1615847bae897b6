import PPL
import TestSupport
import Testing

/// Losses and gradients that are not finite.
@Suite struct NonFiniteTests {
  /// The loss is not finite wherever the draw exceeds a bound.
  private static func fragile(
    above bound: Double, _ bad: Double, particles: Int = 1
  ) throws -> SVI {
    try SVI(
      {
        let z = sample("z", Normal(0, 1))
        factor("cliff", `where`(z .> Tensor(bound), Tensor(bad), 0))
      },
      guide: {
        let loc = param("loc", Tensor([0.3], shape: []))
        sample("z", Normal(loc, param("scale", Tensor([0.9], shape: []), constraint: .positive)))
      }, optimizer: Adam(0.05), loss: TraceELBO(particles: particles), seed: 3)
  }

  /// A bad step moves nothing; the next good one goes on.
  @Test(arguments: [Double.nan, .infinity, -.infinity]) func skips(_ bad: Double) throws {
    let svi = try Self.fragile(above: 0.5, bad)
    var outcomes: Set<Bool> = []
    for _ in 0..<60 {
      let before = svi.parameters.values.bits
      let loss = try svi.step()
      outcomes.insert(loss.isFinite)
      #expect((svi.parameters.values.bits == before) == !loss.isFinite, "\(loss)")
    }
    #expect(outcomes == [true, false])
  }

  /// One bad particle spoils the step.
  @Test func skipsForOneParticle() throws {
    let svi = try Self.fragile(above: 1.4, .nan, particles: 4)
    var outcomes: Set<Bool> = []
    for _ in 0..<40 {
      let before = svi.parameters.values.bits
      let loss = try svi.step()
      outcomes.insert(loss.isFinite)
      #expect((svi.parameters.values.bits == before) == !loss.isFinite)
    }
    #expect(outcomes == [true, false])
  }

  /// step and run skip the same steps and end alike; losses keep the bad ones.
  @Test(arguments: [1, 3]) func runSkips(_ particles: Int) throws {
    let stepped = try Self.fragile(above: 0.5, .nan, particles: particles)
    let ran = try Self.fragile(above: 0.5, .nan, particles: particles)
    let losses = try (0..<80).map { _ in try stepped.step() }
    let other = try ran.run(steps: 80, showsProgress: false).losses
    #expect(losses.map(\.bits) == other.map(\.bits))
    #expect(losses.contains { $0.isNaN } && losses.contains { !$0.isNaN })
    #expect(stepped.parameters.values.bits == ran.parameters.values.bits)
  }

  /// The loss is finite and its gradient is not: √θ at 0.
  @Test func gradients() throws {
    let svi = try SVI(
      {
        _ = sample("z", Normal(0, 1))
        factor("edge", -sqrt(param("theta", Tensor([0.0, 1]))).sum())
      }, DiagonalNormalGuide(), optimizer: Adam(0.1))
    let before = svi.parameters.values.bits
    #expect(try svi.step().isFinite)
    #expect(svi.parameters.values.bits == before)
    #expect(throws: ModelError.self) { try svi.run(steps: 500, showsProgress: false) }
    #expect(svi.parameters.values.bits == before)
  }

  // MARK: The limit

  /// Never finite: an observation far outside of a likelihood that has no scale.
  private static func hopeless() throws -> SVI {
    try SVI(
      {
        let z = sample("z", Normal(0, 1))
        sample("fine", Normal(z, 1), observed: 1)
        sample("broken", Normal(z, sqrt(-1 - square(z))), observed: 1)
      }, DiagonalNormalGuide(), optimizer: Adam(0.1))
  }

  private static func expectNotFinite(
    _ error: ModelError?, steps: Range<Int>, site: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard case .notFinite(let step, let name) = error else {
      Issue.record("\(String(describing: error))", sourceLocation: sourceLocation)
      return
    }
    #expect(name == site && steps.contains(step), sourceLocation: sourceLocation)
    #expect("\(error!)".contains("\"\(site)\""), sourceLocation: sourceLocation)
  }

  /// After a hundred bad steps in a row the first bad site is named, and parameters remain.
  @Test func limitOfRun() throws {
    let svi = try Self.hopeless()
    let before = svi.parameters.values.bits
    let error = #expect(throws: ModelError.self) {
      try svi.run(steps: 1000, showsProgress: false)
    }
    Self.expectNotFinite(error, steps: 99..<102, site: "broken")
    #expect(svi.parameters.values.bits == before)
  }

  @Test func limitOfSteps() throws {
    let svi = try Self.hopeless()
    let before = svi.parameters.values.bits
    var taken = 0
    let error = #expect(throws: ModelError.self) {
      while taken < 1000 {
        try svi.step()
        taken += 1
      }
    }
    #expect((99..<102).contains(taken))
    Self.expectNotFinite(error, steps: 99..<102, site: "broken")
    #expect(svi.parameters.values.bits == before)
  }

  /// Only steps in a row count.
  @Test func limitCountsInARow() throws {
    // A third of the steps is bad, whatever the parameters.
    let noise = { sample("noise", Normal(0, 1)) }
    let svi = try SVI(
      {
        sample("z", Normal(0, 1))
        factor("cliff", `where`(noise() .> 0.4, Tensor(.nan), 0))
      },
      guide: {
        sample("z", Normal(param("loc", Tensor([0.3], shape: [])), 1))
        _ = noise()
      }, optimizer: Adam(0.05))
    let losses = try svi.run(steps: 1000, showsProgress: false).losses
    #expect((250..<450).contains(losses.filter(\.isNaN).count))
    for _ in 0..<500 { try svi.step() }
  }

  /// A factor is a site like others.
  @Test func badFactor() throws {
    let svi = try SVI(
      {
        _ = sample("z", Normal(0, 1))
        factor("broken", Tensor([Double.nan], shape: []))
      }, DiagonalNormalGuide(), optimizer: Adam(0.1))
    let error = #expect(throws: ModelError.self) {
      try svi.run(steps: 1000, showsProgress: false)
    }
    Self.expectNotFinite(error, steps: 99..<102, site: "broken")
  }

  /// A skipped step is none for the optimizer either: Adam's first real step has its full size.
  @Test func skippedStepsDoNotCount() throws {
    let runs = Journal<Int>()
    let svi = try SVI(
      {
        _ = sample("z", Normal(0, 1))
        runs.append(1)
        factor("start", Tensor([runs.all.count <= 4 ? .nan : 0.0], shape: []))
      },
      guide: {
        sample("z", Normal(param("loc", Tensor([1.0], shape: [])), Tensor([1e-7], shape: [])))
      }, optimizer: Adam(0.1))
    for _ in 0..<3 { #expect(try !svi.step().isFinite) }
    #expect(try svi.step().isFinite)
    expectClose([svi.parameters.scalar("loc")], [0.9], within: .relative(1e-5))
  }

  /// The parameters that remain are those of the last good step, not the first.
  @Test func lastGoodParameters() throws {
    func make() throws -> SVI {
      try SVI(
        {
          let z = sample("z", Normal(5, 1))
          // Finite until the guide has come near.
          factor(
            "trap", `where`(param("loc", Tensor([0.0], shape: [])) .> 0.5, Tensor(.nan), 0) * z)
        },
        guide: {
          let loc = param("loc", Tensor([0.0], shape: []))
          sample("z", Normal(loc, 0.1))
        }, optimizer: PlainDescent(rate: 0.02), seed: 1)
    }
    let (stepped, ran) = (try make(), try make())
    var last = stepped.parameters.values.bits
    #expect(throws: ModelError.self) {
      for _ in 0..<500 {
        if try stepped.step().isFinite { last = stepped.parameters.values.bits }
      }
    }
    #expect(throws: ModelError.self) { try ran.run(steps: 500, showsProgress: false) }
    #expect(stepped.parameters.values.bits == last && ran.parameters.values.bits == last)
    #expect(stepped.parameters.scalar("loc") > 0.5)
  }
}
