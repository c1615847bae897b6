/// Multiplies log densities.
struct ScaleHandler: Handler {
  let factor: Double

  func process(_ site: inout Site) { site.scale *= factor }
}

/// Runs a model whose log densities are multiplied by a positive factor: Pyro's `scale`.
///
/// Factors within one another, and those of subsampled plates, multiply.
public func scaled<Result>(
  by factor: Double, _ model: () throws -> Result
) rethrows -> Result {
  precondition(
    factor > 0 && factor.isFinite, "scaled: the factor must be positive, got \(factor)")
  return try handle(model, with: ScaleHandler(factor: factor))
}
