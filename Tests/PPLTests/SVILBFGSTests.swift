import Foundation
import PPL
import TestSupport
import Testing

/// Fits without noise: the loss of fixed draws minimised by L-BFGS.
@Suite struct SVILBFGSTests {
  private static let tosses = Tensor([1.0, 1, 1, 1, 1, 1, 0, 0, 0, 0])

  private static func coin() {
    let p = sample("p", Beta(10, 10))
    plate("tosses", 10) { _ = sample("x", Bernoulli(probs: p), observed: tosses) }
  }

  /// The mode of Beta(16, 14), with the negative log joint density there.
  @Test(arguments: [DType.float64, .float32]) func mode(_ dtype: DType) throws {
    let fit = try fit(Self.coin, DeltaGuide(start: .at()), by: LBFGS(), particles: 1, dtype: dtype)
    let tolerance = dtype == .float32 ? 1e-4 : 1e-8
    let p = try fit.median()[0].value.scalar()
    #expect((p - 15.0 / 28).magnitude < tolerance)
    #expect((fit.losses.last! - 5.6004023943).magnitude < max(tolerance, 1e-9))
    #expect(fit.losses.count < 30 && fit.losses[0] > fit.losses.last!)
  }

  /// Without latent sites, and with mini-batches that count as a whole: the greatest likelihood.
  @Test func maximumLikelihood() throws {
    let rows = Batches([Self.tosses], size: 3)
    let svi = try SVI(
      {
        let p = param("p", 0.5, constraint: .unitInterval)
        plate("tosses", rows) { sample("x", Bernoulli(probs: p), observed: $0[0]) }
      }, guide: {}, optimizer: Adam(0.1).averaged(from: 0))
    try svi.run(steps: 3, showsProgress: false)
    let fit = try svi.minimize()
    #expect((fit.parameters.scalar("p") - 0.6).magnitude < 1e-9)
    #expect((fit.losses.last! - 6.7301166701).magnitude < 1e-9)
    // The optimizer begins anew there.
    try svi.run(steps: 1, showsProgress: false)
    #expect((svi.parameters.scalar("p") - 0.6).magnitude < 0.1)
  }

  /// A mixture's weight with the components summed out: the mean of the responsibilities.
  @Test func summedOut() throws {
    let data = [0.3, -1.2, 2.4, 1.9, 0.8, 2.2]
    let svi = try SVI(
      {
        let weight = param("weight", 0.5, constraint: .unitInterval)
        plate("rows", 6) {
          let z = sample("z", Bernoulli(probs: weight), infer: .enumerate())
          sample("x", Normal(2 * z, 0.7), observed: Tensor(data))
        }
      }, guide: {}, optimizer: Adam(), loss: TraceEnumELBO())
    let weight = try svi.minimize().parameters.scalar("weight")
    let shares = data.map { x in
      let (one, zero) = (normalLogDensity(x, 2, 0.7), normalLogDensity(x, 0, 0.7))
      return weight / (weight + (1 - weight) * exp(zero - one))
    }
    #expect((shares.reduce(0, +) / 6 - weight).magnitude < 1e-8)
  }

  /// A conjugate pair with 4,000 draws. The posterior is N(μ, 1/λ), and the draws' optimum as far
  /// from it as they are from their law: by 5 standard errors at most for one seed in a million.
  @Test func fixedDraws() throws {
    func make() throws -> SVI {
      try SVI(
        {
          let z = sample("z", Normal(0.3, 1.2))
          sample("x", Normal(z, 0.8), observed: 1.4)
        },
        guide: { sample("z", Normal(param("loc", -2), param("scale", 3, constraint: .positive))) },
        optimizer: Adam(), loss: TraceELBO(particles: 4000), seed: 6)
    }
    let svi = try make()
    let before = try svi.evaluateLoss()
    let fit = try svi.minimize()
    expectClose([fit.losses[0]], [before], within: .relative(1e-12))
    expectClose([try svi.evaluateLoss()], [fit.losses.last!], within: .relative(1e-12))
    let precision = 1 / 1.44 + 1 / 0.64
    let mean = (0.3 / 1.44 + 1.4 / 0.64) / precision
    let (loc, scale) = (svi.parameters.scalar("loc"), svi.parameters.scalar("scale"))
    let sd = precision.squareRoot()
    #expect(((loc - mean) * sd).magnitude < 5 / 4000.0.squareRoot())
    #expect(log(scale * sd).magnitude < 5 / 8000.0.squareRoot())
    // An optimum of these draws exactly, and of a second call at once.
    for offset in [[1e-3, 0], [-1e-3, 0], [0, 1e-3], [0, -1e-3]] {
      let other = try make()
      other.parameters.packed = svi.parameters.packed + Tensor(offset)
      #expect(try other.evaluateLoss() > fit.losses.last!)
    }
    #expect(try svi.minimize().losses.count == 1)
  }

  @Test func refuses() throws {
    func model() { _ = sample("z", Normal(0, 1)) }
    func guide() { _ = sample("z", Normal(param("loc", 1), 1)) }
    func error(
      _ loss: any Objective = TraceELBO(), _ model: @escaping () -> Void = model,
      _ guide: @escaping () -> Void = guide
    ) throws -> (any Error)? {
      let svi = try SVI(model, guide: guide, optimizer: Adam(), loss: loss)
      let before = svi.parameters.values.bits
      defer { #expect(svi.parameters.values.bits == before) }
      do { try svi.minimize() } catch { return error }
      return nil
    }
    for loss: any Objective in [ReweightedWakeSleep(), TailAdaptiveELBO()] {
      let found = try error(loss)
      #expect(
        found as? MinimizationError == .noGradientOfLoss("\(type(of: loss))"), "\(found as Any)")
    }
    let discrete = try error(
      TraceELBO(), { _ = sample("b", Bernoulli(probs: 0.3)) },
      { _ = sample("b", Bernoulli(probs: param("p", 0.4))) })
    #expect(discrete as? ModelError == .notReparameterized("b"))
    let subset = try error(
      TraceELBO(),
      {
        model()
        plate("rows", 9, subsampleSize: 3) { _ in _ = sample("x", Normal(0, 1), observed: 1) }
      })
    #expect(subset as? ModelError == .subsampledPlate("rows"))
    let branch = try error(
      TraceELBO(), { if sample("z", Normal(0, 1)).scalar() > 0 { factor("f", 1) } })
    #expect(branch is CompileError, "\(branch as Any)")
    let infinite = try error(
      TraceELBO(),
      {
        model()
        sample("x", Exponential(1), observed: -1)
      })
    #expect(infinite as? MinimizationError == .notFiniteAtStart(value: .infinity))
    #expect("\(MinimizationError.noGradientOfLoss("X"))".contains("X"))
  }
}
