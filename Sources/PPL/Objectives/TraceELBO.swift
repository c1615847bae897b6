public import Tensors

/// The evidence lower bound E_q[log p(x, z) − log q(z)], averaged over particles: Pyro's
/// `Trace_ELBO`.
///
/// Draws of the guide that are not reparameterised, and those of sites that ask for it, have
/// score-function gradients. Each is multiplied by all that happened in its own copies of the plates
/// it stands in and outside of these; `TraceGraphELBO` leaves out more.
public struct TraceELBO: Objective {
  public let particles: Int

  public init(particles: Int = 1) {
    precondition(particles > 0, "TraceELBO: particles must be positive, got \(particles)")
    self.particles = particles
  }

  public func validate(_ run: ParticleTrace) throws { try run.requireMatch() }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms {
    guard run.guide.hasScoredDraws else { return [run.logWeight] }
    let function = ScoreFunction(run)
    let score = function.scored.map { draw in
      (function.cost(of: draw, followsGraph: false) * draw.logProb).sum()
    }
    return [function.estimate, ([function.pathwise] + score).total()]
  }

  public func loss(_ terms: [Tensor]) -> Loss { Loss(negativeMeansOf: terms) }
}
