/// One run of guide and model, and the objective it gives.
struct ParticleTrace {
  let guide: Trace
  let model: Trace

  /// Runs the guide, then the model on the guide's draws.
  init(_ model: () -> Void, _ guide: () -> Void) throws {
    let guideTrace = try trace(guide)
    self.guide = guideTrace
    let replayed = ReplayHandler(trace: guideTrace, passesMisfits: true)
    self.model = try trace { handle(model, with: replayed) }
  }

  /// A one-particle estimate of the evidence lower bound: log p(x, z) − log q(z), z from the guide.
  var elbo: Tensor { model.logProbSum() - guide.logProbSum() }

  /// The parameter sites of both, each name once.
  var parameterSites: [Site] {
    var seen: Set<String> = []
    return (guide.sites + model.sites).filter {
      $0.kind == .param && seen.insert($0.name).inserted
    }
  }

  /// Checks that guide and model draw the same sites, of the same shapes.
  func validate() throws(ModelError) {
    for site in model.sites where site.kind == .sample && !site.isObserved {
      guard let drawn = guide[site.name], drawn.kind == .sample else {
        throw .missingInGuide(site.name, model: model.table(), guide: guide.table())
      }
      try requireShape(site, drawn)
    }
    for site in guide.sites where site.kind == .sample && !site.isAuxiliary {
      guard let counterpart = model[site.name], counterpart.kind == .sample, !counterpart.isObserved
      else {
        throw .missingInModel(site.name, model: model.table(), guide: guide.table())
      }
      if site.distribution?.isReparameterized == false { throw .notReparameterized(site.name) }
    }
  }

  private func requireShape(_ site: Site, _ drawn: Site) throws(ModelError) {
    guard let expected = site.drawShape, let value = drawn.value else { return }
    if value.shape != expected {
      throw .shapeMismatch(site.name, model: expected, guide: value.shape)
    }
  }
}
