/// Multiplies log densities.
struct ScaleHandler: Handler {
  let factor: Double

  func process(_ site: inout Site) { site.scale *= factor }
}

/// Multiplies log densities by what is computed.
private struct TensorScaleHandler: Handler {
  let factor: Tensor

  func process(_ site: inout Site) {
    guard site.kind == .sample || site.kind == .factor else { return }
    site.tensorScales.append(factor)
  }
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

/// Runs a model whose log densities are multiplied by a number that may be another at each step, as
/// annealing wants: Pyro's `scale` with a tensor.
///
///     func annealed() {
///       let heat = mutable("heat", 0.1)
///       assign("heat", minimum(heat + 0.001, 1))
///       scaled(by: heat) { model() }
///     }
///
/// A guide of `annealed` sees a flat density first. For the annealed divergence of a variational
/// autoencoder, the latent site stands alone in `scaled(by:)`, in model and guide: there
/// `mutable("heat", 0.1)` is the same number.
///
/// The losses of such a run are not of one function: `fit` does not go back where they rise, and there is
/// no warning of it.
///
/// - Parameter factor: of rank 0; not negative.
@_disfavoredOverload
public func scaled<Result>(
  by factor: Tensor, _ model: () throws -> Result
) rethrows -> Result {
  precondition(
    factor.rank == 0 && factor.dtype.isFloat,
    "scaled: expected one number, got a tensor of shape \(factor.shape) and dtype \(factor.dtype)")
  return try handle(model, with: TensorScaleHandler(factor: factor))
}
