internal import PPL

/// Gives parameter sites values: their initial ones, random ones or given ones. Mutable sites have
/// their initial ones.
///
/// Values are kept as they are before the map onto a parameter's range, free to move anywhere.
final class LawParameters: Handler {
  private let key: RandomKey
  private let spread: Double?
  private let dtype: DType
  private let values: Locked<[String: Tensor]>

  /// - Parameter spread: the standard deviation of random free values; nil for the initial ones.
  init(key: RandomKey, spread: Double?) {
    self.key = key
    self.spread = spread
    dtype = .float64
    values = Locked([:])
  }

  /// Parameters of chosen free values.
  init(_ given: [String: Tensor], dtype: DType = .float64) {
    key = RandomKey(0)
    spread = nil
    self.dtype = dtype
    values = Locked(given.mapValues { $0.cast(to: dtype) })
  }

  /// The free values met so far, by name.
  var met: [String: Tensor] { values.withLock { $0 } }

  func process(_ site: inout Site) {
    guard let declaration = site.declaration else { return }
    let name = site.name
    if site.kind == .mutable {
      site.value = declaration.initialValue(key.foldIn(name)).cast(to: dtype)
    }
    guard site.kind == .param else { return }
    let free = values.withLock { $0[name] } ?? firstValue(name, declaration)
    values.withLock { $0[name] = free }
    site.value = declaration.constraint.bijector.forward(free)
  }

  private func firstValue(_ name: String, _ declaration: Site.Declaration) -> Tensor {
    let initial = declaration.initialValue(key.foldIn(name)).cast(to: dtype)
    let free = declaration.constraint.bijector.inverse(initial)
    guard let spread else { return free.detached() }
    return (spread * key.foldIn(name).foldIn("free").normal(free.shape, dtype: dtype)).detached()
  }
}
