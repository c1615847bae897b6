/// A distribution of numbers known to lie between two bounds, either of which may be missing.
///
/// log p(x) = log p_base(x) − log P_base(low ≤ x ≤ high), for low ≤ x ≤ high
///
/// Draws are by inversion, so they differentiate by the bounds and by the parameters of the base. Where the
/// base is a `TailDistribution`, all is accurate far out in its tails, in the lower as in the upper one, and
/// for bounds close together.
public struct Truncated<Base: QuantileDistribution>: QuantileDistribution {
  public let base: Base
  public let low: Tensor?
  public let high: Tensor?
  /// What the base's support and the bounds have in common.
  public let support: Constraint
  private let tails: Tails

  /// - Parameters:
  ///   - low: the least value; nil for none.
  ///   - high: the greatest value, above `low`; nil for none.
  public init(_ base: Base, low: Tensor? = nil, high: Tensor? = nil) {
    precondition(low != nil || high != nil, "Truncated: a bound is missing")
    precondition(
      base.eventShape.isEmpty, "Truncated: a base of events of shape \(base.eventShape)")
    if let low { requireParameter(low, .real, "Truncated", "low") }
    if let high { requireParameter(high, .greaterThan(low ?? -.infinite), "Truncated", "high") }
    var arguments = [("base", Tensor.zeros(base.batchShape))]
    if let low { arguments.append(("low", low)) }
    if let high { arguments.append(("high", high)) }
    let shape = Distributions.batchShape(of: "Truncated", arguments)
    self.init(
      expanded: base.batchShape == shape ? base : base.expanded(to: shape), low, high)
  }

  private init(expanded base: Base, _ low: Tensor?, _ high: Tensor?) {
    self.base = base
    self.low = low
    self.high = high
    support = Self.common(base.support, low, high)
    tails = Tails(base)
  }

  public var batchShape: Shape { base.batchShape }
  public var isReparameterized: Bool { base.isReparameterized && !base.support.isDiscrete }

  public var parameters: [Parameter] {
    var result = base.parameters
    if let low { result.append(Parameter("low", low, .real)) }
    if let high {
      result.append(Parameter("high", high, low.map { .greaterThan($0) } ?? .real))
    }
    return result
  }

  /// What a base's support and bounds have in common.
  private static func common(_ base: Constraint, _ low: Tensor?, _ high: Tensor?) -> Constraint {
    let (least, most) = base.bounds
    let lower = tighter(least, low, maximum)
    let upper = tighter(most, high, minimum)
    if base.isDiscrete { return Constraint(Integers(from: lower, to: upper)) }
    switch (lower, upper) {
    case (let lower?, let upper?): return .interval(lower, upper)
    case (let lower?, nil): return .atLeast(lower)
    case (nil, let upper?): return .atMost(upper)
    case (nil, nil): return base
    }
  }

  private static func tighter(
    _ a: Tensor?, _ b: Tensor?, _ choose: (Tensor, Tensor) -> Tensor
  ) -> Tensor? {
    guard let a else { return b }
    guard let b else { return a }
    if let x = a.literalScalar, let y = b.literalScalar {
      return choose(Tensor(x), Tensor(y)).scalar() == x ? a : b
    }
    return choose(a, b)
  }

  /// Below this nothing counts: the lower bound, or for whole numbers the one before.
  private var below: Tensor? { base.support.isDiscrete ? low.map { ceil($0) - 1 } : low }

  private var logMass: Tensor {
    guard let below else { return tails.logCDF(high ?? .infinite) }
    return high.map { tails.logMass(below, $0) } ?? tails.logSurvival(below)
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let density = base.logProb(value) - logMass
    return isOutside(value).map { `where`($0, logZero, density) } ?? density
  }

  private func isOutside(_ value: Tensor) -> Tensor? {
    let (tooLow, tooHigh) = (low.map { value .< $0 }, high.map { value .> $0 })
    guard let tooLow else { return tooHigh }
    return tooHigh.map { tooLow .|| $0 } ?? tooLow
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    return icdf(key.uniform(shape + batchShape, dtype: dtype))
  }

  public func expanded(to batchShape: Shape) -> Truncated {
    Truncated(expanded: base.expanded(to: batchShape), low, high)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    var x = value
    if let low { x = maximum(x, low) }
    if let high { x = minimum(x, high) }
    let log = below.map { tails.logMass($0, x) } ?? tails.logCDF(x)
    var result = exp(log - logMass)
    if let low { result = `where`(value .< low, 0, result) }
    if let high { result = `where`(value .>= high, 1, result) }
    return overBatch(result)
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    var x = quantile(log(probability), log1p(-probability))
    if let low { x = maximum(x, low) }
    if let high { x = minimum(x, high) }
    return overBatch(ofProbability(probability, x))
  }

  /// The quantile of a probability p, given log p and log(1 − p), by the tail in which both ends are the
  /// less likely.
  private func quantile(_ logP: Tensor, _ logQ: Tensor) -> Tensor {
    guard let below else {
      return tails.icdf(logProbability: tails.logCDF(high ?? .infinite) + logP)
    }
    guard let high else { return tails.icdf(logSurvival: tails.logSurvival(below) + logQ) }
    let (upToLow, fromHigh) = (tails.logCDF(below), tails.logSurvival(high))
    let fromLeft = logAddExp(upToLow + logQ, tails.logCDF(high) + logP)
    let fromRight = logAddExp(tails.logSurvival(below) + logQ, fromHigh + logP)
    return `where`(
      upToLow .> fromHigh, tails.icdf(logSurvival: fromRight),
      tails.icdf(logProbability: fromLeft))
  }
}

extension Constraint {
  /// The ends of a set of numbers, where it has ends.
  fileprivate var bounds: (lower: Tensor?, upper: Tensor?) {
    switch kind {
    case let set as HalfLine:
      set.side == .above ? (set.bound.value, nil) : (nil, set.bound.value)
    case let set as Interval: (set.lower.value, set.upper.value)
    case let set as Integers: (set.lower?.value, set.upper?.value)
    case is Boolean: (0, 1)
    default: (nil, nil)
    }
  }
}
