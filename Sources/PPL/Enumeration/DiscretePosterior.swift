public import Distributions
import Tensors

/// The exact posterior of the sites of a model that are marked for enumeration, given its data and
/// the values of its other sites: what Pyro's `infer_discrete` and `compute_marginals` are for.
///
/// Other latent sites take the values that handlers supply, or are drawn. Values may be left in the
/// graph, so that results are differentiable and can be batched over draws.
public struct DiscretePosterior {
  /// log Σ p over all values of the enumerated sites, times the scales of the sites.
  public let logEvidence: Tensor
  private let graph: FactorGraph
  private let potentials: [String: Tensor]

  /// - Parameter model: run once, like a model in inference.
  /// - Throws: `ModelError`, `EnumerationError`.
  public init(_ model: () -> Void) throws {
    let handler = EnumerateHandler(.model)
    let record = try handle({ try trace(model) }, with: handler)
    try handler.requireSuccess()
    var potentials: [String: Tensor] = [:]
    for site in record.sites {
      guard case .parallel(let support) = site.enumeration, let distribution = site.distribution
      else { continue }
      let shape = [support.shape[0]] + distribution.batchShape
      potentials[site.name] = Tensor(
        [Double](repeating: 0, count: shape.elementCount), shape: shape)
    }
    self.potentials = potentials
    graph = try FactorGraph(ParticleTrace(guide: Trace(), model: record), potentials: potentials)
    var sums = ModelSums(graph)
    logEvidence = try sums.costs().map { $0.factor.tensor.sum() }.reduce(0, +)
  }

  /// The posterior probabilities of the values of a site, numbered as in its support; nil if no
  /// site of the name is enumerated.
  ///
  /// They are derivatives of the log evidence by the log probabilities of the values.
  public func marginal(_ name: String) -> Categorical? {
    guard let potential = potentials[name] else { return nil }
    let slope = gradient(of: logEvidence, withRespectTo: potential)
    return Categorical(probs: slope.transposed(to: Array(1..<slope.rank) + [0]))
  }

  /// A draw from the joint posterior: the values of the enumerated sites.
  public func sample(key: RandomKey) throws -> [String: Tensor] {
    try values(.sum) { logits, name in
      Categorical(logits: logits)
        .sample([], key: key.foldIn(name), dtype: logits.dtype).cast(to: .int64)
    }
  }

  /// The most probable values of all enumerated sites together.
  public func mode() throws -> [String: Tensor] {
    try values(.max) { logits, _ in logits.argmax(axis: -1) }
  }

  /// The values of all sites, the last one summed out first: given those, its distribution is known.
  ///
  /// - Parameter choose: from log weights along the last axis to positions.
  private func values(
    _ operation: Elimination.Operation, _ choose: (Tensor, String) -> Tensor
  ) throws -> [String: Tensor] {
    var sums = ModelSums(graph, operation, loops: false)
    _ = try sums.costs()
    var chosen: [Int: Factor] = [:]
    for record in sums.records.reversed() {
      let own = Factor.Axis.variable(record.variable)
      var factor = record.factor
      for number in factor.variables.sorted() where number != record.variable {
        if let position = chosen[number] { factor = factor.selecting(number, at: position) }
      }
      let rest = factor.axes.filter { $0 != own }
      let logits = factor.aligned(to: rest + [own])
      chosen[record.variable] = Factor(choose(logits, graph.variables[record.variable].name), rest)
    }
    return Dictionary(
      uniqueKeysWithValues: chosen.map { (graph.variables[$0].name, value(of: $0, at: $1)) })
  }

  /// The values of a site at positions in its support, which have names for the site's plates.
  private func value(of number: Int, at positions: Factor) -> Tensor {
    let variable = graph.variables[number]
    guard let support = variable.support, let distribution = variable.site.distribution else {
      return variable.value
    }
    let axes = variable.site.plates.sorted { $0.axis < $1.axis }.map {
      Factor.Axis.plate($0.name)
    }
    let batch = positions.aligned(to: axes).reshaped(to: distribution.batchShape)
    return support.reshaped(to: [support.shape[0]] + distribution.eventShape).gathered(batch)
  }
}
