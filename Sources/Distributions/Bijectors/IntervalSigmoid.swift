/// x ↦ lower + (upper − lower) / (1 + exp(−x)), onto the numbers between two bounds; log det
/// log(upper − lower) − softplus(x) − softplus(−x).
///
/// Values are measured from the nearer bound, so none leaves the interval by rounding and those
/// near the upper bound keep their distance to it.
public struct IntervalSigmoid: Bijector, Equatable {
  private let lower: Tensor
  private let upper: Tensor
  public let codomain: Constraint

  /// - Parameter upper: above `lower`.
  public init(_ lower: Tensor, _ upper: Tensor) {
    let isOpen = !lower.isGiven || !upper.isGiven || (lower .< upper).boolArray().allSatisfy { $0 }
    precondition(isOpen, "IntervalSigmoid: lower must be below upper, got \(lower) and \(upper)")
    self.init(lower, upper, onto: .interval(lower, upper))
  }

  /// The same, with a codomain that may lack its ends.
  init(_ lower: Tensor, _ upper: Tensor, onto codomain: Constraint) {
    self.lower = lower
    self.upper = upper
    self.codomain = codomain
  }

  public static func == (a: IntervalSigmoid, b: IntervalSigmoid) -> Bool {
    a.lower.isKnownEqual(to: b.lower) && a.upper.isKnownEqual(to: b.upper)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let width = upper - lower
    // The share of the width between the value and the nearer bound.
    let y = `where`(x .< 0, lower + width * sigmoid(x), upper - width * sigmoid(-x))
    return (y, log(width) + logSigmoid(x) + logSigmoid(-x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let above = log(y - lower)
    let below = log(upper - y)
    return (above - below, log(upper - lower) - above - below)
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    shape.broadcast(with: lower.shape)?.broadcast(with: upper.shape) ?? shape
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }
}
