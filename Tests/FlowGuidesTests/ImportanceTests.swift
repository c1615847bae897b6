import Foundation
import TestSupport
import Testing

@testable import FlowGuides

/// ∫ q = 1 for flows of four coordinates, where grids are too coarse: by importance sampling from
/// Student's t distribution with the mean and covariance of the flow's own draws, and heavier tails.
///
/// Among 20,000 points the weights are worth at least 400 independent draws, and their mean is within
/// 4.9 standard errors of 1, which fails for one seed in a million. The standard error is mostly below
/// 0.01, so that a density too large by a twentieth shows.
@Suite struct ImportanceTests {
  private static let cases = ArchitectureCase.all.filter { $0.dimension == nil }

  /// Each layer, at parameters with standard deviation 1, and its inverse. (One half for splines,
  /// integrals and sigmoidal units: slopes of 1/100 in several coordinates at once make spikes of
  /// density that no proposal finds.)
  @Test(arguments: cases) func layers(_ subject: ArchitectureCase) {
    let isSpiky = ["naf", "unaf", "nsf", "spline", "sigmoidal"].contains {
      subject.description.contains($0)
    }
    let spread = isSpiky ? 0.5 : 1
    for (index, layer) in subject.build(4).parts.enumerated() {
      Self.check(layer, spread, "layer \(index)")
      Self.check(layer.inv, spread, "layer \(index) inverted")
    }
  }

  /// The whole flow, at three tenths of that: layers on layers reach where no proposal follows.
  @Test(arguments: cases) func flows(_ subject: ArchitectureCase) {
    let flow = subject.build(4)
    Self.check(flow, 0.3, "")
    Self.check(flow.inv, 0.3, "inverted")
  }

  /// ∫ q(y) dy = ∫ q(f(z)) |det ∂f/∂z| dz is an integral of the base's density, if log determinants are
  /// those of automatic derivatives: at standard deviation 1, where densities are too spiky for
  /// proposals. (Sigmoidal units have slopes of 10⁻¹³ there, which nothing inverts.)
  @Test(arguments: cases) func substitution(_ subject: ArchitectureCase) {
    let spread = subject.description.hasPrefix("naf") ? 0.5 : 1
    let base = Normal(0, 1).expanded(to: [4]).toEvent(1)
    let z = RandomKey(1).normal([50, 4]).detached()
    for (index, layer) in subject.build(4).parts.flatMap({ [$0, $0.inv] }).enumerated() {
      handle(
        {
          let y = layer.forward(z)
          let rows = (0..<4).map {
            gradient(of: y.selecting($0, along: -1).sum(), withRespectTo: z)
          }
          let volume = slogdet(stack(rows, along: -2)).logAbs
          let density = TransformedDistribution(base, [layer]).logProb(y.detached())
          let tolerance = max(1e-7, 100 * subject.tolerance)
          expectClose(
            density + volume, base.logProb(z).array(), within: .relative(0, absolute: tolerance),
            "layer \(index)")
        }, with: RandomWeights(3, spread: spread, isScaled: true))
    }
  }

  private static func check(_ bijector: any Bijector, _ spread: Double, _ name: String) {
    let base = Normal(0, 1).expanded(to: [4]).toEvent(1)
    let flow = TransformedDistribution(base, [bijector])
    let weights = handle(
      {
        let draws = flow.sample([4000], key: RandomKey(1), dtype: .float64).detached()
        let proposal = proposal(draws)
        let points = proposal.sample([20_000], key: RandomKey(2), dtype: .float64).detached()
        return exp(flow.logProb(points) - proposal.logProb(points)).array()
      }, with: RandomWeights(3, spread: spread, isScaled: true))
    let count = Double(weights.count)
    let mean = weights.reduce(0, +) / count
    let meanSquare = weights.reduce(0) { $0 + $1 * $1 } / count
    let error = ((meanSquare - mean * mean) / count).squareRoot()
    let effective = count * mean * mean / meanSquare
    #expect(effective > 400, "\(name): \(mean) ± \(error), worth \(effective) draws")
    #expect((mean - 1).magnitude < 4.9 * error + 1e-12, "\(name): \(mean) ± \(error)")
  }

  private static func proposal(_ draws: Tensor) -> MultivariateStudentT {
    let mean = draws.mean(axis: 0)
    let centered = draws - mean
    let covariance = matmul(centered.transposed(), centered) / Double(draws.shape[0])
    return MultivariateStudentT(4, mean, scaleTril: cholesky(covariance))
  }
}
