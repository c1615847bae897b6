/// Gives every site that needs one a random key, made from one key and the site's name.
///
/// Because the name alone tells the draws apart, adding a site to a model changes no other's.
struct SeedHandler: KeySource {
  let key: RandomKey
  let dtype: DType

  func process(_ site: inout Site) {
    if site.givenDType == nil { site.dtype = dtype }
    guard site.kind == .sample || site.kind == .plate, site.value == nil, site.key == nil else {
      return
    }
    site.key = key.foldIn(site.name)
  }

  /// The innermost in force.
  static var current: SeedHandler? {
    var current: SeedHandler?
    HandlerFrame.visit(SeedHandler.self) { current = current ?? $0 }
    return current
  }
}

/// Gives the subsets of plates a key of their own.
struct SubsetSeedHandler: KeySource {
  let key: RandomKey

  func process(_ site: inout Site) {
    if site.kind == .plate && site.key == nil { site.key = key.foldIn(site.name) }
  }
}

/// Runs a model with its draws made from a key.
///
/// - Parameter dtype: that of draws whose distribution has literals for parameters.
public func seeded<Result>(
  key: RandomKey, dtype: DType = .float64, _ model: () throws -> Result
) rethrows -> Result {
  try handle(model, with: SeedHandler(key: key, dtype: dtype))
}
