import Distributions

/// Independent distributions over the discrete latent sites, which `TraceEnumELBO` sums out: Pyro's
/// `AutoDiscreteParallel`.
///
/// For sites with `Bernoulli`, `Categorical` or `OneHotCategorical` priors. The probabilities
/// `…_auto_probs` start as the priors' at feasible values of the other sites.
public struct DiscreteParallelGuide: Guide {
  public init() {}

  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    let record = try LatentLayout.run(model, .feasible, dtype)
    var initial: [String: Tensor] = [:]
    for site in record.latentSites {
      if let plate = site.plates.first(where: { $0.count != $0.size }) {
        throw ModelError.subsampledSite(site.name, plate: plate.name)
      }
      guard let prior = site.distribution.flatMap(ProbabilityTable.init) else {
        throw ModelError.notTabled(site.name)
      }
      // The numbers that are learned have no place for a probability of 0 or 1.
      let logits = prior.range.bijector.inverse(prior.probs)
      guard isFinite(logits).all().boolArray()[0] else {
        throw ModelError.impossibleValue(site.name)
      }
      initial[site.name] = prior.probs.cast(to: dtype).detached()
    }
    guard !initial.isEmpty else { throw ModelError.noLatentSites }
    let handler = ProbabilityHandler(initial: initial)
    return { handle(model, with: handler) }
  }
}

/// A distribution that is a table of probabilities.
private struct ProbabilityTable {
  let probs: Tensor
  let range: Constraint
  /// The distribution with another table.
  let replaced: (Tensor) -> any Distribution

  init?(_ distribution: any Distribution) {
    switch distribution {
    case let prior as Bernoulli:
      probs = prior.probs.broadcast(to: prior.batchShape)
      (range, replaced) = (.unitInterval, { Bernoulli(probs: $0) })
    case let prior as Categorical:
      let size = prior.probs.shape.last ?? 0
      probs = prior.probs.broadcast(to: prior.batchShape + [size])
      (range, replaced) = (.simplex, { Categorical(probs: $0) })
    case let prior as OneHotCategorical:
      probs = prior.probs.broadcast(to: prior.batchShape + prior.eventShape)
      (range, replaced) = (.simplex, { OneHotCategorical(probs: $0) })
    default: return nil
    }
  }
}

/// Puts learned probabilities in the place of the priors', and hides all other sites.
private struct ProbabilityHandler: Handler {
  let initial: [String: Tensor]

  func process(_ site: inout Site) {
    guard !site.mayRepeat else { return }
    guard site.kind == .sample, let probs = initial[site.name],
      let prior = site.distribution.flatMap(ProbabilityTable.init)
    else {
      site.isHidden = true
      return
    }
    let learned = param("\(site.name)_auto_probs", probs, constraint: prior.range)
    site.distribution = prior.replaced(learned)
    site.infer = .enumerate(.parallel)
  }
}
