import FlowGuides
import Foundation
import Models
import TestSupport
import Testing

@Suite struct ToyTargetTests {
  /// The evidences, by the trapezoidal rule.
  @Test(arguments: ToyTarget.all) func evidence(_ target: ToyTarget) throws {
    let (count, reach) = (801, 10.0)
    let line = Tensor.linspace(-reach, reach, count: count)
    let points = stack(
      [line.expandingDims(at: 1), line.expandingDims(at: 0)].map {
        $0.broadcast(to: [count, count])
      }, along: -1)
    let run = try trace { handle({ target.model() }, with: Substitute(values: ["z": points])) }
    let step = 2 * reach / Double(count - 1)
    let density = try #require(run["density"]?.value)
    let evidence = density.logSumExp().scalar() + 2 * log(step)
    #expect((evidence - target.logEvidence).magnitude < 1e-4, "\(evidence)")
  }

  /// A spline guide comes within 0.02 nat of the ring and never above it: |z| < 4.9.
  @Test func ring() throws {
    let target = ToyTarget.ring
    let flow = FlowArchitecture.nsf(
      layers: 3, conditioning: .inverseMasked, bins: 16, bound: 6, hidden: [32, 32])
    let fit = try SVI(
      target.model, FlowGuide(flow: flow, start: .at(scale: 1)),
      optimizer: Adam(.cosine(0.005, steps: 1500), beta2: 0.99),
      loss: TraceELBO(particles: 64, estimator: .stickingTheLanding), seed: 0
    ).run(steps: 1500, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: 20_000)
    #expect(target.logEvidence - elbo < 0.02, "\(target.logEvidence - elbo)")
    #expect(elbo < target.logEvidence + 4.9 * error, "\(elbo) ± \(error)")
  }
}
