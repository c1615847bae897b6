import Foundation
import PPL
import TestSupport
import Testing

/// Divergences in closed form, and where they would be wrong.
@Suite struct TraceMeanFieldELBOTests {
  private static func svi(
    _ model: @escaping () -> Void, _ guide: @escaping () -> Void,
    _ objective: any Objective = TraceMeanFieldELBO(), seed: Int = 1
  ) throws -> SVI {
    try SVI(model, guide: guide, optimizer: PlainDescent(rate: 0), loss: objective, seed: seed)
  }

  /// Without data the loss is the divergence, on every draw: values from closed forms.
  @Test func divergencesAlone() throws {
    let pairs: [(q: any Distribution, p: any Distribution, Double)] = [
      (Normal(0, 1), Normal(1, 2), 0.4431471806), (Gamma(2, 3), Gamma(1.5, 2), 0.0321409254),
      (Beta(2, 3), Beta(1, 1), 0.2349066498), (Laplace(0, 1), Normal(0, 1), 0.2257913526),
      (Dirichlet([2, 3, 4]), Dirichlet([1, 1, 1]), 0.6194062153),
    ]
    func site(_ distribution: some Distribution) { sample("z", distribution) }
    for (q, p, divergence) in pairs {
      for seed in 0..<3 {
        let one = try Self.svi({ site(p) }, { site(q) }, seed: seed)
        expectClose([try one.step()], [divergence], within: .relative(0, absolute: 1e-10))
        // In a plate, scaled, subsampled: 2 · 6 of them.
        func rows(_ body: @escaping () -> Void) -> () -> Void {
          { scaled(by: 2) { plate("rows", 6, subsampleSize: 3) { _ in body() } } }
        }
        let many = try Self.svi(rows { site(p) }, rows { site(q) }, seed: seed)
        expectClose([try many.step()], [12 * divergence], within: .relative(0, absolute: 2e-9))
      }
    }
  }

  /// A mask on both sides leaves the other copies.
  @Test func maskedDivergence() throws {
    func rows(_ distribution: Normal) -> () -> Void {
      {
        masked(Tensor([true, false, true])) {
          plate("rows", 3) { _ = sample("z", distribution) }
        }
      }
    }
    let svi = try Self.svi(rows(Normal(1, 2)), rows(Normal(0, 1)))
    expectClose([try svi.step()], [2 * 0.4431471806], within: .relative(0, absolute: 1e-9))
  }

  /// Where it is not a divergence of two distributions that is wanted, the densities at the draw
  /// count, as in `TraceELBO`.
  @Test func densitiesInstead() throws {
    let mask = Tensor([true, false])
    let models: [(what: String, model: () -> Void, guide: () -> Void)] = [
      ("unknown pair", { sample("z", LogNormal(0, 1)) }, { sample("z", Gamma(2, 3)) }),
      (
        "scale of the model alone", { scaled(by: 3) { _ = sample("z", Normal(1, 2)) } },
        { sample("z", Normal(0, 1)) }
      ),
      (
        "mask of the model alone",
        { plate("rows", 2) { masked(mask) { _ = sample("z", Normal(1, 2)) } } },
        { plate("rows", 2) { _ = sample("z", Normal(0, 1)) } }
      ),
      (
        "factors",
        {
          factor("f", -0.5)
          sample("z", LogNormal(0, 1))
        },
        {
          factor("g", 0.25)
          sample("z", Gamma(2, 3))
        }
      ),
    ]
    for (what, model, guide) in models {
      for seed in 0..<5 {
        let analytic = try Self.svi(model, guide, seed: seed).step()
        let sampled = try Self.svi(model, guide, TraceELBO(), seed: seed).step()
        expectClose([analytic], [sampled], within: .relative(1e-13), what)
      }
    }
  }

  /// A guide that draws a chain from its end: the model's distribution of a link depends on what was
  /// drawn from it, and the divergence of the two would not be what the bound has. From 100,000
  /// draws of the exact posterior the mean is the evidence's; the sd is measured.
  @Test func reversedChain() throws {
    let chain = GaussianChain(3)
    let exact = chain.posterior
    let svi = try Self.svi(
      chain.model,
      {
        chain.guide(
          exact.locs.map(Tensor.init(scalar:)), exact.slopes.map(Tensor.init(scalar:)),
          exact.scales.map(Tensor.init(scalar:))
        ) { _ in nil }
      }, TraceMeanFieldELBO(particles: 50))
    let losses = try svi.run(steps: 2000, showsProgress: false).losses
    let mean = losses.reduce(0, +) / 2000
    let variance = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2000
    #expect(
      isPlausible(mean, -chain.logEvidence, sd: variance.squareRoot(), count: 2000), "\(mean)")
  }

  /// A guide over unconstrained values gives a positive site a `Delta` with the log determinant of
  /// its map. x ~ LogNormal(0, 1) without data: the standard normal over log x is exact, with the
  /// loss 0 on every draw; without the determinant N(−1, 1) would be.
  @Test func constrainedSites() throws {
    let model = { _ = sample("x", LogNormal(0, 1)) }
    let exact = try SVI(
      model, DiagonalNormalGuide(start: .at(scale: 1)), optimizer: Adam(0),
      loss: TraceMeanFieldELBO())
    for _ in 0..<20 {
      expectClose([try exact.step()], [0], within: .relative(0, absolute: 1e-14))
    }
    let fit = try SVI(
      model, DiagonalNormalGuide(), optimizer: Adam(.cosine(0.05, steps: 800)),
      loss: TraceMeanFieldELBO(particles: 8))
    try fit.run(steps: 800, showsProgress: false)
    #expect(fit.parameters.scalar("auto_loc").magnitude < 0.05)
    #expect((fit.parameters.scalar("auto_scale") - 1).magnitude < 0.05)
  }

  @Test(arguments: [false, true]) func needsReparameterizedDraws(_ isDiscrete: Bool) {
    #expect(throws: ModelError.notReparameterized("z")) {
      if isDiscrete {
        try Self.svi(
          { sample("z", Bernoulli(probs: 0.5)) }, { sample("z", Bernoulli(probs: 0.5)) })
      } else {
        try Self.svi(
          { sample("z", Normal(0, 1)) }, { sample("z", Normal(0, 1), infer: .scoreFunction) })
      }
    }
  }
}
