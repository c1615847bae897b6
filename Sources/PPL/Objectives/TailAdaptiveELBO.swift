public import Tensors

/// The gradient of a divergence that follows the tail of the importance weights (Wang, Liu and Liu
/// 2018): Pyro's `TraceTailAdaptive_ELBO`. It covers the mass of the posterior where the ELBO seeks
/// a mode, and its weights are bounded.
///
///     Σₖ γₖ ∇ log (p(x, zₖ) / q(zₖ)) / Σₖ γₖ      γₖ = F(wₖ)^β,  F(w) = #{j: wⱼ ≥ w} / K
///
/// over K particles with the weights wₖ = p(x, zₖ) / q(zₖ). The gradient with respect to the guide
/// is that through the draws alone, q's parameters being constant in log q: that of q's own density
/// has no part in it. The loss is the negative ELBO. All draws must be reparameterised.
///
/// Plates that enclose all sites have weights for each copy; only such plates may be subsampled.
public struct TailAdaptiveELBO: Objective {
  public let particles: Int
  /// β, the power of the tail probability.
  public let beta: Double
  public var sharesSubsets: Bool { true }
  public var hasGradientOfLoss: Bool { false }

  public init(particles: Int = 10, beta: Double = -1) {
    precondition(particles > 1, "TailAdaptiveELBO: needs several particles, got \(particles)")
    self.particles = particles
    self.beta = beta
  }

  /// Runs the guide twice: to draw, and for the density of the draws with constant parameters.
  public func run(_ model: () -> Void, _ guide: () -> Void) throws -> ParticleTrace {
    let drawn = try trace(guide)
    let constant = try handle({ try trace { replay(guide, drawn) } }, with: ConstantParameters())
    return ParticleTrace(guide: constant, model: try modelTrace(model, on: drawn))
  }

  public func validate(_ run: ParticleTrace) throws {
    try run.requireMatch()
    try run.requireReparameterized()
    try run.requireCommonSubsets()
  }

  public func terms(_ run: ParticleTrace) -> ObjectiveTerms {
    let local = LocalDensities(run)
    return [local.logWeight, local.scale]
  }

  public func loss(_ terms: [Tensor]) -> Loss {
    let logWeight = terms[0]
    let scale = terms[1].selecting(0, along: 0)
    let gamma = pow(tail(stopGradient(logWeight)), Tensor(floatLiteral: beta))
    let weight = gamma / gamma.sum(axis: 0)
    return Loss(
      -scale * logWeight.mean(axis: 0).sum(), surrogate: -scale * (weight * logWeight).sum())
  }

  /// The share of particles with a weight that is not smaller.
  private func tail(_ logWeight: Tensor) -> Tensor {
    let isLarger = logWeight.expandingDims(at: 1) .>= logWeight.expandingDims(at: 0)
    return isLarger.cast(to: logWeight.dtype).mean(axis: 0)
  }
}

/// Makes parameters constants.
private struct ConstantParameters: Handler {
  func postprocess(_ site: inout Site) {
    if site.kind == .param { site.value = site.value.map(stopGradient) }
  }
}
