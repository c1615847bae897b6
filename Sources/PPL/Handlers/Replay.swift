/// Gives the sample sites of a model the values they have in a trace, and its plates the subsets.
///
/// Observed sites keep their data; sites that the trace lacks draw anew.
struct ReplayHandler: Handler {
  let trace: Trace
  /// Whether a value that does not have the shape of the site's draws is passed over, so that the
  /// model does not trip over it before somebody can report it.
  var passesMisfits = false

  func process(_ site: inout Site) {
    guard site.kind == .sample || site.kind == .plate, !site.isObserved,
      let value = trace.drawnValue(site.name, site.kind)
    else { return }
    if site.kind == .plate, let plate = site.plates.first, value.count != plate.count {
      precondition(
        passesMisfits,
        """
        replay: the trace has \(value.count) copies of plate "\(plate.name)", of which the model takes \
        \(plate.count)
        """)
      return
    }
    if passesMisfits, let expected = site.drawShape, value.shape != expected { return }
    site.value = value
  }
}

/// Runs a model with the values of a trace at its latent sites.
public func replay<Result>(
  _ model: () throws -> Result, _ trace: Trace
) rethrows -> Result {
  try handle(model, with: ReplayHandler(trace: trace))
}
