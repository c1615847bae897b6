/// Which divergences are known, as a value: registering a pair makes another registry.
///
///     let registry = KLRegistry.standard.registering(Mine.self, Normal.self) { p, q in … }
///     try klDivergence(mine, Normal(0, 1), in: registry)
public struct KLRegistry: Sendable {
  private struct Pair: Hashable {
    let p: ObjectIdentifier
    let q: ObjectIdentifier
  }

  private typealias Rule = @Sendable (any Distribution, any Distribution) throws -> Tensor?

  private var rules: [Pair: Rule] = [:]

  /// What the library and the distributions themselves know.
  public static let standard = KLRegistry()

  /// The same with a divergence for distributions of exactly these types, which goes before all
  /// other rules.
  public func registering<P: Distribution, Q: Distribution>(
    _ p: P.Type, _ q: Q.Type, _ divergence: @escaping @Sendable (P, Q) throws -> Tensor
  ) -> KLRegistry {
    var result = self
    result.rules[Pair(p: ObjectIdentifier(p), q: ObjectIdentifier(q))] = { p, q in
      guard let p = p as? P, let q = q as? Q else { return nil }
      return try divergence(p, q)
    }
    return result
  }

  /// The divergence by the first rule that knows the pair.
  func divergence(_ p: any Distribution, _ q: any Distribution) throws -> Tensor? {
    let pair = Pair(p: ObjectIdentifier(type(of: p)), q: ObjectIdentifier(type(of: q)))
    if let own = try rules[pair]?(p, q) { return own }
    if let wrapped = try throughWrappers(p, q) { return wrapped }
    let isOutside = outside(p.support, of: q.support)
    if case .everywhere = isOutside { return infinite(p, q) }
    guard let formula = try stated(p, q) ?? sumOverSupport(p, q) else { return nil }
    if case .masked(let mask) = isOutside { return `where`(mask, .infinite, formula) }
    return formula
  }

  /// What the distributions say.
  private func stated(_ p: any Distribution, _ q: any Distribution) throws -> Tensor? {
    if let p = p as? any KLDivergenceDistribution,
      let result = try p.klDivergence(to: q, in: self)
    {
      return result
    }
    if let q = q as? any KLDivergenceDistribution {
      return try q.klDivergence(from: p, in: self)
    }
    return nil
  }

  private func infinite(_ p: any Distribution, _ q: any Distribution) -> Tensor {
    let given = (p.parameters + q.parameters).map(\.value)
    let batch = p.batchShape.broadcast(with: q.batchShape) ?? p.batchShape
    return Tensor.full(batch, .infinity, dtype: drawDType(given, .float64))
  }
}
