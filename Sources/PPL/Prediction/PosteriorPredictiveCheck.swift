public import Tensors

/// Whether data look like those that the fitted model would produce (Gelman, Meng and Stern 1996):
/// a statistic of the data beside the same statistic of replicated data.
public struct PosteriorPredictiveCheck: Sendable, CustomStringConvertible {
  /// The statistic of the data.
  public let observed: Double
  /// The statistic of data drawn from the model, one for each draw from the posterior.
  public let replicated: [Double]

  /// - Parameters:
  ///   - site: the observed site.
  ///   - posterior: draws along the outermost axis of the model's latent sites.
  ///   - parameters: the fitted parameters of the model, if it has such.
  ///   - statistic: of the site's data, a scalar.
  /// - Throws: `PredictionError.noSite` if the model has no observed site of this name.
  public init<Result>(
    _ model: @escaping () -> Result, site: String, posterior: [(name: String, draws: Tensor)],
    parameters: ParameterStore? = nil, seed: Int = 0, statistic: (Tensor) -> Tensor
  ) throws {
    precondition(!posterior.isEmpty, "PosteriorPredictiveCheck: the posterior has no sites")
    let observing = DrawnModel(model: { _ = model() }, parameters: parameters)
    let replicating = DrawnModel(model: { uncondition { _ = model() } }, parameters: parameters)
    let count = posterior[0].draws.shape.first ?? 0
    let runs = ManyRuns(
      count, given: posterior, seed: seed, "PosteriorPredictiveCheck")
    let first = Dictionary(
      posterior.map { ($0.name, $0.draws.selecting(0, along: 0)) }
    ) { first, _ in first }
    let trace = try observing.trace(first, key: RandomKey(seed), dtype: runs.dtype)
    let sites = trace.sites(of: .sample).filter(\.isObserved)
    guard let data = sites.first(where: { $0.name == site }), let value = data.value else {
      throw PredictionError.noSite(site, found: sites.map(\.name))
    }
    observed = statistic(data.drawShape.map { value.broadcast(to: $0) } ?? value).scalar()
    let results = try runs { key, values in
      let trace = try replicating.trace(values, key: key, dtype: runs.dtype)
      guard let drawn = trace[site]?.value else {
        throw PredictionError.noSite(site, found: trace.sites.map(\.name))
      }
      return [(site, statistic(drawn))]
    }
    replicated = results[0].draws.array()
  }

  /// The share of replicated data with a statistic as large as that of the data, or larger. Near 0
  /// or 1 the model does not produce such data.
  public var pValue: Double {
    Double(replicated.count { $0 >= observed }) / Double(replicated.count)
  }

  public var description: String {
    let range = Tensor(replicated).quantiles([0.05, 0.95]).array()
    return """
      data \(formatted(observed, digits: 3)), replicated data \
      \(formatted(range[0], digits: 3)) … \(formatted(range[1], digits: 3)), \
      p = \(formatted(pValue, digits: 3))
      """
  }
}
