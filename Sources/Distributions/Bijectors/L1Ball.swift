/// Vectors onto those whose magnitudes sum to at most 1: yₖ is the share tanh xₖ of what the
/// magnitudes before it leave over, 1 − |y₁| − … − |yₖ₋₁|.
///
/// Log det: Σₖ (log sech² xₖ + log of what was left over). Its derivative jumps where an xₖ is 0.
public struct L1Ball: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var isAutoregressive: Bool { true }
  public var codomain: Constraint { .l1Ball }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let count = x.shape.last("L1Ball")
    let size = 2 * abs(x)
    // 1 − tanh |x| = 2 σ(−2 |x|), 1 + tanh |x| = 2 σ(2 |x|)
    let logRest = logTwo + logSigmoid(-size)
    let left = logRest.cumulativeSum(along: -1).slice(0..<count - 1, along: -1)
      .padded(before: 1, after: 0, along: -1)
    let logDet = (left + logRest + (logTwo + logSigmoid(size))).sum(axis: -1)
    return (tanh(x) * exp(left), logDet)
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let size = abs(y)
    let rest = 1 - size.cumulativeSum(along: -1)
    let left = rest + size
    let x = atanh(y / left)
    // 1 − (|y| / left)² = rest (left + |y|) / left²
    return (x, (log(left) - log(rest) - log(left + size)).sum(axis: -1))
  }
}
