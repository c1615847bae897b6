public import Tensors

/// The evidence lower bound with discrete sites summed out exactly: Pyro's `TraceEnum_ELBO`.
///
///     E_q(z) [log Σ_u p(x, u, z) − log q(z)]
///
/// Sites u that the model marks with `.enumerate()` and the guide does not draw are summed out in the
/// model. Of sites z of the guide that are marked, the expectation is taken exactly; the others are
/// drawn, with gradients through the draws or, of discrete ones, by the score function. To mark all
/// discrete sites of a model or a guide see `configEnumerate(_:_:)`.
///
/// Copies in a plate are summed over one by one, which needs three things of models and guides: what
/// stands outside of a plate does not depend on enumerated sites inside, copies do not depend on
/// those of other copies, and plates nest like a tree. Masks count inside of the logarithm and leave
/// the probabilities of enumerated sites alone; scales, which count outside, must be the same for all
/// sites of one sum.
///
/// Errors: `EnumerationError`.
public struct TraceEnumELBO: Objective {
  public let particles: Int

  public init(particles: Int = 1) {
    precondition(particles > 0, "TraceEnumELBO: particles must be positive, got \(particles)")
    self.particles = particles
  }

  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    var runs: [ParticleTrace] = []
    var positions: [Int]? = []
    while let taken = positions {
      let guideHandler = EnumerateHandler(.guide(taken))
      let modelHandler = EnumerateHandler(.model)
      let guideTrace = try handle({ try trace(guide) }, with: guideHandler)
      let modelTrace = try handle(
        {
          try trace { handle(model, with: ReplayHandler(trace: guideTrace, passesMisfits: true)) }
        }, with: modelHandler)
      try guideHandler.requireSuccess()
      try modelHandler.requireSuccess()
      runs.append(ParticleTrace(guide: guideTrace, model: modelTrace))
      positions = guideHandler.next
    }
    var first = runs.removeFirst()
    first.alternatives = runs
    return first
  }

  public func validate(_ run: ParticleTrace) throws {
    for each in [run] + run.alternatives { try each.requireMatch() }
  }

  /// What the guide enumerates is drawn from it, what the model sums out from its exact posterior
  /// given the guide's draws.
  public func posteriorRun(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    let guideTrace = try trace(guide)
    let posterior = try DiscretePosterior { replay(model, guideTrace) }
    let key = SeedHandler.current?.key ?? RandomKey(0)
    let values = try posterior.sample(key: key.foldIn("posterior"))
    return ParticleTrace(
      guide: guideTrace,
      model: try trace { replay({ substitute(values, model) }, guideTrace) })
  }

  public func terms(_ run: ParticleTrace) throws -> ObjectiveTerms { [try elbo(run)] }

  public func elbo(_ run: ParticleTrace) throws -> Tensor {
    let parts = try ([run] + run.alternatives).map(TraceEnumELBO.part)
    return parts.dropFirst().reduce(parts[0], +)
  }

  public func loss(_ terms: [Tensor]) -> Loss {
    let elbo = terms[0]
    return Loss(-(elbo.rank == 0 ? elbo : elbo.mean()))
  }

  /// The part of the bound that a run contributes.
  private static func part(_ run: ParticleTrace) throws -> Tensor {
    let graph = try FactorGraph(run)
    var sums = ModelSums(graph)
    var costs = try sums.costs()
    for term in graph.guide {
      // The gradient of E[log q] by way of log q itself is 0.
      let logProb = term.site.isScored ? stopGradient(term.logProb) : term.logProb
      let factor = try graph.factor(term, logProb, outer: []).map { term.site.scaled($0, by: -1) }
      costs.append(EnumeratedCost(factor: factor, sources: Set(term.sources)))
    }
    return try GuideExpectation.of(costs, graph)
  }
}
