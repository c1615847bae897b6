/// Gives sites values without observing them.
struct SubstituteHandler: Handler {
  let value: @Sendable (Site) -> Tensor?

  func process(_ site: inout Site) {
    guard site.kind != .factor, site.kind != .assignment, let value = value(site) else { return }
    site.value = value
    site.logProb = nil
  }
}

/// Runs a model with given values at its sites, parameters and plates' subsets among them, which
/// remain latent: NumPyro's `substitute`.
///
/// Parameters are given in their constrained space. Names that no site has are passed over.
public func substitute<Result>(
  _ data: [String: Tensor], _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: SubstituteHandler { data[$0.name] })
}

/// Runs a model with the value that `value` gives for a site, where it gives one.
public func substitute<Result>(
  by value: @escaping @Sendable (Site) -> Tensor?, _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: SubstituteHandler(value: value))
}
