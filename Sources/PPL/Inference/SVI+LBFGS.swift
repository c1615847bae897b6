public import Tensors

extension SVI {
  /// Fits the parameters by L-BFGS to fixed draws: the loss of the draws that the next step will have,
  /// over all rows of mini-batches, as a function of the parameters alone.
  ///
  /// Without noise there is no rate to tune, and the fit ends by itself. With point estimates, or
  /// without latent sites, the result is exact: the posterior's mode, or the maximum of the
  /// likelihood. With other guides it is the optimum for the draws at hand (Giordano, Ingram and
  /// Broderick 2024), which comes closer to the bound's with the number of particles; a guide of D
  /// sites with correlations needs more than D of them. The fit's optimizer has no part in it.
  ///
  ///     let mode = try SVI(model, DeltaGuide(), optimizer: Adam()).minimize(by: LBFGS())
  ///
  /// - Returns: the fit, with the loss after each iteration.
  /// - Throws: `MinimizationError` if the loss is not finite at the start, or if the objective's
  ///   gradient is not that of its loss; `CompileError.readsValue` if the model branches on values;
  ///   `ModelError` for draws that are not reparameterised, and plates with random subsets.
  @discardableResult
  public func minimize(by method: LBFGS = LBFGS()) throws -> SVIResult {
    guard objective.hasGradientOfLoss else {
      throw MinimizationError.noGradientOfLoss("\(type(of: objective))")
    }
    let minimum = try method.minimize(from: parameters.packed, fixedLoss)
    parameters.packed = minimum.parameters.detached()
    optimizerState = optimizer.initialState(parameters.packed).map { $0.detached() }
    var record = RunRecord(losses: minimum.path.map(\.value))
    for warning in try stepGraph().warnings(parameters) { record.warn(warning) }
    if !minimum.hasConverged { record.warn(.notConverged(iterations: minimum.iterations)) }
    return SVIResult(self, record)
  }

  /// The loss of the next step's draws at some parameters.
  private func fixedLoss(_ packed: Tensor) throws -> Tensor {
    let keys = keys(stepsTaken).map { Int($0) }
    let recorder = TraceRecorder()
    let key = Tensor.traced(RandomKey.host(0).tensor, recorder)
    let run = try particle(packed, RandomKey(tensor: key))
    if let read = recorder.descriptions.first { throw CompileError.readsValue(read) }
    try objective.validate(run)
    try run.requireReparameterized()
    try run.model.requireWholePlates()
    try run.guide.requireWholePlates()
    let terms = batch(try objective.terms(run).values, over: key, values: Tensor(keys))
    return objective.loss(keys.count > 1 ? terms : terms.map { $0.squeezing(at: 0) }).value
  }
}

/// Fits a guide by L-BFGS to fixed draws: `SVI.minimize(by:)` in one call.
///
///     let mode = try fit(model, DeltaGuide(), by: LBFGS())
///
/// - Parameter particles: the number of draws; one is enough for point estimates.
public func fit<Result>(
  _ model: @escaping () -> Result, _ guide: some Guide, by method: LBFGS, particles: Int = 32,
  dtype: DType = .float64, seed: Int = 0
) throws -> SVIResult {
  try SVI(
    model, guide, optimizer: SGD(0), loss: TraceELBO(particles: particles), dtype: dtype, seed: seed
  ).minimize(by: method)
}
