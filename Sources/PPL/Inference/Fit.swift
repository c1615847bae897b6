public import Tensors

/// Fits a guide with settings that need no tuning where it starts at a normal distribution.
///
/// Adam with a rate that falls from 0.01 to 0 along half a cosine and β₂ = 0.99, gradients of at most
/// five times their usual length, and 32 particles. Steps are in the units of the guide's start, so the
/// rate fits any model; a flow gains from more steps. Where the loss rises far above what it was, the fit
/// goes back to the parameters of its best stretch and on with other draws; `SVIResult.warnings` says
/// so.
///
///     let result = try fit(model)
///     print(try result.summary())
///
/// - Throws: `ModelError` if model and guide do not go together, or more than 100 steps in a row have
///   a loss or gradient that is not finite.
public func fit<Result>(
  _ model: @escaping () -> Result, _ guide: some Guide = MultivariateNormalGuide(),
  steps: Int = 3000, dtype: DType = .float64, seed: Int = 0, showsProgress: Bool = true
) throws -> SVIResult {
  let adam = Adam(.cosine(0.01, steps: max(steps, 1)), beta2: 0.99)
  let svi = try SVI(
    model, guide, optimizer: adam.clipped(relativeNorm: 5), loss: TraceELBO(particles: 32),
    dtype: dtype, seed: seed)
  var recovery = Recovery(from: svi.state)
  let review = Review(every: Recovery.interval) { svi, losses in
    let stretch = losses.suffix(Recovery.interval)
    return recovery.review(stretch, endedAt: svi.state).map { .goesBack(to: $0) } ?? .goesOn
  }
  return try svi.run(steps: steps, showsProgress: showsProgress, estimate: "ELBO", review: review)
}
