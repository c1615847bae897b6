import FlowGuides
import Foundation
import Models
import TestSupport
import Testing

/// Targets that a normal cannot follow and a flow can. Without observations the posterior is the
/// prior and the log evidence 0: the negative ELBO is the divergence from the target.
@Suite struct FlowFitTests {
  struct Target: Sendable, CustomStringConvertible {
    let description: String
    /// The divergence of the best independent normals, at least.
    let gap: Double
    let model: @Sendable () -> Void
  }

  static let targets = [
    Target(description: "banana", gap: 0.3) {
      let x = sample("x", Normal(0, 1))
      sample("y", Normal(0.8 * square(x), 0.5))
    },
    Target(description: "funnel", gap: 0.1) {
      let v = sample("v", Normal(0, 1.5))
      sample("x", Normal(0, exp(v / 2)))
    },
  ]

  private static func divergence(
    _ target: Target, _ guide: some Guide, steps: Int = 4000
  ) throws -> (mean: Double, error: Double) {
    let fit = try SVI(
      target.model, guide, optimizer: Adam(.cosine(0.01, steps: steps)),
      loss: TraceELBO(particles: 16), seed: 1
    ).run(steps: steps, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: 20_000)
    return (-elbo, error)
  }

  /// The flow ends within 0.05 nat of the target; independent normals stay far away. No guide may
  /// seem better than the target itself: |z| < 4.9 fails for one seed in a million, and a log
  /// determinant wrong by 0.02 nat would show.
  @Test(arguments: targets) func improvesOnNormals(_ target: Target) throws {
    let diagonal = try Self.divergence(target, DiagonalNormalGuide())
    let flow = try Self.divergence(
      target, FlowGuide(flow: .iaf(layers: 2, hidden: [16, 16])))
    #expect(diagonal.mean > target.gap, "\(diagonal)")
    #expect(flow.mean < 0.05, "\(flow)")
    #expect(flow.mean < diagonal.mean - 0.5 * target.gap)
    for (mean, error) in [diagonal, flow] { #expect(mean > -4.9 * error) }
    #expect(flow.error < 0.004)
  }

  private static let optimizers = [
    OptimizerCase("forgets", Adam(0.01, beta2: 0.99)),
    OptimizerCase("clipped", Adam(0.01).clipped(relativeNorm: 5)),
  ]

  private struct OptimizerCase: CustomTestStringConvertible {
    let testDescription: String
    let optimizer: any Optimizer

    init(_ name: String, _ optimizer: any Optimizer) {
      (testDescription, self.optimizer) = (name, optimizer)
    }
  }

  /// A rate that stays large does not lose the fit where Adam forgets large gradients soon, or does not
  /// see them. (With its usual β₂ six of forty such fits ended more than a nat off.)
  @Test(arguments: optimizers, 0..<6)
  private func constantRate(_ subject: OptimizerCase, _ seed: Int) throws {
    let fit = try SVI(
      EightSchools.nonCentered, FlowGuide(flow: .iaf(layers: 2, hidden: [32, 32])),
      optimizer: subject.optimizer, loss: TraceELBO(particles: 8), seed: seed
    ).run(steps: 10_000, showsProgress: false)
    let late = fit.losses.suffix(500).reduce(0, +) / 500
    #expect(late > 31.2 && late < 31.8, "\(late)")
    #expect(fit.losses.dropFirst(100).allSatisfy { $0 < 1000 })
  }

  /// The eight schools: evidence and means by quadrature.
  @Test(arguments: [AffineForm.logScale, .gated, .softClamped, .tanhClamped])
  func eightSchools(_ form: AffineForm) throws {
    let fit = try SVI(
      EightSchools.nonCentered, FlowGuide(flow: .iaf(layers: 2, hidden: [32, 32], form: form)),
      optimizer: Adam(.cosine(0.01, steps: 6000)), loss: TraceELBO(particles: 8), seed: 0
    ).run(steps: 6000, showsProgress: false)
    let (elbo, error) = try fit.elbo()
    let evidence = -31.3113683
    #expect(elbo < evidence + 4.9 * error)
    let summary = try fit.summary()
    let (mu, tau) = (try #require(summary["mu"]), try #require(summary["tau"]))
    #expect(elbo > evidence - 0.15, "\(elbo) ± \(error)")
    #expect((mu.mean - 4.39682).magnitude < 0.1 * mu.standardDeviation, "\(mu.mean)")
    #expect((tau.mean - 3.59774).magnitude < 0.1 * tau.standardDeviation, "\(tau.mean)")
  }
}
