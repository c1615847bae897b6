/// Gives the rest of the program values of its own choice, and leaves the sites as they are.
final class InterveneHandler: Handler {
  private let data: [String: Tensor]

  init(_ data: [String: Tensor]) { self.data = data }

  func process(_ site: inout Site) {
    guard site.kind == .sample, let value = data[site.name] else { return }
    site.requireFit(value, "intervene")
    var untouched = site
    sendOn(&untouched, from: self)
    site.name += "__CF"
    site.value = value
    site.logProb = nil
    site.isObserved = true
    site.isHidden = true
  }
}

/// Runs a model that goes on with the given values at the named sites: Pyro's `do`.
///
/// Unlike `condition`, the sites are drawn, or observed, and scored as without it; only what is
/// computed from them sees the values. Inside, the values stand at sites named `name__CF`, of
/// which nothing outside knows; so conditioning an intervened model asks counterfactual questions.
public func intervene<Result>(
  _ data: [String: Tensor], _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: InterveneHandler(data))
}
