public import Tensors

/// Draws of what a model says about data: from the prior, or given draws from a posterior.
///
///     let fit = try SVI(model, guide, optimizer: Adam(0.01)).run(steps: 5000)
///     let posterior = try fit.samplePosterior(1000)
///     let replicated = try Predictive({ uncondition(model) }, posterior: posterior).run()
///
/// As in Pyro, observed sites keep their data: a model without data, or `uncondition`, draws them
/// anew, `condition` observes others, and `intervene` asks what would be. All draws are computed at
/// once; a model that branches on values it has drawn is run for each of them.
public struct Predictive {
  private let model: DrawnModel
  private let posterior: [(name: String, draws: Tensor)]
  private let count: Int
  private let sites: [String]?
  private let seed: Int

  /// Draws from the prior.
  ///
  /// - Parameters:
  ///   - sites: the sites to return; all sample and deterministic sites if nil.
  ///   - parameters: the fitted parameters of the model, if it has such.
  public init<Result>(
    _ model: @escaping () -> Result, draws: Int, sites: [String]? = nil,
    parameters: ParameterStore? = nil, seed: Int = 0
  ) {
    precondition(draws > 0, "Predictive: the number of draws must be positive, got \(draws)")
    self.model = DrawnModel(model: { _ = model() }, parameters: parameters)
    posterior = []
    count = draws
    self.sites = sites
    self.seed = seed
  }

  /// One run of the model for each draw from a posterior.
  ///
  /// - Parameters:
  ///   - posterior: draws along the outermost axis, as `SVIResult.samplePosterior` and
  ///     `MCMCResult.samples` have them. Latent sites without draws are drawn from the model,
  ///     deterministic sites computed anew, and draws of sites that the model lacks passed over.
  ///   - sites: the sites to return; all but the latent ones of `posterior` if nil.
  ///   - parameters: the fitted parameters of the model, if it has such.
  public init<Result>(
    _ model: @escaping () -> Result, posterior: [(name: String, draws: Tensor)],
    sites: [String]? = nil, parameters: ParameterStore? = nil, seed: Int = 0
  ) {
    precondition(!posterior.isEmpty, "Predictive: the posterior has no sites")
    self.model = DrawnModel(model: { _ = model() }, parameters: parameters)
    self.posterior = posterior
    count = posterior[0].draws.shape.first ?? 0
    self.sites = sites
    self.seed = seed
  }

  /// The draws of each site along a new outermost axis, in the order of the model. The same seed
  /// gives the same draws, and more draws begin with them.
  ///
  /// - Throws: `PredictionError`; `ModelError` for a model with two sites of one name.
  public func run() throws -> [(name: String, draws: Tensor)] {
    let runs = ManyRuns(count, given: posterior, seed: seed, "Predictive")
    return try runs { key, values in
      let trace = try model.trace(values, key: key, dtype: runs.dtype)
      return try wanted(trace, given: values)
    }
  }

  private func wanted(
    _ trace: Trace, given: [String: Tensor]
  ) throws -> [(name: String, value: Tensor)] {
    let all = trace.sites.filter { $0.kind == .sample || $0.kind == .deterministic }
    if let sites, let missing = sites.first(where: { name in !all.contains { $0.name == name } }) {
      throw PredictionError.noSite(missing, found: all.map(\.name))
    }
    return all.compactMap { site in
      guard let value = site.value else { return nil }
      let isGiven = site.kind == .sample && !site.isObserved && given[site.name] != nil
      guard sites?.contains(site.name) ?? !isGiven else { return nil }
      return (site.name, site.drawShape.map { value.broadcast(to: $0) } ?? value)
    }
  }
}
