import FlowGuides
import Foundation
import Models
import TestSupport
import Testing

/// Real posteriors, badly scaled ones among them, fitted with default settings.
@Suite struct GaussianStartTests {
  /// Those that are nearly normal. Every mean is found to a tenth of a standard deviation, every
  /// standard deviation to a tenth: the reference has 10,000 draws, as good as independent.
  @Test(arguments: [
    "arK-arK", "earnings-logearn_interaction", "kidiq-kidscore_momhsiq",
    "kilpisjarvi_mod-kilpisjarvi", "low_dim_gauss_mix-low_dim_gauss_mix",
    "mesquite-logmesquite_logvash", "nes1980-nes", "sblrc-blr",
  ]) func nearlyNormal(_ name: String) throws {
    let posterior = try PosteriorDB.load(name, from: Golden.posteriordb)
    // A thousand data make the mixture slow; it needs no more steps than these.
    let isSlow = name.hasPrefix("low_dim")
    let fit = try fit(posterior.model, steps: isSlow ? 400 : 3000, showsProgress: false)
    guard case .gaussian = fit.start else {
      Issue.record("\(String(describing: fit.start))")
      return
    }
    let summary = try fit.summary(draws: 50_000)
    for row in posterior.reference.rows {
      let own = try #require(summary[row.name])
      let error = (own.mean - row.mean) / row.standardDeviation
      let ratio = own.standardDeviation / row.standardDeviation
      #expect(error.magnitude < 0.1, "\(row.name): \(error)")
      #expect((ratio - 1).magnitude < 0.1, "\(row.name): \(ratio)")
    }
  }

  /// Flows of several kinds start as the normal distribution they are given: with the same draws their
  /// bound is that of the normal guide.
  @Test(arguments: PosteriorDB.names) func flowsStartAtTheNormal(_ name: String) throws {
    let posterior = try PosteriorDB.load(name, from: Golden.posteriordb)
    func elbo(_ guide: some Guide) throws -> Double {
      try SVI(posterior.model, guide, optimizer: Adam(0)).run(steps: 0, showsProgress: false)
        .elbo(particles: 500).mean
    }
    let normal = try elbo(MultivariateNormalGuide())
    let flows: [FlowArchitecture] = [
      .iaf(), .iaf(form: .gated), .nsf(conditioning: .inverseMasked), .realNVP(), .planar(),
    ]
    for flow in flows {
      let own = try elbo(FlowGuide(flow: flow))
      #expect((own - normal).magnitude < 1e-9 * max(1, normal.magnitude), "\(own) \(normal)")
    }
  }
}
