/// Another way to draw a site: from auxiliary sites, whose values make its own.
public protocol Reparameterization: Sendable {
  /// Draws auxiliary sites, and returns the value that site `name` has then.
  ///
  /// What the auxiliary sites score must be all the site scores. Returns nil if the distribution is
  /// of no kind this strategy knows.
  func value(_ name: String, _ distribution: any Distribution) -> Tensor?
}

/// Replaces latent sites by auxiliary ones and a deterministic one.
struct ReparamHandler: Handler {
  let strategy: @Sendable (Site) -> (any Reparameterization)?

  func process(_ site: inout Site) {
    guard site.kind == .sample, let strategy = strategy(site),
      let distribution = site.distribution
    else { return }
    precondition(
      !site.isObserved,
      "reparam: site \"\(site.name)\" is observed; only latent sites can be drawn another way")
    guard let value = strategy.value(site.name, distribution) else {
      preconditionFailure(
        """
        reparam: \(type(of: strategy)) does not apply to site "\(site.name)", which is of \
        \(type(of: distribution))
        """)
    }
    site.kind = .deterministic
    site.distribution = nil
    site.value = value
  }
}

/// Runs a model with the named latent sites drawn another way: Pyro's `reparam`.
///
/// The posterior is the same; its geometry, as inference sees it, is not.
public func reparam<Result>(
  _ strategies: [String: any Reparameterization], _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: ReparamHandler { strategies[$0.name] })
}

/// Runs a model with its latent sites drawn in the way that `strategy` gives, where it gives one.
public func reparam<Result>(
  by strategy: @escaping @Sendable (Site) -> (any Reparameterization)?,
  _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: ReparamHandler(strategy: strategy))
}
