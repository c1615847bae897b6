public import Tensors

/// The evidence lower bound with the divergences of guide sites from model sites in closed form:
/// Pyro's `TraceMeanField_ELBO`.
///
///     E_q[log p(x | z)] − Σᵢ KL(qᵢ ‖ pᵢ)
///
/// Only the distributions' parameters and the likelihood are estimated from draws. Where
/// `klDivergence` knows no closed form, where model and guide scale a site differently or one has a
/// batch where the other has an event, or where the model's distribution of a site depends on
/// something that the guide draws from that site, so that the divergence is not that of the two
/// distributions, the difference of the log densities at the draw takes its place. All draws of the
/// guide must be reparameterised.
public struct TraceMeanFieldELBO: Objective {
  public let particles: Int

  public init(particles: Int = 1) {
    precondition(particles > 0, "TraceMeanFieldELBO: particles must be positive, got \(particles)")
    self.particles = particles
  }

  public func terms(_ run: ParticleTrace) throws -> ObjectiveTerms {
    let entangled = run.entangledSites
    var parts: [Tensor?] = []
    for site in run.model.sites {
      if let drawn = run.guide[site.name], !site.isObserved, !entangled.contains(site.name),
        let divergence = try closedDivergence(drawn, site)
      {
        parts.append(-divergence)
      } else {
        parts.append(site.logProbTerm)
        if let drawn = run.guide[site.name] { parts.append(drawn.logProbTerm.map { -$0 }) }
      }
    }
    for site in run.guide.sites where run.model[site.name] == nil {
      parts.append(site.logProbTerm.map { -$0 })
    }
    return [parts.compactMap { $0 }.total()]
  }

  public func loss(_ terms: [Tensor]) -> Loss { Loss(negativeMeansOf: terms) }

  /// The scaled divergence of a guide's site from the model's, if it has a closed form.
  private func closedDivergence(_ drawn: Site, _ site: Site) throws -> Tensor? {
    guard let q = drawn.distribution, let p = site.distribution, drawn.hasScale(of: site),
      q.eventShape == p.eventShape
    else { return nil }
    do {
      return drawn.scaled(drawn.spread(try klDivergence(q, p)).sum())
    } catch KLDivergenceError.unknownPair {
      return nil
    }
  }
}

extension Site {
  /// The site's term in the log density; nil for other kinds than draws and factors.
  fileprivate var logProbTerm: Tensor? {
    kind == .sample || kind == .factor ? logProbSum() : nil
  }
}

extension ParticleTrace {
  /// The model's sites whose distributions depend on something that the guide draws from the site.
  fileprivate var entangledSites: Set<String> {
    let draws = guide.sites.filter { $0.kind == .sample && $0.value != nil }
    let values = draws.compactMap(\.value)
    let ofDraws = origins(of: values, among: values)
    // In a mean-field guide no draw is computed from another.
    let sources = ofDraws.enumerated().reduce(into: Set<Int>()) { sources, item in
      sources.formUnion(item.element.subtracting([item.offset]))
    }
    let candidates = sources.compactMap { number -> (Int, Tensor)? in
      guard let logProb = model[draws[number].name]?.fullLogProb() else { return nil }
      return (number, logProb)
    }
    let found = origins(of: candidates.map(\.1), among: values)
    return zip(candidates, found).reduce(into: []) { entangled, item in
      let number = item.0.0
      let through = item.1.subtracting([number]).contains { ofDraws[$0].contains(number) }
      if through { entangled.insert(draws[number].name) }
    }
  }
}
