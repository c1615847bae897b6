public import Tensors

/// The evidence lower bound E_q[log p(x, z) − log q(z)], averaged over particles: Pyro's
/// `Trace_ELBO`.
public struct TraceELBO: Objective {
  public let particles: Int

  public init(particles: Int = 1) {
    precondition(particles > 0, "TraceELBO: particles must be positive, got \(particles)")
    self.particles = particles
  }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms { [run.logWeight] }

  public func loss(_ terms: [Tensor]) -> Loss {
    let elbo = terms[0]
    return Loss(-(elbo.rank == 0 ? elbo : elbo.mean()))
  }
}
