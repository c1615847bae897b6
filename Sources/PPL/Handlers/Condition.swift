/// Observes sample sites at given values. Outer handlers win over inner ones, and over `observed:`.
struct ConditionHandler: Handler {
  let data: [String: Tensor]

  func process(_ site: inout Site) {
    guard site.kind == .sample, let value = data[site.name] else { return }
    site.value = value
    site.isObserved = true
  }
}

/// Runs a model with some of its sample sites observed at the given values: Pyro's `condition`.
///
/// Names that no site has are passed over.
public func condition<Result>(
  _ data: [String: Tensor], _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: ConditionHandler(data: data))
}

/// Runs a model with its sample sites observed at the values they have in a trace.
public func condition<Result>(
  _ trace: Trace, _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: ConditionHandler(data: trace.sampleValues))
}

extension Trace {
  /// The values of the sample sites by name.
  var sampleValues: [String: Tensor] {
    let pairs = sites.filter { $0.kind == .sample }.compactMap { site in
      site.value.map { (site.name, $0) }
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
