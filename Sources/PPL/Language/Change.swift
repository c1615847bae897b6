import Distributions

/// A parameter that changes what a map would be without it, and changes nothing at zero: it starts
/// small and random, or at zero under `NoChange`.
package func change(
  _ name: String, initializedBy initial: @escaping @Sendable (RandomKey) -> Tensor
) -> Tensor {
  var site = Site(.param, name)
  site.declaration = Site.Declaration(.real, eventRank: nil, isChange: true, initial)
  return applied(&site)
}

/// Lets every change start at zero.
package struct NoChange: Handler {
  package init() {}

  package func process(_ site: inout Site) {
    guard let declaration = site.declaration, declaration.isChange else { return }
    site.declaration = Site.Declaration(declaration.constraint, eventRank: declaration.eventRank) {
      let initial = declaration.initialValue($0)
      return Tensor.zeros(initial.shape, dtype: initial.dtype)
    }
  }
}
