/// A distribution made of another, whose divergences go back to that one's.
protocol KLDivergenceWrapper {
  /// The divergence to `q`, nil if the wrapper cannot say it.
  func wrappedDivergence(to q: any Distribution, _ registry: KLRegistry) throws -> Tensor?
  /// The divergence from `p`, which is no such wrapper.
  func wrappedDivergence(from p: any Distribution, _ registry: KLRegistry) throws -> Tensor?
}

extension KLDivergenceWrapper {
  func wrappedDivergence(from p: any Distribution, _ registry: KLRegistry) throws -> Tensor? {
    nil
  }
}

extension KLRegistry {
  func throughWrappers(_ p: any Distribution, _ q: any Distribution) throws -> Tensor? {
    if let p = p as? any KLDivergenceWrapper,
      let result = try p.wrappedDivergence(to: q, self)
    {
      return result
    }
    return try (q as? any KLDivergenceWrapper)?.wrappedDivergence(from: p, self)
  }
}

extension Delta: KLDivergenceWrapper {
  /// log density − log q(value), for any q: what is left where all mass is at one point.
  ///
  /// As a guide's value of a constrained site it carries the log determinant of its map, which must
  /// not be lost.
  func wrappedDivergence(to q: any Distribution, _ registry: KLRegistry) throws -> Tensor? {
    logDensity - q.logProb(value)
  }
}

extension Independent: KLDivergenceWrapper {
  /// The sum over the axes that both take as parts of an event. If one side has more of them, the
  /// rest stays with it.
  func wrappedDivergence(to q: any Distribution, _ registry: KLRegistry) throws -> Tensor? {
    guard eventRank > 0 else { return try registry.divergence(base, q) }
    if let delta = base as? Delta {
      return try registry.divergence(delta.toEvent(absorbing: eventRank), q)
    }
    guard let q = q as? any IndependentDistribution else { return nil }
    let shared = min(eventRank, q.eventRank)
    guard
      let each = try registry.divergence(
        withoutEvent(shared), q.withoutEvent(shared))
    else { return nil }
    return summedOverEvent(
      each, shared, withoutEvent(shared).batchShape, q.withoutEvent(shared).batchShape)
  }

  func wrappedDivergence(from p: any Distribution, _ registry: KLRegistry) throws -> Tensor? {
    eventRank == 0 ? try registry.divergence(p, base) : nil
  }
}

/// Any `Independent`, whatever its base.
protocol IndependentDistribution {
  var eventRank: Int { get }
  /// The same with `count` axes of the event, the innermost of those taken, back in the batch.
  func withoutEvent(_ count: Int) -> any Distribution
}

extension Independent: IndependentDistribution {
  func withoutEvent(_ count: Int) -> any Distribution {
    count == eventRank ? base : Independent(base, eventRank - count)
  }
}

/// The sum over the innermost axes of a divergence of batches of the given shapes.
private func summedOverEvent(_ each: Tensor, _ count: Int, _ p: Shape, _ q: Shape) -> Tensor {
  let batch = p.broadcast(with: q).flatMap { each.shape.broadcast(with: $0) } ?? each.shape
  return each.logDetSummed(over: count, batch: batch)
}

extension Delta {
  /// The same with `count` axes of the batch as part of the point.
  fileprivate func toEvent(absorbing count: Int) -> Delta {
    let density = logDensity.logDetSummed(over: count, batch: batchShape)
    return Delta(
      value.broadcast(to: batchShape + eventShape), logDensity: density,
      eventRank: eventRank + count)
  }
}

extension TransformedDistribution: KLDivergenceWrapper {
  /// A bijector that both have in common changes no divergence.
  func wrappedDivergence(to q: any Distribution, _ registry: KLRegistry) throws -> Tensor? {
    guard let q = q as? any TransformedByBijectors, bijector.isEqual(to: q.bijector) else {
      return nil
    }
    return try registry.divergence(untransformed, q.untransformed)
  }
}

/// Any `TransformedDistribution`, whatever its base.
protocol TransformedByBijectors {
  var bijector: Compose { get }
  /// The base, with the axes of an event that the bijectors act on.
  var untransformed: any Distribution { get }
}

extension TransformedDistribution: TransformedByBijectors {
  var untransformed: any Distribution {
    let excess = bijector.eventRank - base.eventShape.rank
    return excess > 0 ? base.toEvent(excess) : base
  }
}

extension Masked: KLDivergenceWrapper {
  /// That of the bases where both masks are true, 0 elsewhere.
  func wrappedDivergence(to q: any Distribution, _ registry: KLRegistry) throws -> Tensor? {
    guard let q = q as? any MaskedDistribution else { return nil }
    if case .all(false) = mask { return 0 }
    if case .all(false) = q.selection { return 0 }
    var divergence = try registry.divergence(base, q.unmasked)
    for case .each(let mask) in [mask, q.selection] {
      divergence = divergence.map { `where`(mask, $0, 0) }
    }
    return divergence
  }
}

/// Any `Masked`, whatever its base.
protocol MaskedDistribution {
  var selection: DistributionMask { get }
  var unmasked: any Distribution { get }
}

extension Masked: MaskedDistribution {
  var selection: DistributionMask { mask }
  var unmasked: any Distribution { base }
}
