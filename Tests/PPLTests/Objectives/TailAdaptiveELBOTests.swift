import Foundation
import PPL
import TestSupport
import Testing

/// The tail-adaptive divergence.
@Suite struct TailAdaptiveELBOTests {
  /// The gradient of the loss with respect to the particles' log weights: their shares.
  private static func shares(_ logWeights: [Double], beta: Double = -1) -> [Double] {
    let tensor = Tensor(logWeights, shape: [logWeights.count, 1])
    let scale = Tensor.ones([logWeights.count])
    let objective = TailAdaptiveELBO(particles: logWeights.count, beta: beta)
    let loss = objective.loss([tensor, scale])
    expectClose(
      [loss.value.scalar()], [-logWeights.reduce(0, +) / Double(logWeights.count)],
      within: .relative(1e-14))
    return gradient(of: -loss.surrogate, withRespectTo: tensor).array()
  }

  /// The largest weight, which one particle in three reaches, has the largest share.
  @Test func ranks() {
    let cases: [(weights: [Double], beta: Double, gamma: [Double])] = [
      ([3, 1, 2], -1, [3, 1, 1.5]), ([-700, 900, 0, 0], -1, [12, 48, 16, 16]),
      ([3, 1, 2], -0.5, [sqrt(3.0), 1, sqrt(1.5)]), ([3, 1, 2], 0, [1, 1, 1]),
    ]
    for (weights, beta, gamma) in cases {
      let total = gamma.reduce(0, +)
      expectClose(
        Self.shares(weights, beta: beta), gamma.map { $0 / total }, within: .relative(1e-14),
        "\(weights), \(beta)")
    }
    expectClose(
      Self.shares([3, 1, 2]), [0.545, 0.182, 0.273], within: .relative(0, absolute: 5e-4))
  }

  /// The gradient with respect to the guide is that through the draws: Σ γ (d log w / dz) dz/dφ.
  @Test func pathwiseGradient() throws {
    let draws = Journal<Double>()
    let svi = try SVI(
      {
        let z = sample("z", Normal(0, 1))
        draws.append(z.scalar())
        sample("x", Normal(z, 0.5), observed: 1)
      },
      guide: {
        let scale = param("scale", Tensor(scalar: 0.8), constraint: .positive)
        sample("z", Normal(param("loc", Tensor(scalar: 0.2)), scale))
      }, optimizer: PlainDescent(rate: 0.01), loss: TailAdaptiveELBO(particles: 6), seed: 4)
    for _ in 0..<5 {
      let (loc, scale) = (svi.parameters.scalar("loc"), svi.parameters.scalar("scale"))
      _ = draws.drain()
      let loss = try svi.step()
      let seen = draws.drain()
      let weights = seen.map { z in
        normalLogDensity(z, 0, 1) + normalLogDensity(1, z, 0.5) - normalLogDensity(z, loc, scale)
      }
      let gamma = weights.map { own in 6 / Double(weights.filter { $0 >= own }.count) }
      let slopes = seen.map { z in -z + (1 - z) / 0.25 + (z - loc) / (scale * scale) }
      let total = gamma.reduce(0, +)
      expectClose([loss], [-weights.reduce(0, +) / 6], within: .relative(1e-12))
      // z = loc + scale · noise, and scale is the exponential of what is optimised.
      let weighted = zip(gamma, slopes).map { $0 * $1 / total }
      let toScale = zip(weighted, seen).reduce(0) { $0 + $1.0 * ($1.1 - loc) }
      expectClose(
        [svi.parameters.scalar("loc") - loc, log(svi.parameters.scalar("scale") / scale)],
        [0.01 * weighted.reduce(0, +), 0.01 * toScale], within: .relative(1e-10, absolute: 1e-15))
    }
  }

  /// With the exact posterior all weights are equal, and no draw has a gradient.
  @Test func noGradientAtPosterior() throws {
    let svi = try SVI(
      {
        plate("rows", 3) {
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: [1, -2, 0.5])
        }
      },
      guide: {
        let scale = param("scale", Tensor(scalar: 0.5.squareRoot()), constraint: .positive)
        let loc = param("loc", [0.5, -1, 0.25])
        plate("rows", 3) { _ = sample("z", Normal(loc, scale)) }
      }, optimizer: PlainDescent(rate: 0.1), loss: TailAdaptiveELBO(particles: 4))
    let before = svi.parameters.packed.array()
    try svi.run(steps: 30, showsProgress: false)
    expectClose(
      svi.parameters.packed.array(), before, within: .relative(0, absolute: 1e-13))
  }

  @Test func needsReparameterizedDraws() {
    #expect(throws: ModelError.notReparameterized("z")) {
      try SVI(
        { _ = sample("z", Poisson(1)) }, guide: { _ = sample("z", Poisson(2)) }, optimizer: Adam(),
        loss: TailAdaptiveELBO())
    }
  }
}
