public import PPL

/// A transformer of an interval onto itself that goes on outside as the identity.
public protocol IdentityTails: Transformer {
  /// The interval is [−bound, bound].
  var bound: Double { get }
  /// The map and the log of its derivative in the interval.
  func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor)
  /// The inverse and the log of its derivative in the interval.
  func inverseInsideAndLogDet(_ y: Tensor, _ parameters: [Tensor]) -> (x: Tensor, logDet: Tensor)
}

extension IdentityTails {
  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    withTails(x) { insideAndLogDet($0, parameters) }
  }

  public func inverseAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = withTails(y) { inverseInsideAndLogDet($0, parameters) }
    return (x, logDet)
  }

  /// Points outside are moved into the interval for the computation whose result they discard.
  private func withTails(
    _ x: Tensor, _ inside: (Tensor) -> (Tensor, Tensor)
  ) -> (y: Tensor, logDet: Tensor) {
    let bound = Tensor(floatLiteral: bound)
    let (y, logDet) = inside(clamp(x, -bound, bound))
    let isInside = abs(x) .<= bound
    return (`where`(isInside, y, x), `where`(isInside, logDet, 0))
  }
}

/// A smooth transformer of an interval that goes on outside along its tangents at the ends. The
/// inverse is found by root finding.
public protocol TangentTails: Transformer {
  /// The interval is [−bound, bound].
  var bound: Double { get }
  /// The map and the log of its derivative in the interval.
  func insideAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor)
}

extension TangentTails {
  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    let nearest = clamp(x, Tensor(floatLiteral: -bound), Tensor(floatLiteral: bound))
    let (y, logDet) = insideAndLogDet(nearest, parameters)
    let value = y + exp(logDet) * (x - nearest)
    return (value, logDet.broadcast(to: value.shape))
  }

  public func inverseAndLogDet(
    _ y: Tensor, _ parameters: [Tensor]
  ) -> (x: Tensor, logDet: Tensor) {
    let end = Tensor(bound, dtype: y.dtype)
    let (lowest, highest) = (
      insideAndLogDet(-end, parameters).y, insideAndLogDet(end, parameters).y
    )
    let nearest = clamp(y, lowest, highest)
    let inside = monotoneRoot(of: nearest, between: (-end, end)) { x in
      let (value, logDet) = insideAndLogDet(x, parameters)
      return (value, exp(logDet))
    }
    let logDet = insideAndLogDet(inside, parameters).logDet
    let x = inside + exp(-logDet) * (y - nearest)
    return (x, -logDet.broadcast(to: x.shape))
  }
}
