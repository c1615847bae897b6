import FlowGuides
import Models
import PPL
import TestSupport
import Testing

/// The centred eight schools are a funnel, whose gradients have no bound: flows for it are lost to
/// single draws where nobody looks after them. The log evidence is −31.3.
@Suite struct FunnelFitTests {
  private static func fitted(_ flow: FlowArchitecture) throws -> SVIResult {
    try fit(EightSchools.centered, FlowGuide(flow: flow), showsProgress: false)
  }

  /// The same steps, without a way back.
  private static func lost(_ flow: FlowArchitecture) throws -> SVIResult {
    try SVI(
      EightSchools.centered, FlowGuide(flow: flow),
      optimizer: Adam(.cosine(0.01, steps: 3000), beta2: 0.99), loss: TraceELBO(particles: 32)
    ).run(steps: 3000, showsProgress: false)
  }

  private static func returns(_ fit: SVIResult) -> Int? {
    guard fit.warnings.count == 1, case .returned(let times) = fit.warnings[0] else { return nil }
    return times
  }

  /// The loss rises without bound.
  @Test func risingLoss() throws {
    let flow = FlowArchitecture.iaf(layers: 2, hidden: [32, 32])
    #expect(try Self.lost(flow).elbo(particles: 4000).mean < -1000)
    let fit = try Self.fitted(flow)
    #expect(try #require(Self.returns(fit)) < 20)
    #expect(fit.losses.count == 3000)
    #expect(try fit.elbo(particles: 4000).mean > -34)
  }

  /// The loss ends to be a number.
  @Test func endingLoss() throws {
    #expect(throws: ModelError.self) { try Self.lost(.realNVP()) }
    let fit = try Self.fitted(.realNVP())
    #expect(try #require(Self.returns(fit)) < 20)
    #expect(try fit.elbo(particles: 4000).mean > -31.8)
  }
}
