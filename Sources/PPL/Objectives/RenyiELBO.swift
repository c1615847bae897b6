public import Tensors

/// The variational Rényi bound (Li and Turner 2016): Pyro's `RenyiELBO`.
///
///     1 / (1 − α) · log (1/K Σₖ wₖ^(1−α))      wₖ = p(x, zₖ) / q(zₖ)
///
/// over K particles. With α = 0, the default, this is the importance-weighted bound IWAE (Burda,
/// Grosse and Salakhutdinov 2016); as α goes to 1 it becomes the ELBO.
///
/// Plates that enclose all sites have a bound for each copy, and these are added; only such plates
/// may be subsampled. Draws that are not reparameterised have score-function gradients, with the
/// bound of the other particles as baseline (Mnih and Rezende 2016).
public struct RenyiELBO: Objective {
  /// How the gradient is estimated. Each estimator has the gradient of the bound as its mean.
  public enum Estimator: Sendable {
    /// The derivative of the estimate itself.
    case total
    /// Without the score of the guide's density, which is reparameterised a second time (Tucker,
    /// Lawson, Gu and Maddison 2019): the signal does not drown in noise as particles are added. All
    /// draws must be reparameterised.
    case doublyReparameterized
  }

  public let alpha: Double
  public let particles: Int
  public let estimator: Estimator
  public var sharesSubsets: Bool { true }

  /// - Parameter alpha: the order, any number but 1.
  public init(alpha: Double = 0, particles: Int = 2, estimator: Estimator = .total) {
    precondition(
      alpha != 1 && alpha.isFinite,
      "RenyiELBO: alpha must be a number other than 1, got \(alpha); of order 1 is TraceELBO")
    precondition(particles > 0, "RenyiELBO: particles must be positive, got \(particles)")
    self.alpha = alpha
    self.particles = particles
    self.estimator = estimator
  }

  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    estimator == .total ? try ParticleTrace(model, guide) : try .withScores(model, guide)
  }

  public func validate(_ run: ParticleTrace) throws {
    try run.requireMatch()
    try run.requireCommonSubsets()
    if estimator == .doublyReparameterized { try run.requireReparameterized() }
  }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms {
    if estimator == .doublyReparameterized { return doublyReparameterizedTerms(run) }
    let local = LocalDensities(run)
    return ObjectiveTerms([local.logWeight, local.scale] + (local.scored.map { [$0] } ?? []))
  }

  public func loss(_ terms: [Tensor]) -> Loss {
    let powers = (1 - alpha) * overParticles(terms[0])
    let scale = overParticles(terms[1]).selecting(0, along: 0)
    let bound = bound(powers, axis: 0)
    let value = -scale * bound.sum()
    if estimator == .doublyReparameterized {
      return Loss(value, surrogate: -scale * weighted(powers, terms).sum())
    }
    guard terms.count > 2 else { return Loss(value) }
    let gain = particles > 1 ? bound - boundOfOthers(powers) : bound.expandingDims(at: 0)
    let score = (stopGradient(gain) * overParticles(terms[2])).sum()
    return Loss(value, surrogate: value - scale * score)
  }

  /// log w, its scale, and two numbers with the gradients of log w through the draws, and of log p with
  /// respect to the model's parameters.
  private func doublyReparameterizedTerms(_ run: ParticleTrace) -> ObjectiveTerms {
    let local = LocalDensities(run)
    let path = PathGradient(run)
    let (density, points) = PathGradient.pinned(
      run.model.logProbSum(), path.draws.compactMap(\.value))
    let slopes = zip(gradient(of: density, withRespectTo: points), path.slopes).map { $0 - $1 }
    let model = PathGradient.pinned(local.model, path.draws.compactMap(\.value)).number
    return [
      local.logWeight, local.scale, local.along(path.draws, slopes.map(stopGradient)), model,
    ]
  }

  /// Each draw's way to the bound has the weight α w̃ + (1 − α) w̃², the model's parameters have w̃,
  /// where w̃ are the normalised powers.
  private func weighted(_ powers: Tensor, _ terms: [Tensor]) -> Tensor {
    let weights = stopGradient(powers.softmax(axis: 0))
    let squared = alpha * weights + (1 - alpha) * square(weights)
    return squared * overParticles(terms[2]) + weights * overParticles(terms[3])
  }

  private func bound(_ powers: Tensor, axis: Int) -> Tensor {
    powers.logMeanExp(axis: axis) / (1 - alpha)
  }

  /// The bound from all particles but one, for each of these.
  private func boundOfOthers(_ powers: Tensor) -> Tensor {
    let count = particles
    let others = (0..<count).flatMap { one in (0..<count).filter { $0 != one } }
    let rows = powers.gathered(Tensor(others)).reshaped(
      to: [count, count - 1] + powers.shape.dropFirst())
    return bound(rows, axis: 1)
  }
}
