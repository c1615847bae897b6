/// The Kullback–Leibler divergence of q from p, E_p[log p(x) − log q(x)] in nats; it has the common
/// batch shape.
///
/// +∞ where p has mass outside the support of q.
///
/// Exact: closed forms where the pair has one, sums over the values of a finite p, and these through
/// `toEvent`, `mask` and equal bijectors. A distribution of one's own takes part by conforming to
/// `KLDivergenceDistribution`; pairs of others are added to a registry, or replaced in it.
///
/// - Throws: `KLDivergenceError.unknownPair` where none of these applies.
public func klDivergence(
  _ p: any Distribution, _ q: any Distribution, in registry: KLRegistry = .standard
) throws -> Tensor {
  precondition(
    p.eventShape == q.eventShape,
    "klDivergence: events of shapes \(p.eventShape) and \(q.eventShape)")
  guard let divergence = try registry.divergence(p, q) else {
    throw KLDivergenceError.unknownPair("\(type(of: p))", "\(type(of: q))")
  }
  guard let batch = p.batchShape.broadcast(with: q.batchShape) else {
    preconditionFailure("klDivergence: batches of shapes \(p.batchShape) and \(q.batchShape)")
  }
  return divergence.broadcast(to: divergence.shape.broadcast(with: batch) ?? batch)
}

/// Why a divergence is not known.
public enum KLDivergenceError: Error, Equatable, CustomStringConvertible {
  /// No closed form is known for distributions of these types.
  case unknownPair(String, String)

  public var description: String {
    switch self {
    case .unknownPair(let p, let q):
      """
      no closed form is known for the KL divergence of \(q) from \(p); \
      estimate it by Monte Carlo, as the mean of p.logProb(x) − q.logProb(x) over draws of p
      """
    }
  }
}

/// A distribution that knows its divergence from some others.
///
/// Both questions may be answered with nil, which leaves the pair to other rules.
public protocol KLDivergenceDistribution: Distribution {
  /// E[log self(x) − log q(x)] over this distribution.
  func klDivergence(to q: any Distribution, in registry: KLRegistry) throws -> Tensor?
  /// E_p[log p(x) − log self(x)].
  func klDivergence(from p: any Distribution, in registry: KLRegistry) throws -> Tensor?
}

extension KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) throws -> Tensor? {
    nil
  }
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) throws -> Tensor? {
    nil
  }
}
