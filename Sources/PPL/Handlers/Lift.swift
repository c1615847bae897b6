/// Makes parameters random.
final class LiftHandler: Handler {
  private let prior: @Sendable (Site) -> (any Distribution)?
  private struct State {
    /// Parameters on their way to a value.
    var pending: Set<String> = []
    /// The values of the parameters met so far: a parameter met again has the same.
    var values: [String: Tensor] = [:]
  }
  private let state = Locked(State())

  init(_ prior: @escaping @Sendable (Site) -> (any Distribution)?) { self.prior = prior }

  func process(_ site: inout Site) {
    guard site.kind == .param else { return }
    let name = site.name
    if let value = state.withLock({ $0.values[name] }) {
      site.value = value
      site.isHidden = true
    } else if let prior = prior(site) {
      _ = state.withLock { $0.pending.insert(name) }
      site.kind = .sample
      site.distribution = prior
      site.declaration = nil
    }
  }

  func postprocess(_ site: inout Site) {
    guard site.kind == .sample, let value = site.value else { return }
    let name = site.name
    state.withLock { if $0.pending.remove(name) != nil { $0.values[name] = value } }
  }
}

/// Runs a model with the named parameters drawn from priors: Pyro's `lift`. Their constraints no
/// longer apply; the priors' supports do.
public func lift<Result>(
  _ priors: [String: any Distribution], _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: LiftHandler { priors[$0.name] })
}

/// Runs a model with every parameter drawn from the prior that `prior` gives, where it gives one.
public func lift<Result>(
  by prior: @escaping @Sendable (Site) -> (any Distribution)?, _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: LiftHandler(prior))
}
