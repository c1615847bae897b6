import Foundation
import TestSupport
import Testing

@testable import PPL

/// What a normal guide gets right of targets that are not normal (Margossian & Saul 2024): the means
/// under even symmetry, and the correlations too under elliptical symmetry.
@Suite struct EllipticalTargetTests {
  private static let loc: [Double] = [2, -1, 0.5]
  private static let scaleTril = Tensor([1, 0, 0, 1.2, 0.6, 0, -2, 1, 3], shape: [3, 3])

  private static func fitted(
    _ model: @escaping () -> Void, _ guide: any Guide, steps: Int = 1500
  ) throws -> SVIResult {
    try SVI(
      model, guide, optimizer: Adam(.cosine(0.03, steps: steps)),
      loss: TraceELBO(particles: 32), seed: 3
    ).run(steps: steps, showsProgress: false)
  }

  /// Student's t with 4 degrees of freedom: means to 0.03 scales, correlations to 0.02.
  @Test(arguments: [GuideStart.gaussian(), .at(scale: 0.5)])
  func student(_ start: GuideStart) throws {
    let fit = try Self.fitted(
      { _ = sample("z", MultivariateStudentT(4, Tensor(Self.loc), scaleTril: Self.scaleTril)) },
      MultivariateNormalGuide(start: start))
    let scale = matmul(Self.scaleTril, Self.scaleTril.transposed())
    let units = sqrt(scale.diagonal())
    expectClose(
      (try fit.median()[0].value - Tensor(Self.loc)) / units, [0, 0, 0],
      within: .relative(0, absolute: 0.03))
    let draws = try fit.samplePosterior(100_000)[0].draws
    let centred = draws - draws.mean(axis: 0)
    let covariance = matmul(centred.transposed(), centred) / 100_000
    let sd = sqrt(covariance.diagonal())
    // Correlations of 100,000 draws have a standard error of 0.003 at most.
    expectClose(
      covariance / outer(sd, sd), (scale / outer(units, units)).array(),
      within: .relative(0, absolute: 0.02))
  }

  /// A product of Laplace distributions, rotated: symmetric about its centre, not elliptical. All
  /// location-scale guides find the centre.
  @Test(arguments: [
    GuideCase("diagonal") { DiagonalNormalGuide(start: $0) },
    .init("site by site") { NormalGuide(start: $0) },
    .init("multivariate") { MultivariateNormalGuide(start: $0) },
  ]) func evenSymmetry(_ guide: GuideCase) throws {
    let map = LowerCholeskyAffine(loc: Tensor(Self.loc), scaleTril: Self.scaleTril)
    let base = Laplace(0, 1).expanded(to: [3]).toEvent(1)
    let fit = try Self.fitted(
      { _ = sample("z", TransformedDistribution(base, [map])) }, guide.make(.gaussian()))
    let units = sqrt(square(Self.scaleTril).sum(axis: -1))
    expectClose(
      (try fit.median()[0].value - Tensor(Self.loc)) / units, [0, 0, 0],
      within: .relative(0, absolute: 0.03))
  }

  /// The best product of normals for a normal target has the variances 1 / (precision)ᵢᵢ.
  @Test(arguments: [GuideStart.gaussian(), .at(scale: 0.5)])
  func meanFieldVariances(_ start: GuideStart) throws {
    let fit = try Self.fitted(
      { _ = sample("z", MultivariateNormal(Tensor(Self.loc), scaleTril: Self.scaleTril)) },
      DiagonalNormalGuide(start: start), steps: 5000)
    let quantiles = try fit.quantiles([0.5, 0.841344746068543])[0].values.rows()
    let precision = inverse(matmul(Self.scaleTril, Self.scaleTril.transposed()))
    let sd = 1 / sqrt(precision.diagonal())
    let fitted = zip(quantiles[1], quantiles[0]).map { $0 - $1 }
    expectClose(fitted, sd.array(), within: .relative(0.02))
    let errors = (Tensor(quantiles[0]) - Tensor(Self.loc)) / sd
    expectClose(errors, [0, 0, 0], within: .relative(0, absolute: 0.03))
  }
}
