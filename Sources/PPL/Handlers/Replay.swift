/// Gives the sample sites of a model the values they have in a trace.
///
/// Observed sites keep their data; sites that the trace lacks draw anew.
struct ReplayHandler: Handler {
  let trace: Trace

  func process(_ site: inout Site) {
    guard site.kind == .sample, !site.isObserved, let recorded = trace[site.name],
      recorded.kind == .sample, !recorded.isObserved
    else { return }
    site.value = recorded.value
  }
}

/// Runs a model with the values of a trace at its latent sites.
public func replay<Result>(
  _ model: () throws -> Result, _ trace: Trace
) rethrows -> Result {
  try handle(model, with: ReplayHandler(trace: trace))
}
