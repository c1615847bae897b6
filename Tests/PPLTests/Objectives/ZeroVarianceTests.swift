import Foundation
import PPL
import TestSupport
import Testing

/// With the exact posterior as guide p(x, z) / q(z) is the evidence whatever z is drawn: every
/// objective equals the log evidence on every draw. Five conjugate models.
@Suite struct ZeroVarianceTests {
  struct Conjugate: Sendable, CustomStringConvertible {
    let description: String
    let logEvidence: Double
    let model: @Sendable () -> Void
    let guide: @Sendable (InferConfig) -> Void
  }

  static let objectives: [any Objective] = [
    TraceELBO(), TraceELBO(particles: 4), TraceGraphELBO(), TraceGraphELBO(particles: 4),
    RenyiELBO(particles: 5), RenyiELBO(alpha: 0.5, particles: 1),
    RenyiELBO(alpha: 0.5, particles: 3), RenyiELBO(alpha: 2, particles: 3),
    RenyiELBO(alpha: -1, particles: 3), ReweightedWakeSleep(particles: 3),
  ]

  static let models: [Conjugate] = [
    normals, counts, waits, tosses, chain,
  ]

  @Test(arguments: models) func everyDraw(_ conjugate: Conjugate) throws {
    for infer in [InferConfig(), .scoreFunction, .baseline(.decayingAverage())] {
      let pathwise: [any Objective] =
        infer.usesScoreFunction ? [] : [TailAdaptiveELBO(particles: 4)]
      for objective in Self.objectives + pathwise {
        let svi = try SVI(
          conjugate.model, guide: { conjugate.guide(infer) }, optimizer: Adam(0), loss: objective,
          seed: 5)
        let losses = try svi.run(steps: 20, showsProgress: false).losses
        expectClose(
          losses, losses.map { _ in -conjugate.logEvidence }, within: .relative(1e-12),
          "\(conjugate), \(objective)")
      }
    }
  }

  /// The same in single precision, to its rounding, where parameters are literals.
  @Test(arguments: [counts, tosses]) func singlePrecision(_ conjugate: Conjugate) throws {
    for infer in [InferConfig(), .baseline(.decayingAverage())] {
      for objective in Self.objectives {
        let svi = try SVI(
          conjugate.model, guide: { conjugate.guide(infer) }, optimizer: Adam(0), loss: objective,
          dtype: .float32, seed: 5)
        let losses = try svi.run(steps: 5, showsProgress: false).losses
        expectClose(
          losses, losses.map { _ in -conjugate.logEvidence }, within: .relative(3e-6),
          "\(objective)")
      }
    }
  }

  /// Where no likelihood is left to be estimated, the divergences in closed form have no variance
  /// either.
  @Test func divergences() throws {
    let svi = try SVI(
      {
        let z = sample("z", Gamma(2, 3))
        sample("k", Poisson(z), observed: 4)
      }, guide: { _ = sample("z", Gamma(6, 4)) }, optimizer: Adam(0),
      loss: TraceMeanFieldELBO(particles: 200_000), seed: 1)
    // Γ(6) 3² / (4⁶ Γ(2) 4!); the only variance is that of k log z − z, of sd 1.0.
    let evidence = lgamma(6.0) + 2 * log(3.0) - 6 * log(4.0) - lgamma(5.0)
    let loss = try svi.step()
    #expect(isPlausible(loss, -evidence, sd: 1.1, count: 200_000), "\(loss) \(evidence)")
  }

  // MARK: Models

  /// Normal with a normal prior, in two dimensions, four rows of data.
  private static let normals: Conjugate = {
    let rows = [[-0.1, 0.3], [0, 0.4], [0.2, 0.5], [0.1, 0.7]]
    let priorLoc = [0, 0.5]
    let precisions = [6.0, 4]
    var evidence = 0.0
    var (loc, scale): ([Double], [Double]) = ([], [])
    for axis in 0..<2 {
      // One datum after the other: each is normal given those before.
      var (mean, precision) = (priorLoc[axis], 0.1)
      for row in rows {
        let sd = (1 / precision + 1 / precisions[axis]).squareRoot()
        evidence += normalLogDensity(row[axis], mean, sd)
        mean = (precision * mean + precisions[axis] * row[axis]) / (precision + precisions[axis])
        precision += precisions[axis]
      }
      loc.append(mean)
      scale.append(1 / precision.squareRoot())
    }
    let (posteriorLoc, posteriorScale) = (Tensor(loc), Tensor(scale))
    return Conjugate(
      description: "normals", logEvidence: evidence,
      model: {
        let z = sample("z", Normal(Tensor(priorLoc), 1 / 0.1.squareRoot()).toEvent(1))
        let scale = Tensor(precisions.map { 1 / $0.squareRoot() })
        plate("rows", 4) {
          _ = sample("x", Normal(z, scale).expanded(to: [4, 2]).toEvent(1), observed: Tensor(rows))
        }
      },
      guide: { infer in
        sample("z", Normal(posteriorLoc, posteriorScale).toEvent(1), infer: infer)
      })
  }()

  /// Poisson counts with a gamma prior.
  private static let counts = Conjugate(
    description: "counts", logEvidence: lgamma(7.0) - 7 * log(4.0) - log(12.0),
    model: {
      let rate = sample("rate", Gamma(1, 1))
      plate("rows", 3) { _ = sample("k", Poisson(rate), observed: [1, 2, 3]) }
    },
    guide: { infer in _ = sample("rate", Gamma(7, 4), infer: infer) })

  /// Exponential waits with a gamma prior, one by one.
  private static let waits = Conjugate(
    description: "waits", logEvidence: lgamma(3.0) - 3 * log(6.0),
    model: {
      let rate = sample("rate", Gamma(1, 1))
      for (index, wait) in [3.0, 2].enumerated() {
        sample("wait\(index)", Exponential(rate), observed: Tensor(scalar: wait))
      }
    },
    guide: { infer in _ = sample("rate", Gamma(3, 6), infer: infer) })

  /// Tosses with a beta prior.
  private static let tosses = Conjugate(
    description: "tosses", logEvidence: -log(20.0),
    model: {
      let p = sample("p", Beta(1, 1))
      plate("rows", 4) { _ = sample("x", Bernoulli(probs: p), observed: [0, 1, 1, 1]) }
    },
    guide: { infer in _ = sample("p", Beta(4, 2), infer: infer) })

  /// A chain of three normals with data at its end; the guide goes from there to the start.
  private static let chain = Conjugate(
    description: "chain", logEvidence: GaussianChain(3).logEvidence,
    model: { GaussianChain(3).model() },
    guide: { infer in
      let chain = GaussianChain(3)
      chain.guide(
        chain.posterior.locs.map(Tensor.init(scalar:)),
        chain.posterior.slopes.map(Tensor.init(scalar:)),
        chain.posterior.scales.map(Tensor.init(scalar:))
      ) { _ in infer }
    })
}
