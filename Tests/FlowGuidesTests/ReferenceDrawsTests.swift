import Foundation
import Models
import TestSupport
import Testing

@testable import FlowGuides

/// A flow fitted to the posterior of posteriordb's "eight_schools_noncentered", against independent
/// draws from it, made by quadrature.
@Suite struct ReferenceDrawsTests {
  /// Exact draws: mu, tau and each eta, one row per draw.
  private static func reference() throws -> [(name: String, draws: Tensor)] {
    let path = Golden.folder.appending(path: "eight_schools_draws.safetensors").path
    let file = try SafeTensors(contentsOf: path)
    return try ["mu", "tau", "eta"].map {
      ($0, try #require(file[$0]).cast(to: .float64))
    }
  }

  struct Subject: CustomTestStringConvertible {
    let testDescription: String
    let flow: FlowArchitecture
    let start: GuideStart
    var estimator = TraceELBO.Estimator.total
    var steps = 3000
  }

  /// Splines act on a box around the start. From a standard normal one half of mu is beyond it, with
  /// 0.6 nat, and from the mode's a quarter.
  private static let fits: [Subject] =
    [
      Subject(
        testDescription: "IAF", flow: .iaf(layers: 2, hidden: [32, 32]), start: .at(scale: 1))
    ]
    + [GuideStart.at(scale: 1), .gaussian()].map { start in
      Subject(
        testDescription: "splines, \(start)",
        flow: .nsf(layers: 2, conditioning: .inverseMasked, bound: 8, hidden: [32, 32]),
        start: start, estimator: .stickingTheLanding, steps: 1500)
    }

  /// The log evidence lies between E_q log (p / q), over draws of the guide, and E_p log (p / q), over
  /// those of the posterior, to 4.9 standard errors, and both are within 0.05 nat of it: the guide has
  /// all of the posterior, and little else. Each marginal of the guide is that of the posterior: for
  /// equal distributions the distance of Kolmogorov and Smirnov between 20,000 draws and 5,000 is above
  /// 0.046 once in ten million, which a shift by an eighth of a standard deviation is.
  @Test(arguments: fits) func posterior(_ subject: Subject) throws {
    let guide = FlowGuide(flow: subject.flow, start: subject.start)
    let steps = subject.steps
    let fit = try SVI(
      EightSchools.nonCentered, guide, optimizer: Adam(.cosine(0.01, steps: steps), beta2: 0.99),
      loss: TraceELBO(particles: 32, estimator: subject.estimator), seed: 0
    ).run(steps: steps, showsProgress: false)
    let reference = try Self.reference()
    let (lower, lowerError) = try fit.elbo(particles: 10_000)
    let ratios = try Self.logRatios(reference, fit, guide)
    let (mean, deviation) = columnMoments(ratios.expandingDims(at: 1))
    let upper = mean.sum().scalar()
    let upperError = deviation.sum().scalar() / Double(ratios.count).squareRoot()
    let exact = EightSchools.logEvidence
    #expect(lower < exact + 4.9 * lowerError && lower > exact - 0.05, "\(lower) ± \(lowerError)")
    #expect(upper > exact - 4.9 * upperError && upper < exact + 0.05, "\(upper) ± \(upperError)")
    let own = try fit.samplePosterior(20_000)
    for (site, exact) in reference {
      let draws = try #require(own.first { $0.name == site }?.draws)
      for (a, b) in zip(Self.columns(draws), Self.columns(exact)) {
        let distance = Self.distance(a, b)
        #expect(distance < 0.046, "\(site): \(distance)")
      }
    }
  }

  /// log p(z, effects) − log q(z) at the draws.
  private static func logRatios(
    _ draws: [(name: String, draws: Tensor)], _ fit: SVIResult, _ guide: FlowGuide
  ) throws -> Tensor {
    let (mu, tau, eta) = (draws[0].draws, draws[1].draws, draws[2].draws)
    let theta = mu.expandingDims(at: 1) + tau.expandingDims(at: 1) * eta
    let joint =
      Normal(0, 5).logProb(mu) + HalfCauchy(5).logProb(tau) + Normal(0, 1).logProb(eta).sum(axis: 1)
      + Normal(theta, EightSchools.errors).logProb(EightSchools.effects).sum(axis: 1)
    // The guide's vector is unconstrained: mu, log tau, eta.
    let latent = concat([stack([mu, log(tau)], along: 1), eta], along: 1)
    let values = Substitute(
      values: Dictionary(
        uniqueKeysWithValues: fit.parameters.names.map { ($0, fit.parameters[$0] ?? Tensor(.nan)) })
    )
    let body = try guide.body(for: EightSchools.nonCentered, dtype: .float64)
    let density = try handle(
      {
        let record = try seeded(key: RandomKey(0)) { try trace(body) }
        return try #require(record["_auto_latent"]?.distribution).logProb(latent)
      }, with: values)
    return (joint + log(tau) - density).detached()
  }

  /// The draws of each number.
  private static func columns(_ draws: Tensor) -> [[Double]] {
    draws.rank == 1 ? [draws.array()] : draws.transposed().rows()
  }

  /// sup |F − G| of two samples.
  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    let (a, b) = (a.sorted(), b.sorted())
    var (i, j, largest) = (0, 0, 0.0)
    while i < a.count, j < b.count {
      if a[i] <= b[j] { i += 1 } else { j += 1 }
      largest = max(
        largest, (Double(i) / Double(a.count) - Double(j) / Double(b.count)).magnitude)
    }
    return largest
  }
}
