public import Tensors

/// Reweighted wake-sleep (Bornschein and Bengio 2015), its two wake phases: Pyro's
/// `ReweightedWakeSleep`.
///
/// The loss is the negative of the importance-weighted bound. With the weights wₖ = p(x, zₖ) / q(zₖ)
/// normalised over the particles, the parameters of the model follow Σₖ wₖ ∇ log p(x, zₖ), the
/// gradient of that bound, and those of the guide Σₖ wₖ ∇ log q(zₖ), which brings it closer to the
/// posterior in the divergence KL(p ‖ q). Draws are taken as constants, so the guide may draw from
/// any distributions.
///
/// Plates that enclose all sites have weights for each copy; only such plates may be subsampled.
public struct ReweightedWakeSleep: Objective {
  public let particles: Int
  public var sharesSubsets: Bool { true }

  public init(particles: Int = 2) {
    precondition(particles > 1, "ReweightedWakeSleep: needs several particles, got \(particles)")
    self.particles = particles
  }

  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    try handle({ try ParticleTrace(model, guide) }, with: DetachHandler())
  }

  public func validate(_ run: ParticleTrace) throws {
    try run.requireMatch()
    try run.requireCommonSubsets()
  }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms {
    let local = LocalDensities(run)
    return [local.model, local.guide, local.scale]
  }

  public func loss(_ terms: [Tensor]) -> Loss {
    let (model, guide) = (terms[0], terms[1])
    let scale = terms[2].selecting(0, along: 0)
    let logWeight = model - guide
    let bound = logWeight.logMeanExp(axis: 0)
    let weight = stopGradient(exp(logWeight - bound))
    return Loss(
      -scale * bound.sum(), surrogate: -scale * (weight * (model + guide)).mean(axis: 0).sum())
  }
}

/// Makes draws constants.
struct DetachHandler: Handler {
  func postprocess(_ site: inout Site) {
    if site.kind == .sample && !site.isObserved { site.detach() }
  }
}
