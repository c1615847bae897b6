import Foundation
import PPL
import TestSupport
import Testing

/// A model drawn through a fitted guide has the same posterior, in other coordinates.
@Suite struct NeuTraReparamTests {
  /// z ~ N(0.3, 1.2²), s ~ LogNormal(0.2, 0.7), and the data 1.4 ~ N(z, 0.8): the posterior of z is
  /// normal, that of log s too, and the evidence N(1.4; 0.3, 1.2² + 0.8²).
  private static func conjugate() {
    let z = sample("z", Normal(0.3, 1.2))
    sample("s", LogNormal(0.2, 0.7))
    sample("x", Normal(z, 0.8), observed: 1.4)
  }
  private static let logEvidence = normalLogDensity(1.4, 0.3, (1.44 + 0.64).squareRoot())

  private static func fit(_ guide: some Guide, steps: Int) throws -> SVIResult {
    try SVI(conjugate, guide, optimizer: Adam(.cosine(0.05, steps: max(steps, 1))), seed: 3)
      .run(steps: steps, showsProgress: false)
  }

  /// log p(model at base) for some values of the base.
  private static func run(_ fit: SVIResult, _ base: [Double]) throws -> Trace {
    try seeded(key: RandomKey(1)) {
      try trace {
        substitute(["_auto_latent_base": Tensor(base)]) {
          NeuTraReparam(fit).reparam(conjugate)()
        }
      }
    }
  }

  private static let points: [[Double]] = [[0, 0], [1.3, -0.4], [-2.1, 1.7]]

  /// Through the exact posterior, which is Laplace's approximation here, the log density is that of
  /// standard normal numbers plus the log evidence.
  @Test func exactGuide() throws {
    let fit = try Self.fit(LaplaceGuide(), steps: 0)
    for point in Self.points {
      let base = point.reduce(0) { $0 + normalLogDensity($1, 0, 1) }
      expectClose(
        try Self.run(fit, point).logProbSum(), [base + Self.logEvidence],
        within: .relative(1e-7, absolute: 1e-7))
    }
  }

  /// Through any guide: what the values score, and the change of variables by finite differences of
  /// the values' logarithms.
  @Test(arguments: [0, 1]) func anyGuide(_ number: Int) throws {
    let fit =
      number == 0
      ? try Self.fit(DiagonalNormalGuide(), steps: 3)
      : try Self.fit(MultivariateNormalGuide(), steps: 5)
    func coordinates(_ base: [Double]) throws -> [Double] {
      let trace = try Self.run(fit, base)
      return [trace["z"]!.value!.scalar(), Foundation.log(trace["s"]!.value!.scalar())]
    }
    for point in Self.points {
      let trace = try Self.run(fit, point)
      let (z, logS) = (try coordinates(point)[0], try coordinates(point)[1])
      let h = 1e-5
      let columns = try (0..<2).map { axis in
        var (up, down) = (point, point)
        up[axis] += h
        down[axis] -= h
        return zip(try coordinates(up), try coordinates(down)).map { ($0 - $1) / (2 * h) }
      }
      let determinant = columns[0][0] * columns[1][1] - columns[0][1] * columns[1][0]
      let joint =
        normalLogDensity(z, 0.3, 1.2) + normalLogDensity(logS, 0.2, 0.7)
        + normalLogDensity(1.4, z, 0.8)
      expectClose(
        trace.logProbSum(), [joint + Foundation.log(abs(determinant))],
        within: .relative(1e-8, absolute: 1e-8))
    }
  }

  /// The sites keep their names and values; the base is the only latent site.
  @Test func sites() throws {
    let trace = try Self.run(try Self.fit(MultivariateNormalGuide(), steps: 2), [0.5, -0.5])
    let latent = trace.sites.filter { $0.kind == .sample && !$0.isObserved }
    #expect(latent.map(\.name) == ["_auto_latent_base"])
    #expect(trace["z"]?.kind == .deterministic && trace["s"]?.kind == .deterministic)
    #expect(trace["auto_loc"] == nil, "the guide's parameters are not the model's")
  }

  /// The model's parameters have their fitted values.
  @Test func parametersOfTheModel() throws {
    func model() {
      let z = sample("z", Normal(param("loc", 1), 1))
      sample("x", Normal(z, 0.5), observed: 4)
    }
    let fit = try SVI(model, DiagonalNormalGuide(), optimizer: Adam(0.1), seed: 3)
      .run(steps: 200, showsProgress: false)
    let loc = fit.parameters.scalar("loc")
    #expect(loc > 2)
    let record = try seeded(key: RandomKey(1)) { try trace(NeuTraReparam(fit).reparam(model)) }
    let z = record["z"]!.value!.scalar()
    expectClose(
      record["z_density"]!.computedLogProb(), [normalLogDensity(z, loc, 1)],
      within: .relative(1e-12))
  }

  /// A sampler through a guide that is far from the posterior finds the posterior all the same: mean
  /// and sd of z within 6 standard errors of 2000 draws' (a chance of 1e-6 at an effective sample
  /// size a quarter of that; a wrong Jacobian moves the mean by more than half an sd).
  @Test func sampled() throws {
    let fit = try Self.fit(DiagonalNormalGuide(), steps: 10)
    let result = try MCMC(
      NeuTraReparam(fit).reparam(Self.conjugate), kernel: NUTS(), warmup: 300, samples: 2000,
      chains: 1, seed: 5
    ).run(showsProgress: false)
    let z = try #require(result["z"]).array()
    let mean = z.reduce(0, +) / Double(z.count)
    let sd = (z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(z.count)).squareRoot()
    let precision = 1 / 1.44 + 1 / 0.64
    let exact = (0.3 / 1.44 + 1.4 / 0.64) / precision
    let error = (1 / precision).squareRoot() / (500.0).squareRoot()
    #expect(abs(mean - exact) < 5 * error)
    #expect(abs(sd - (1 / precision).squareRoot()) < 5 * error)
  }
}
