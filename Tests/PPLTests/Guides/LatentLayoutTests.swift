import Foundation
import PPL
import TestSupport
import Testing

/// The map from an unconstrained vector to the latent sites.
@Suite struct LatentLayoutTests {
  /// The values that a vector gives, and the sum of the sites' log densities.
  private static func place(
    _ layout: LatentLayout, _ latent: Tensor
  ) throws -> (values: Tensor, logDensity: Tensor) {
    let record = try seeded(key: RandomKey(1)) { try trace { layout.sampleSites(from: latent) } }
    return (concat(record.sites.map { $0.value!.flattened() }), record.logProbSum())
  }

  /// −log |det| of the map's Jacobian, which must be what the sites score.
  private static func expectJacobian(
    _ model: @escaping () -> Void, at point: [Double]
  ) throws {
    let layout = try LatentLayout(model, dtype: .float64)
    #expect(layout.dimension == point.count)
    let latent = Tensor(point)
    let (values, logDensity) = try place(layout, latent)
    let rows = (0..<values.count).map { gradient(of: values[$0], withRespectTo: [latent])[0] }
    let logDet = log(abs(determinant(stack(rows))))
    expectClose(logDensity, [-logDet.scalar()], within: .relative(1e-12))
  }

  @Test func fixedSupports() throws {
    try Self.expectJacobian(
      {
        sample("a", Normal(0, 1))
        sample("b", LogNormal(0, 1))
        plate("rows", 2) { _ = sample("c", Beta(2, 2)) }
        sample("d", Uniform(-1, 3))
      }, at: [0.3, -1.2, 0.7, 2.1, -0.4])
  }

  /// 0 < a < 1, 0 < b < 1 − a, and c above b: each support is that of the sites before.
  @Test func movingSupports() throws {
    func model() {
      let a = sample("a", Uniform(0, 1))
      let b = sample("b", ImproperUniform(.interval(0, 1 - a)))
      sample("c", ImproperUniform(.greaterThan(b)))
    }
    for point in [[0.3, -1.2, 0.5], [-2.0, 1.5, -1], [3, 3, 3]] {
      try Self.expectJacobian(model, at: point)
      let layout = try LatentLayout(model, dtype: .float64)
      let values = try Self.place(layout, Tensor(point)).values.array()
      #expect(values[0] > 0 && values[0] < 1)
      #expect(values[1] > 0 && values[1] < 1 - values[0])
      #expect(values[2] > values[1])
    }
  }

  /// A uniform distribution over the triangle a + b < 1 has evidence 1/2 under a flat density of 1:
  /// a guide that fits it finds log(1/2).
  @Test func fitsMovingSupports() throws {
    let fit = try SVI(
      {
        let a = sample("a", ImproperUniform(.unitInterval))
        sample("b", ImproperUniform(.interval(0, 1 - a)))
      }, MultivariateNormalGuide(), optimizer: Adam(.cosine(0.05, steps: 1000)),
      loss: TraceELBO(particles: 16)
    ).run(steps: 1000, showsProgress: false)
    let elbo = try fit.elbo(particles: 20_000)
    #expect(elbo.mean < Foundation.log(0.5) + 5 * elbo.error)
    #expect(elbo.mean > Foundation.log(0.5) - 0.1)
  }

  /// Parameters of the model move its supports, too.
  @Test func supportsOfParameters() throws {
    let layout = try LatentLayout(
      { _ = sample("a", ImproperUniform(.greaterThan(param("floor", 1)))) }, dtype: .float64)
    let record = try substitute(["floor": 5]) {
      try seeded(key: RandomKey(1)) { try trace { layout.sampleSites(from: Tensor([0.0])) } }
    }
    expectClose(record["a"]!.value!, [6])
  }
}
