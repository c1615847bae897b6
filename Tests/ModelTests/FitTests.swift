import Models
import PPL
import Testing

/// Every model goes with a guide that is made for it.
@Suite struct FitTests {
  private static let models: [(name: String, model: @Sendable () -> Void)] = [
    ("linear regression", LinearRegression.mesquite.model),
    ("Poisson regression", PoissonRegression.belgium.model),
    ("eight schools", EightSchools.nonCentered),
    ("eight schools, centred", EightSchools.centered),
    ("baseball, no pooling", Baseball.noPooling),
    ("baseball, full pooling", Baseball.fullPooling),
    ("baseball, partial pooling", Baseball.partialPooling),
    ("baseball, partial pooling of logits", Baseball.partialPoolingOfLogits),
    ("autoregression", AutoRegression.lynx.model),
    ("GARCH", GARCH(returns: [0.4, -1.2, 3.1, 0.2, -2.4, 0.9, 0.1, -0.3], firstScale: 0.9).model),
    (
      "Gaussian process regression",
      GaussianProcessRegression(inputs: [-3, -1, 0, 0.5, 2], outputs: [1.2, 0.1, -0.4, 0, 2.2])
        .model
    ),
  ]

  /// The bound rises, by more than the spread of its estimates, and no step is lost.
  @Test(arguments: models.indices, [DType.float64, .float32])
  func improves(_ index: Int, _ dtype: DType) throws {
    let (name, model) = Self.models[index]
    let svi = try SVI(
      model, MultivariateNormalGuide(start: .at()), optimizer: Adam(0.05),
      loss: TraceELBO(particles: 8),
      dtype: dtype, seed: 1)
    let before = try svi.run(steps: 0).elbo(particles: 1000)
    let fit = try svi.run(steps: 300, showsProgress: false)
    let after = try fit.elbo(particles: 1000)
    #expect(fit.losses.count { !$0.isFinite } == 0, "\(name)")
    #expect(after.mean - 5 * after.error > before.mean + 5 * before.error, "\(name)")
    let draws = try fit.samplePosterior(3).map(\.draws.dtype)
    #expect(Set(draws) == [dtype], "\(name)")
  }

  /// α₁ + β₁ < 1 in every draw, though each has a support of its own.
  @Test func garchIsStationary() throws {
    let model = GARCH(returns: [0.4, -1.2, 3.1, 0.2, -2.4, 0.9], firstScale: 0.9).model
    let fit = try SVI(model, DiagonalNormalGuide(start: .at(scale: 2)), optimizer: Adam(0.01))
      .run(steps: 1, showsProgress: false)
    let draws = Dictionary(uniqueKeysWithValues: try fit.samplePosterior(1000))
    let (alpha1, beta1) = try (#require(draws["alpha1"]), #require(draws["beta1"]))
    let sum = alpha1 + beta1
    #expect((sum .< 1).all().boolArray()[0])
    #expect(sum.max().scalar() > 0.99 && sum.min().scalar() < 0.1)
  }
}
