/// Keeps sites from the handlers outside it.
struct BlockHandler: Handler {
  let hides: @Sendable (Site) -> Bool

  func process(_ site: inout Site) {
    if hides(site) { site.isHidden = true }
  }
}

/// Runs a model and hides all of its sites from the handlers outside: Pyro's `block`.
///
/// Hidden sites still get their random keys from outside.
public func block<Result>(_ model: () throws -> Result) rethrows -> Result {
  try block(where: { _ in true }, model)
}

/// Runs a model and hides the named sites.
public func block<Result>(
  hide names: Set<String>, _ model: () throws -> Result
) rethrows -> Result {
  try block(where: { names.contains($0.name) }, model)
}

/// Runs a model and hides all sites but the named ones.
public func block<Result>(
  expose names: Set<String>, _ model: () throws -> Result
) rethrows -> Result {
  try block(where: { !names.contains($0.name) }, model)
}

/// Runs a model and hides the sites that a rule picks: `{ $0.kind == .param }`, say, or
/// `{ $0.isObserved }`.
public func block<Result>(
  where hides: @escaping @Sendable (Site) -> Bool, _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: BlockHandler(hides: hides))
}
