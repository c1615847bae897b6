/// A fit: the parameters found, and what can be asked of the posterior they stand for.
public struct SVIResult {
  /// The loss (negative ELBO estimate) of every step.
  public let losses: [Double]
  /// The fitted parameters.
  public let parameters: ParameterStore
  /// Whether the run ended early, by Ctrl-C.
  public let wasInterrupted: Bool
  /// What is probably not meant in model, guide or fit; empty for most.
  public let warnings: [FitWarning]
  let svi: SVI

  /// How the guide's start was found; nil for a guide that has no choice.
  public var start: StartReport? { svi.prepared.start }

  init(_ svi: SVI, _ record: RunRecord) {
    self.svi = svi
    losses = record.losses
    wasInterrupted = record.wasInterrupted
    warnings = record.warnings
    parameters = svi.fittedParameters
  }

  /// Draws from the fitted guide: every latent and deterministic site, with a new outermost axis.
  ///
  /// All draws are computed at once; a model that branches on values it has drawn is run for each.
  /// Sites in a plate that takes a random subset of its copies are left out: each draw would be of
  /// other copies. A plate over `Batches` has all of them here.
  ///
  /// - Parameter seed: of these draws; fits of other seeds have others for the same one.
  /// - Throws: `PredictionError.varyingSite` for a site that only some runs have.
  public func samplePosterior(_ count: Int, seed: Int = 1) throws -> [(name: String, draws: Tensor)]
  {
    try runs(count, seed, svi.objective.posteriorRun) { particle in
      let subsets = Set(particle.model.sites(of: .plate).map(\.name))
      let wanted = particle.model.sites.filter { site in
        (site.isLatent || site.kind == .deterministic)
          && !site.plates.contains { subsets.contains($0.name) }
      }
      return wanted.compactMap { site in site.value.map { (site.name, $0) } }
    }
  }

  /// Quantiles of every latent and deterministic site under the fitted guide, along a new outermost
  /// axis.
  ///
  /// Exact for the numbers of latent sites that are increasing functions of a normal variable, as in
  /// all normal guides: the normal's quantile is mapped to the site. Otherwise those of draws.
  public func quantiles(
    _ probabilities: [Double], draws: Int = 10_000, seed: Int = 1
  ) throws -> [(name: String, values: Tensor)] {
    precondition(
      !probabilities.isEmpty && probabilities.allSatisfy { $0 > 0 && $0 < 1 },
      "quantiles: expected probabilities between 0 and 1, got \(probabilities)")
    let exact = try exactQuantiles(probabilities)
    return try samplePosterior(draws, seed: seed).map { name, draws in
      (name, exact[name] ?? draws.quantiles(probabilities, axis: 0))
    }
  }

  /// The medians of every latent and deterministic site; see `quantiles(_:)`.
  public func median() throws -> [(name: String, value: Tensor)] {
    try quantiles([0.5]).map { ($0, $1.squeezing(at: 0)) }
  }

  /// The quantiles of the sites whose distributions the guide knows.
  private func exactQuantiles(_ probabilities: [Double]) throws -> [String: Tensor] {
    guard let place = svi.prepared.place else { return [:] }
    let records = try probabilities.map { probability in
      try svi.particle(parameters.packed, RandomKey(0), of: parameters) { _, _ in
        ParticleTrace(guide: try trace { place(probability) }, model: Trace())
      }.guide
    }
    var quantiles: [String: Tensor] = [:]
    for site in records[0].latentSites {
      quantiles[site.name] = stack(records.compactMap { $0[site.name]?.value })
    }
    return quantiles
  }

  /// The evidence lower bound of the fit: mean over `particles` draws, and its standard error.
  public func elbo(particles: Int = 10_000, seed: Int = 2) throws -> (mean: Double, error: Double) {
    precondition(particles > 1, "elbo: particles must be at least 2, got \(particles)")
    let terms = try runs(particles, seed, svi.objective.run) { particle in
      [("ELBO", try svi.objective.elbo(particle))]
    }[0].draws.array()
    let mean = terms.reduce(0, +) / Double(terms.count)
    let variance = terms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(terms.count - 1)
    return (mean, (variance / Double(terms.count)).squareRoot())
  }

  /// Mean, standard deviation and quantiles of every site under the fitted guide.
  public func summary(draws: Int = 10_000, seed: Int = 1) throws -> Summary {
    Summary(try samplePosterior(draws, seed: seed))
  }

  /// Something of many runs of guide and model at the fitted parameters.
  private func runs(
    _ count: Int, _ seed: Int, _ run: @escaping SVI.Runner,
    _ results: (ParticleTrace) throws -> [(name: String, value: Tensor)]
  ) throws -> [(name: String, draws: Tensor)] {
    let packed = parameters.packed.detached()
    return try ManyRuns(count, seed: seed, of: svi.key, "posterior")({ key, _ in
      try results(try svi.particle(packed, key, of: parameters, run))
    })
  }
}
