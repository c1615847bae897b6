public import Tensors

/// The log densities of a model's data at draws from its posterior, datum by datum: NumPyro's
/// `log_likelihood`, and what `loo` and `waic` take.
///
/// Scales do not count; data that are masked have 0.
///
/// - Parameters:
///   - posterior: draws along the outermost axis of every latent site.
///   - parameters: the fitted parameters of the model, if it has such.
/// - Returns: for every observed site the log densities, of shape draws × batch.
/// - Throws: `PredictionError.noDraws` for a latent site without draws,
///   `ModelError.subsampledPlate` for a plate that computes with a random subset.
public func logLikelihood<Result>(
  _ model: @escaping () -> Result, posterior: [(name: String, draws: Tensor)],
  parameters: ParameterStore? = nil
) throws -> [(name: String, draws: Tensor)] {
  precondition(!posterior.isEmpty, "logLikelihood: the posterior has no sites")
  let drawn = DrawnModel(model: { _ = model() }, parameters: parameters)
  let count = posterior[0].draws.shape.first ?? 0
  let runs = ManyRuns(count, given: posterior, seed: 0, "logLikelihood")
  return try runs { key, values in
    let trace = try drawn.trace(values, key: key, dtype: runs.dtype)
    try trace.requireWholePlates()
    let sites = trace.sites(of: .sample)
    if let missing = sites.first(where: { !$0.isObserved && values[$0.name] == nil }) {
      throw PredictionError.noDraws(missing.name, found: posterior.map(\.name))
    }
    return sites.filter(\.isObserved).map { ($0.name, $0.spread($0.computedLogProb())) }
  }
}
