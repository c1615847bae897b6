import Foundation
import PPL
import TestSupport
import Testing

/// Values carried from step to step.
@Suite struct MutableTests {
  /// A running mean of the draws, which the loss reads.
  private static func make(
    particles: Int = 1, _ model: @escaping () -> Void = {}
  ) throws -> SVI {
    try SVI(
      {
        model()
        let z = sample("z", Normal(0, 1))
        let mean = mutable("mean", 0.5)
        assign("mean", 0.9 * mean + 0.1 * z)
        factor("seen", mean)
      },
      guide: { _ = sample("z", Normal(param("loc", 3), 0.01)) },
      optimizer: PlainDescent(rate: 0), loss: TraceELBO(particles: particles), seed: 2)
  }

  /// One step sets what the next one reads; draws lie at 3 ± 0.01.
  @Test(arguments: [1, 5]) func carries(_ particles: Int) throws {
    let svi = try Self.make(particles: particles)
    #expect(svi.parameters.mutable("mean")?.scalar() == 0.5)
    var expected = 0.5
    for _ in 0..<5 {
      try svi.step()
      expected = 0.9 * expected + 0.3
      let mean = try #require(svi.parameters.mutable("mean")?.scalar())
      #expect((mean - expected).magnitude < 0.02, "\(mean) \(expected)")
    }
  }

  @Test(arguments: [1, 3]) func stepAndRunAgree(_ particles: Int) throws {
    let (stepped, ran) = (try Self.make(particles: particles), try Self.make(particles: particles))
    let losses = try (0..<7).map { _ in try stepped.step() }
    let fit = try ran.run(steps: 7, showsProgress: false)
    #expect(losses.map(\.bits) == fit.losses.map(\.bits))
    #expect(
      stepped.parameters.mutable("mean")!.scalar().bits
        == ran.parameters.mutable("mean")!.scalar().bits)
  }

  /// Also where the model reads values, and every particle is run for itself.
  @Test func readingModel() throws {
    let quiet = try Self.make(particles: 3)
    let reading = try Self.make(particles: 3) { _ = mutable("mean", 0.5).scalar() }
    for _ in 0..<4 {
      try quiet.step()
      try reading.step()
    }
    expectClose(
      [reading.parameters.mutable("mean")!.scalar()],
      [quiet.parameters.mutable("mean")!.scalar()], within: .relative(1e-14))
  }

  /// It is no parameter: no gradient moves it, and the fit's draws see its last value.
  @Test func inPosterior() throws {
    let svi = try Self.make()
    #expect(svi.parameters.names == ["loc"])
    let fit = try svi.run(steps: 3, showsProgress: false)
    let elbo = try fit.elbo(particles: 2000)
    // E_q[log p(z) − log q(z)] at N(3, 0.01²), plus the running mean.
    let known = -4.5 - 0.5 * 1e-4 + Foundation.log(0.01) + 0.5
    let mean = svi.parameters.mutable("mean")!.scalar()
    #expect((elbo.mean - known - mean).magnitude < 6 * elbo.error)
  }

  /// A step that is not taken leaves it as it was.
  @Test func skippedSteps() throws {
    let svi = try SVI(
      {
        let z = sample("z", Normal(0, 1))
        let count = mutable("count", 0)
        assign("count", count + 1)
        factor("bad", `where`(count .> 1.5, Tensor(floatLiteral: .nan), z))
      },
      guide: { _ = sample("z", Normal(param("loc", 0), 1)) }, optimizer: Adam(0.1))
    for _ in 0..<6 { try svi.step() }
    #expect(svi.parameters.mutable("count")?.scalar() == 2)
    try svi.run(steps: 3, showsProgress: false)
    #expect(svi.parameters.mutable("count")?.scalar() == 2)
  }
}
