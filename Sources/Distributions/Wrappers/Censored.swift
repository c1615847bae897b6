/// Values of a base distribution, some observed, some known only by an end of where they are.
///
/// log p(x) = log p_base(x) where x was observed, and where it was censored log P_base(y ≤ x) or
/// log P_base(y > x), as the `Side` says.
///
/// Draws are those of the base, before censoring, as in NumPyro.
public struct Censored<Base: CumulativeDistribution, Side: CensoringSide>: Distribution {
  public let base: Base
  public let censored: Tensor
  private let tails: Tails

  /// - Parameter censored: 0 or false where the value was observed, 1 or true where it is an end.
  public init(_ base: Base, censored: Tensor) {
    let name: StaticString = Side.isLeft ? "LeftCensored" : "RightCensored"
    self.init(expanded: base.spread(over: [("censored", censored)], name), censored)
  }

  private init(expanded base: Base, _ censored: Tensor) {
    self.base = base
    self.censored = censored
    tails = Tails(base)
  }

  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { base.support }
  public var isReparameterized: Bool { base.isReparameterized }
  public var parameters: [Parameter] {
    base.parameters + [Parameter("censored", censored, .boolean)]
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let beyond = Side.isLeft ? tails.logCDF(value) : tails.logSurvival(value)
    return `where`(censored .!= 0, beyond, base.logProb(value))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> Censored {
    Censored(expanded: base.expanded(to: batchShape), censored)
  }
}

/// Which end is known of a censored value.
public protocol CensoringSide: Sendable {
  /// Whether it is the upper one: the value lies to its left.
  static var isLeft: Bool { get }
}

public enum LeftCensoring: CensoringSide { public static let isLeft = true }
public enum RightCensoring: CensoringSide { public static let isLeft = false }

/// Values of which some are known only as upper ends: left-censored, like the concentrations below
/// what an instrument can detect.
public typealias LeftCensored<Base: CumulativeDistribution> = Censored<Base, LeftCensoring>

/// Values of which some are known only as lower ends: right-censored, like the times of those who
/// had no event yet.
public typealias RightCensored<Base: CumulativeDistribution> = Censored<Base, RightCensoring>

/// Values of a base distribution of which only an interval is known: a value is a pair (lower, upper)
/// along the last axis.
///
/// | left | right | log p |
/// |---|---|---|
/// | 0 | 0 | log P(lower < y ≤ upper), or log p_base(lower) where both are equal |
/// | 1 | 0 | log P(y ≤ upper) |
/// | 0 | 1 | log P(y > lower) |
/// | 1 | 1 | log P(y ≤ lower or y > upper) |
///
/// As in NumPyro, but that a draw is a pair too: a value of the base twice, which is an exact observation,
/// and that only equal ends count as one, not those close together.
public struct IntervalCensored<Base: CumulativeDistribution>: Distribution {
  public let base: Base
  public let leftCensored: Tensor
  public let rightCensored: Tensor
  private let tails: Tails

  /// - Parameters:
  ///   - leftCensored: 1 or true where the lower end does not count.
  ///   - rightCensored: 1 or true where the upper end does not count.
  public init(_ base: Base, leftCensored: Tensor, rightCensored: Tensor) {
    let marks = [("leftCensored", leftCensored), ("rightCensored", rightCensored)]
    self.init(
      expanded: base.spread(over: marks, "IntervalCensored"), leftCensored, rightCensored)
  }

  private init(expanded base: Base, _ leftCensored: Tensor, _ rightCensored: Tensor) {
    self.base = base
    self.leftCensored = leftCensored
    self.rightCensored = rightCensored
    tails = Tails(base)
  }

  public var batchShape: Shape { base.batchShape }
  public var eventShape: Shape { [2] }
  public var support: Constraint { base.support.independent(1) }
  public var isReparameterized: Bool { base.isReparameterized }
  public var parameters: [Parameter] {
    base.parameters + [
      Parameter("leftCensored", leftCensored, .boolean),
      Parameter("rightCensored", rightCensored, .boolean),
    ]
  }

  public func logProb(_ value: Tensor) -> Tensor {
    precondition(
      value.shape.last == 2, "IntervalCensored: pairs expected, got the shape \(value.shape)")
    let (lower, upper) = (value.selecting(0, along: -1), value.selecting(1, along: -1))
    let (isLeft, isRight) = (leftCensored .!= 0, rightCensored .!= 0)
    let (below, above) = (tails.logCDF(upper), tails.logSurvival(lower))
    let outside = logAddExp(tails.logCDF(lower), tails.logSurvival(upper))
    let between = `where`(
      lower .== upper, base.logProb(lower), tails.logMass(lower, upper))
    return `where`(
      isLeft, `where`(isRight, outside, below), `where`(isRight, above, between))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let draw = base.sample(shape, key: key, dtype: dtype)
    return stack([draw, draw], along: -1)
  }

  public func expanded(to batchShape: Shape) -> IntervalCensored {
    IntervalCensored(expanded: base.expanded(to: batchShape), leftCensored, rightCensored)
  }
}

extension CumulativeDistribution {
  /// The distribution over the batch that it has in common with the marks of what was censored.
  fileprivate func spread(
    over marks: [(String, Tensor)], _ distribution: StaticString
  ) -> Self {
    precondition(eventShape.isEmpty, "\(distribution): a base of events of shape \(eventShape)")
    let shape = Distributions.batchShape(
      of: distribution, [("base", Tensor.zeros(batchShape))] + marks)
    return shape == batchShape ? self : expanded(to: shape)
  }
}
