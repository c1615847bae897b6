/// A fit: the parameters found, and what can be asked of the posterior they stand for.
public struct SVIResult {
  /// The loss (negative ELBO estimate) of every step.
  public let losses: [Double]
  /// The fitted parameters.
  public let parameters: ParameterStore
  /// Whether the run ended early, by Ctrl-C.
  public let wasInterrupted: Bool
  let svi: SVI

  /// How the guide's start was found; nil for a guide that has no choice.
  public var start: StartReport? { svi.prepared.start }

  init(_ svi: SVI, _ record: RunRecord) {
    self.svi = svi
    losses = record.losses
    wasInterrupted = record.wasInterrupted
    parameters = svi.fittedParameters
  }

  /// Draws from the fitted guide: every latent and deterministic site, with a new outermost axis.
  public func samplePosterior(_ count: Int, seed: Int = 1) throws -> [(name: String, draws: Tensor)]
  {
    let (particle, key) = try traceOnce(svi.objective.posteriorRun)
    let sites = particle.model.sites.filter {
      ($0.kind == .sample && !$0.isObserved) || $0.kind == .deterministic
    }
    let values = sites.compactMap(\.value)
    let draws = batch(values, over: key, values: keys(count, seed))
    eval(draws)
    return zip(sites, draws).map { ($0.name, $1) }
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
    let (particle, key) = try traceOnce(svi.objective.run)
    let term = try svi.objective.elbo(particle)
    let terms = batch([term], over: key, values: keys(particles, seed))[0].array()
    let mean = terms.reduce(0, +) / Double(terms.count)
    let variance = terms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(terms.count - 1)
    return (mean, (variance / Double(terms.count)).squareRoot())
  }

  /// Mean, standard deviation and quantiles of every site under the fitted guide.
  public func summary(draws: Int = 10_000, seed: Int = 1) throws -> Summary {
    Summary(try samplePosterior(draws, seed: seed))
  }

  /// Guide and model run once on a key that stands for any.
  private func traceOnce(_ run: @escaping SVI.Runner) throws -> (ParticleTrace, Tensor) {
    let recorder = TraceRecorder()
    let key = Tensor.traced(RandomKey.host(0).tensor, recorder)
    let packed = Tensor(
      storage: parameters.packed.evaluated(), shape: parameters.packed.shape, dtype: svi.dtype)
    let particle = try svi.particle(packed, RandomKey(tensor: key), of: parameters, run)
    if let read = recorder.descriptions.first { throw CompileError.readsValue(read) }
    return (particle, key)
  }

  private func keys(_ count: Int, _ seed: Int) -> Tensor {
    let key = RandomKey(seed).foldIn("posterior").hostValue
    return Tensor((0..<count).map { Int(RandomKey.hostFoldIn(key, $0)) })
  }
}
