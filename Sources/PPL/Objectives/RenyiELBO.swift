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
  public let alpha: Double
  public let particles: Int
  public var sharesSubsets: Bool { true }

  /// - Parameter alpha: the order, any number but 1.
  public init(alpha: Double = 0, particles: Int = 2) {
    precondition(
      alpha != 1 && alpha.isFinite,
      "RenyiELBO: alpha must be a number other than 1, got \(alpha); of order 1 is TraceELBO")
    precondition(particles > 0, "RenyiELBO: particles must be positive, got \(particles)")
    self.alpha = alpha
    self.particles = particles
  }

  public func validate(_ run: ParticleTrace) throws {
    try run.requireMatch()
    try run.requireCommonSubsets()
  }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms {
    let local = LocalDensities(run)
    return ObjectiveTerms([local.logWeight, local.scale] + (local.scored.map { [$0] } ?? []))
  }

  public func loss(_ terms: [Tensor]) -> Loss {
    let powers = (1 - alpha) * overParticles(terms[0])
    let scale = overParticles(terms[1]).selecting(0, along: 0)
    let bound = bound(powers, axis: 0)
    let value = -scale * bound.sum()
    guard terms.count > 2 else { return Loss(value) }
    let gain = particles > 1 ? bound - boundOfOthers(powers) : bound.expandingDims(at: 0)
    let score = (stopGradient(gain) * overParticles(terms[2])).sum()
    return Loss(value, surrogate: value - scale * score)
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
