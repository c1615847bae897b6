/// Sets how inference treats sites.
struct InferConfigHandler: Handler {
  let configure: @Sendable (Site) -> InferConfig?

  func process(_ site: inout Site) {
    guard site.kind == .sample, let config = configure(site) else { return }
    site.infer = config
  }
}

/// Runs a model whose sample sites are treated as `configure` says, where it says anything: Pyro's
/// `infer_config`.
public func inferConfig<Result>(
  _ configure: @escaping @Sendable (Site) -> InferConfig?, _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: InferConfigHandler(configure: configure))
}
