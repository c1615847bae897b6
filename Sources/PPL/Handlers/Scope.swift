/// Puts a prefix before the names of sites and plates.
package struct ScopeHandler: Handler {
  let prefix: String
  let renames: @Sendable (Site) -> Bool

  package init(prefix: String, renames: @escaping @Sendable (Site) -> Bool) {
    self.prefix = prefix
    self.renames = renames
  }

  package func process(_ site: inout Site) {
    guard renames(site) else { return }
    site.name = prefix + site.name
    site.plates = site.plates.map {
      Site.Plate(name: prefix + $0.name, size: $0.size, axis: $0.axis, count: $0.count)
    }
    if !site.iterations.isEmpty {
      site.iterations = site.iterations.map {
        Site.Iteration(plate: prefix + $0.plate, index: $0.index)
      }
    }
  }
}

/// Runs a model with "`prefix`/" before the names of its sites and plates; outer prefixes come
/// first: NumPyro's `scope`.
public func scope<Result>(
  _ prefix: String, divider: String = "/", _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: ScopeHandler(prefix: prefix + divider) { _ in true })
}

/// A network whose parameters have "`name`." before their names: Pyro's `module`.
///
/// - Parameter network: a function that meets `param` sites, such as the call of a network.
/// - Returns: the same function, which other sites pass unnamed.
public func module(
  _ name: String, _ network: @escaping (Tensor) -> Tensor
) -> (Tensor) -> Tensor {
  let handler = ScopeHandler(prefix: name + ".") { $0.kind == .param || $0.isMutable }
  return { input in handle({ network(input) }, with: handler) }
}
