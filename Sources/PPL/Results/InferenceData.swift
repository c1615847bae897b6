public import Tensors

/// Results in the form that Python's ArviZ reads: groups of variables with named dimensions.
///
///     let chains = try MCMC(model, samples: 1000, chains: 4).run()
///     try chains.inferenceData(for: model).write(to: "chains.nc")
///
/// In Python, `arviz.from_netcdf("chains.nc")` opens the file. Writing needs libnetcdf, and the
/// package trait `NetCDF`: `swift build --traits NetCDF`.
public struct InferenceData {
  /// What the variables of a group are: ArviZ's schema, version 0.19.
  public enum Group: String, Sendable, CaseIterable {
    /// Latent and deterministic sites.
    case posterior
    /// What the sampler tells about every draw.
    case sampleStats = "sample_stats"
    /// The log density of every datum at every draw.
    case logLikelihood = "log_likelihood"
    /// Data drawn anew at every draw.
    case posteriorPredictive = "posterior_predictive"
    /// The data.
    case observedData = "observed_data"

    /// Whether variables have two outer axes, chain and draw.
    var hasChains: Bool { self != .observedData }
  }

  /// A named array.
  public struct Variable {
    public let name: String
    public let values: Tensor
    /// A name for each axis.
    public let dimensions: [String]
  }

  /// The groups there are, each with its variables.
  public let groups: [(group: Group, variables: [Variable])]

  /// The variables of a group; empty if there is no such group.
  public subscript(group: Group) -> [Variable] {
    groups.first { $0.group == group }?.variables ?? []
  }

  init(_ groups: [(Group, [(name: String, draws: Tensor)])]) {
    self.groups = groups.map { group, values in
      (
        group,
        values.map { name, values in
          let outer = group.hasChains ? ["chain", "draw"] : []
          let inner = (0..<(values.rank - outer.count)).map { "\(name)_dim_\($0)" }
          return Variable(name: name, values: values, dimensions: outer + inner)
        }
      )
    }
  }
}

extension MCMCResult {
  /// The draws, how the sampler made them, and what the model says about data at each of them.
  ///
  /// - Parameters:
  ///   - model: the model that was sampled.
  ///   - seed: of the data drawn anew.
  /// - Throws: `PredictionError` if the draws are not of this model.
  public func inferenceData<Result>(
    for model: @escaping () -> Result, seed: Int = 0
  ) throws -> InferenceData {
    InferenceData(
      [(.posterior, chains), (.sampleStats, statistics)]
        + (try dataGroups(model, samples, parameters: nil, seed: seed)).map { group, sites in
          (group, group.hasChains ? sites.map { ($0.name, unfolded($0.draws)) } : sites)
        })
  }

  private func unfolded(_ draws: Tensor) -> Tensor {
    draws.reshaped(
      to: [transitions.count, draws.shape[0] / transitions.count]
        + Shape(draws.shape.dropFirst()))
  }

  /// Under the names of ArviZ's schema.
  private var statistics: [(name: String, draws: Tensor)] {
    let shape: Shape = [transitions.count, transitions.first?.count ?? 0]
    let all = transitions.flatMap { $0 }
    return [
      ("lp", Tensor(logDensities.flatMap { $0 }, shape: shape)),
      ("acceptance_rate", Tensor(all.map(\.acceptance), shape: shape)),
      ("diverging", Tensor(all.map(\.isDivergent), shape: shape)),
      ("n_steps", Tensor(all.map(\.steps), shape: shape)),
      ("tree_depth", Tensor(all.map(\.depth), shape: shape)),
      (
        "step_size",
        Tensor(stepSizes, shape: [shape[0], 1]).broadcast(to: shape)
      ),
    ]
  }
}

extension SVIResult {
  /// Draws from the fitted guide as one chain, with their log densities under model (`lp`) and guide
  /// (`log_q`), and what the model says about data at each of them.
  ///
  /// - Throws: as `importance`, and `PredictionError`.
  public func inferenceData(draws: Int = 2000, seed: Int = 3) throws -> InferenceData {
    let weighted = try importance(draws: draws, seed: seed)
    let statistics: [(name: String, draws: Tensor)] = [
      ("lp", Tensor(weighted.modelLogProb)), ("log_q", Tensor(weighted.guideLogProb)),
    ]
    let groups: [(InferenceData.Group, [(name: String, draws: Tensor)])] =
      [(.posterior, weighted.samples), (.sampleStats, statistics)]
      + (try dataGroups(svi.model, weighted.samples, parameters: parameters, seed: seed))
    return InferenceData(
      groups.map { group, sites in
        (group, group.hasChains ? sites.map { ($0.name, $0.draws.expandingDims(at: 0)) } : sites)
      })
  }
}

/// The groups about data, one draw after another.
private func dataGroups<Result>(
  _ model: @escaping () -> Result, _ samples: [(name: String, draws: Tensor)],
  parameters: ParameterStore?, seed: Int
) throws -> [(InferenceData.Group, [(name: String, draws: Tensor)])] {
  let likelihood = try logLikelihood(model, posterior: samples, parameters: parameters)
  let sites = likelihood.map(\.name)
  guard !sites.isEmpty else { return [] }
  let replicated = try Predictive(
    { uncondition { _ = model() } }, posterior: samples, sites: sites, parameters: parameters,
    seed: seed
  ).run()
  let first = samples.map { ($0.name, $0.draws.slice(0..<1, along: 0)) }
  let data = try Predictive(model, posterior: first, sites: sites, parameters: parameters).run()
  return [
    (.logLikelihood, likelihood), (.posteriorPredictive, replicated),
    (.observedData, data.map { ($0.name, $0.draws.selecting(0, along: 0)) }),
  ]
}
