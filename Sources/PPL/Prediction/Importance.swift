import Tensors

/// Importance sampling: draws from a proposal, weighted by p(x, z) / q(z): Pyro's `Importance`.
public struct Importance {
  private let model: DrawnModel
  private let guide: (() -> Void)?
  private let draws: Int
  private let seed: Int

  /// Proposes from the prior.
  ///
  /// - Parameter parameters: the fitted parameters of the model, if it has such.
  public init<Result>(
    _ model: @escaping () -> Result, draws: Int = 10_000, parameters: ParameterStore? = nil,
    seed: Int = 0
  ) {
    self.model = DrawnModel(model: { _ = model() }, parameters: parameters)
    guide = nil
    self.draws = draws
    self.seed = seed
  }

  /// Proposes from a guide that draws every latent site of the model.
  ///
  /// - Parameter parameters: the fitted parameters of model and guide, if they have such.
  public init<Result, Drawn>(
    _ model: @escaping () -> Result, guide: @escaping () -> Drawn, draws: Int = 10_000,
    parameters: ParameterStore? = nil, seed: Int = 0
  ) {
    self.model = DrawnModel(model: { _ = model() }, parameters: parameters)
    self.guide = { _ = guide() }
    self.draws = draws
    self.seed = seed
  }

  /// - Throws: `ModelError` if model and guide do not go together, or a plate computes with a random
  ///   subset; `PredictionError` for weights that are not finite.
  public func run() throws -> WeightedDraws {
    try WeightedDraws(draws, seed: seed) { key in
      try model.withParameters(key: key, dtype: .float64) {
        guard let guide else { return try priorRun() }
        let run = try ParticleTrace(model.model, guide)
        try run.requireMatch()
        return WeightedRun(run, logJoint: run.model.logProbSum())
      }
    }
  }

  /// The model, with its own latent sites for a guide.
  private func priorRun() throws -> WeightedRun {
    let trace = try PPL.trace(model.model)
    var guide = Trace()
    for var site in trace.sites where site.isLatent {
      // The draw's own density, whatever it counts for in the model.
      site.scale = 1
      site.tensorScales = []
      try guide.add(Trace.Record(site))
    }
    return WeightedRun(
      ParticleTrace(guide: guide, model: trace), logJoint: trace.logProbSum())
  }
}

extension SVIResult {
  /// Draws from the fitted guide, weighted so that they stand for the posterior. Their k̂ tells how
  /// far the fit can be trusted, of all sites together and of each.
  ///
  /// Sites that the objective sums out are drawn from their exact posterior.
  ///
  /// - Throws: `ModelError.subsampledPlate` for a plate that computes with a random subset;
  ///   `PredictionError` for weights that are not finite.
  public func importance(draws: Int = 10_000, seed: Int = 3) throws -> WeightedDraws {
    let packed = parameters.packed.detached()
    return try WeightedDraws(draws, seed: seed, of: svi.key) { key in
      var logJoint: Tensor?
      let run = try svi.particle(packed, key, of: parameters) { model, guide in
        let run = try svi.objective.posteriorRun(model, guide)
        if run.model.sites.contains(where: { $0.isLatent && run.guide[$0.name] == nil }) {
          logJoint = try DiscretePosterior { replay(model, run.guide) }.logEvidence
        }
        return run
      }
      return WeightedRun(run, logJoint: logJoint ?? run.model.logProbSum())
    }
  }
}

/// One draw of a proposal and its densities.
private struct WeightedRun {
  let run: ParticleTrace
  let logJoint: Tensor

  init(_ run: ParticleTrace, logJoint: Tensor) {
    self.run = run
    self.logJoint = logJoint
  }
}

extension WeightedDraws {
  fileprivate init(
    _ count: Int, seed: Int, of fit: Int64? = nil, _ propose: (RandomKey) throws -> WeightedRun
  ) throws {
    let runs = ManyRuns(count, seed: seed, of: fit, "importance")
    let results = try runs { key, _ in
      let proposed = try propose(key)
      let trace = proposed.run.model
      try trace.requireWholePlates()
      try proposed.run.guide.requireWholePlates()
      let sites = trace.sites.filter { $0.isLatent || $0.kind == .deterministic }
      let densities = [
        (name: "log p", value: proposed.logJoint),
        (name: "log q", value: proposed.run.guide.logProbSum()),
      ]
      return densities + sites.compactMap { site in site.value.map { (site.name, $0) } }
    }
    try self.init(
      Array(results.dropFirst(2)), modelLogProb: results[0].draws.array(),
      guideLogProb: results[1].draws.array())
  }
}
