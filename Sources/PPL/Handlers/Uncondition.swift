/// Draws what the model observes.
struct UnconditionHandler: Handler {
  func process(_ site: inout Site) {
    guard site.kind == .sample, site.isObserved else { return }
    site.value = nil
    site.isObserved = false
  }
}

/// Runs a model with its observed sites drawn like the others: Pyro's `uncondition`.
///
/// An outer `condition` observes them again.
public func uncondition<Result>(_ model: () throws -> Result) rethrows -> Result {
  try handle(model, with: UnconditionHandler())
}
