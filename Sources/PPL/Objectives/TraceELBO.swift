public import Tensors

/// The evidence lower bound E_q[log p(x, z) − log q(z)], averaged over particles: Pyro's
/// `Trace_ELBO`.
///
/// Draws of the guide that are not reparameterised, and those of sites that ask for it, have
/// score-function gradients. Each is multiplied by all that happened in its own copies of the plates
/// it stands in and outside of these; `TraceGraphELBO` leaves out more.
public struct TraceELBO: Objective {
  /// How the gradient is estimated. Each estimator has the gradient of the bound as its mean.
  public enum Estimator: Sendable {
    /// The derivative of the estimate itself.
    case total
    /// The same without the score of the guide's density, whose mean is zero (Roeder, Wu and Duvenaud
    /// 2017): its variance goes to zero as the guide approaches the posterior. All draws must be
    /// reparameterised. Inverse autoregressive flows need no inverse for it. Far from the posterior a
    /// large learning rate can drive a guide onto a point, from which it does not return. Nor does it
    /// see what a guide cuts off: one that is the posterior up to an edge, as the bound of a spline,
    /// and has nothing beyond has no gradient at any draw but those at the edge.
    case stickingTheLanding
  }

  public let particles: Int
  public let estimator: Estimator

  public init(particles: Int = 1, estimator: Estimator = .total) {
    precondition(particles > 0, "TraceELBO: particles must be positive, got \(particles)")
    self.particles = particles
    self.estimator = estimator
  }

  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    estimator == .total ? try ParticleTrace(model, guide) : try .withScores(model, guide)
  }

  public func validate(_ run: ParticleTrace) throws {
    try run.requireMatch()
    if estimator == .stickingTheLanding { try run.requireReparameterized() }
  }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms {
    if estimator == .stickingTheLanding {
      return [run.logWeight, run.model.logProbSum() - PathGradient(run).surrogate]
    }
    guard run.guide.hasScoredDraws else { return [run.logWeight] }
    let function = ScoreFunction(run)
    let score = function.scored.map { draw in
      (function.cost(of: draw, followsGraph: false) * draw.logProb).sum()
    }
    return [function.estimate, ([function.pathwise] + score).total()]
  }

  public func loss(_ terms: [Tensor]) -> Loss { Loss(negativeMeansOf: terms) }
}
