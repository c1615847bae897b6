public import Tensors

/// One run of guide and model.
public struct ParticleTrace {
  public let guide: Trace
  public let model: Trace
  /// Sites of the objective itself.
  public var objective = Trace()
  /// The runs for the other values of sites whose values are taken one after the other.
  var alternatives: [ParticleTrace] = []

  public init(guide: Trace, model: Trace) {
    self.guide = guide
    self.model = model
  }

  /// Runs the guide, then the model on the guide's draws.
  public init(_ model: () -> Void, _ guide: () -> Void) throws {
    let guideTrace = try trace(guide)
    self.guide = guideTrace
    let replayed = ReplayHandler(trace: guideTrace, passesMisfits: true)
    self.model = try trace { handle(model, with: replayed) }
  }

  /// log p(x, z) − log q(z) for the guide's draw z.
  public var logWeight: Tensor { model.logProbSum() - guide.logProbSum() }

  /// The sites of a kind in both, each name once.
  func sites(of kind: Site.Kind) -> [Site] {
    var seen: Set<String> = []
    return ([self] + alternatives).flatMap { $0.guide.sites + $0.model.sites + $0.objective.sites }
      .filter { $0.kind == kind && seen.insert($0.name).inserted }
  }

  /// Checks that guide and model draw the same sites, of the same shapes.
  public func requireMatch() throws(ModelError) {
    for site in model.sites where site.kind == .sample && !site.isObserved {
      // Summed out: no draw of the guide is needed.
      if site.enumeration != nil { continue }
      guard let drawn = guide[site.name], drawn.kind == .sample else {
        throw .missingInGuide(site.name, model: model.table(), guide: guide.table())
      }
      try requireShape(site, drawn)
    }
    for site in guide.sites where site.kind == .sample && !site.infer.isAuxiliary {
      guard let counterpart = model[site.name], counterpart.kind == .sample, !counterpart.isObserved
      else {
        throw .missingInModel(site.name, model: model.table(), guide: guide.table())
      }
    }
    try requirePlates()
  }

  /// Checks that every draw of the guide is a differentiable function of its parameters.
  public func requireReparameterized() throws(ModelError) {
    for site in guide.sites where site.kind == .sample {
      if site.distribution?.isReparameterized == false { throw .notReparameterized(site.name) }
    }
  }

  private func requireShape(_ site: Site, _ drawn: Site) throws(ModelError) {
    guard let expected = site.drawShape, let value = drawn.value else { return }
    if value.shape != expected {
      throw .shapeMismatch(
        site.name, model: expected, guide: value.shape, table: model.table() + "\n" + guide.table())
    }
  }

  /// Plates of one name must be the same plate.
  private func requirePlates() throws(ModelError) {
    let plates = Dictionary(model.plates.map { ($0.name, $0) }) { first, _ in first }
    for plate in guide.plates {
      guard let other = plates[plate.name] else { continue }
      if plate.size != other.size || plate.count != other.count {
        throw .plateMismatch(plate.name, model: other, guide: plate)
      }
    }
  }
}
