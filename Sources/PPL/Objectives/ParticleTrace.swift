public import Tensors

/// One run of guide and model.
public struct ParticleTrace {
  public let guide: Trace
  public let model: Trace
  /// Sites of the objective itself.
  public var objective = Trace()
  /// Knows which values the code read while it ran.
  var recorder: TraceRecorder?
  /// Other runs that the objective needs: for the other values of sites whose values are taken one
  /// after the other, or on data that the model has drawn.
  var alternatives: [ParticleTrace] = []

  public init(guide: Trace, model: Trace) {
    self.guide = guide
    self.model = model
  }

  /// Runs the guide, then the model on the guide's draws.
  public init(_ model: () -> Void, _ guide: () -> Void) throws {
    let drawn = try trace(guide)
    self.init(guide: drawn, model: try modelTrace(model, on: drawn))
  }

  /// log p(x, z) − log q(z) for the guide's draw z.
  public var logWeight: Tensor { model.logProbSum() - guide.logProbSum() }

  /// The sites of a kind in all traces whose names a rule picks; each name once if they are of a kind
  /// that may be met again.
  func sites(of kind: Site.Kind, where isWanted: (String) -> Bool = { _ in true }) -> [Site] {
    var result = guide.sites(of: kind, where: isWanted)
    func add(_ more: [Site]) {
      result += more.filter { site in !result.contains { $0.name == site.name } }
    }
    for trace in [model, objective] { add(trace.sites(of: kind, where: isWanted)) }
    for other in alternatives { add(other.sites(of: kind, where: isWanted)) }
    return result
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
    if let site = guide.sites.first(where: \.isScored) { throw .notReparameterized(site.name) }
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

/// What a model does on the draws of a guide.
func modelTrace(_ model: () -> Void, on guide: Trace) throws -> Trace {
  let handler = ReplayHandler(trace: guide, passesMisfits: true)
  return try trace { handle(model, with: handler) }
}
