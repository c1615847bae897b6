import Foundation
import PPL
import TestSupport
import Testing

/// Reweighted wake-sleep: single steps against their formula. Its expectations are among the
/// gradients of all objectives.
@Suite struct ReweightedWakeSleepTests {
  /// Model and guide each follow their own log density, with the same normalised weights.
  @Test func oneStep() throws {
    let draws = Journal<Double>()
    let svi = try SVI(
      {
        let z = sample("z", Normal(param("prior", Tensor(scalar: -0.3)), 1))
        draws.append(z.scalar())
        sample("x", Normal(z, 0.5), observed: 1)
      },
      guide: {
        let scale = param("scale", Tensor(scalar: 0.8), constraint: .positive)
        sample("z", Normal(param("loc", Tensor(scalar: 0.2)), scale))
      }, optimizer: PlainDescent(rate: 0.01), loss: ReweightedWakeSleep(particles: 5), seed: 4)
    for _ in 0..<5 {
      let (loc, scale) = (svi.parameters.scalar("loc"), svi.parameters.scalar("scale"))
      let prior = svi.parameters.scalar("prior")
      _ = draws.drain()
      let loss = try svi.step()
      let seen = draws.drain()
      let weights = seen.map { z in
        exp(
          normalLogDensity(z, prior, 1) + normalLogDensity(1, z, 0.5)
            - normalLogDensity(z, loc, scale))
      }
      let total = weights.reduce(0, +)
      expectClose([loss], [-log(total / 5)], within: .relative(1e-12, absolute: 1e-13))
      func mean(_ slope: (Double) -> Double) -> Double {
        zip(weights, seen).reduce(0) { $0 + $1.0 * slope($1.1) } / total
      }
      let expected = [
        mean { ($0 - loc) / (scale * scale) },
        mean { pow(($0 - loc) / scale, 2) - 1 }, mean { $0 - prior },
      ]
      let moved = [
        svi.parameters.scalar("loc") - loc, log(svi.parameters.scalar("scale") / scale),
        svi.parameters.scalar("prior") - prior,
      ]
      expectClose(moved, expected.map { 0.01 * $0 }, within: .relative(1e-10, absolute: 1e-15))
    }
  }

  /// A guide over unconstrained values, whose sites are functions of one draw.
  @Test func guideOverUnconstrainedValues() throws {
    let svi = try SVI(
      {
        let rate = sample("rate", LogNormal(0.3, 0.8))
        sample("x", Normal(log(rate), 0.6), observed: 1.1)
      }, DiagonalNormalGuide(start: .at()), optimizer: Adam(.cosine(0.05, steps: 1500)),
      loss: ReweightedWakeSleep(particles: 8), seed: 1)
    try svi.run(steps: 1500, showsProgress: false)
    let precision = 1 / 0.64 + 1 / 0.36
    let loc = (0.3 / 0.64 + 1.1 / 0.36) / precision
    #expect((svi.parameters.scalar("auto_loc") - loc).magnitude < 0.05)
    let ratio = svi.parameters.scalar("auto_scale") * precision.squareRoot()
    #expect(log(ratio).magnitude < 0.1, "\(ratio)")
  }
}
