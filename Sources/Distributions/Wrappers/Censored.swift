/// Values of a base distribution of which some are known only as upper ends: left-censored.
///
/// log p(x) = log p_base(x) where x was observed, log P_base(y ≤ x) where it was censored
///
/// Draws are those of the base, before censoring, as in NumPyro.
public struct LeftCensored<Base: CumulativeDistribution>: Distribution {
  private let core: CensoredBase<Base>
  public let censored: Tensor
  public var base: Base { core.base }

  /// - Parameter censored: 0 or false where the value was observed, 1 or true where it is an upper end.
  public init(_ base: Base, censored: Tensor) {
    core = CensoredBase(base, [("censored", censored)], "LeftCensored")
    self.censored = censored
  }

  private init(_ core: CensoredBase<Base>, _ censored: Tensor) {
    self.core = core
    self.censored = censored
  }

  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { base.support }
  public var isReparameterized: Bool { base.isReparameterized }
  public var parameters: [Parameter] {
    base.parameters + [Parameter("censored", censored, .boolean)]
  }

  public func logProb(_ value: Tensor) -> Tensor {
    `where`(censored .!= 0, core.tails.logCDF(value), base.logProb(value))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> LeftCensored {
    LeftCensored(core.expanded(to: batchShape), censored)
  }
}

/// Values of a base distribution of which some are known only as lower ends: right-censored, like the
/// times of those who had no event yet.
///
/// log p(x) = log p_base(x) where x was observed, log P_base(y > x) where it was censored
///
/// Draws are those of the base, before censoring, as in NumPyro.
public struct RightCensored<Base: CumulativeDistribution>: Distribution {
  private let core: CensoredBase<Base>
  public let censored: Tensor
  public var base: Base { core.base }

  /// - Parameter censored: 0 or false where the value was observed, 1 or true where it is a lower end.
  public init(_ base: Base, censored: Tensor) {
    core = CensoredBase(base, [("censored", censored)], "RightCensored")
    self.censored = censored
  }

  private init(_ core: CensoredBase<Base>, _ censored: Tensor) {
    self.core = core
    self.censored = censored
  }

  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { base.support }
  public var isReparameterized: Bool { base.isReparameterized }
  public var parameters: [Parameter] {
    base.parameters + [Parameter("censored", censored, .boolean)]
  }

  public func logProb(_ value: Tensor) -> Tensor {
    `where`(censored .!= 0, core.tails.logSurvival(value), base.logProb(value))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> RightCensored {
    RightCensored(core.expanded(to: batchShape), censored)
  }
}

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
  private let core: CensoredBase<Base>
  public let leftCensored: Tensor
  public let rightCensored: Tensor
  public var base: Base { core.base }

  /// - Parameters:
  ///   - leftCensored: 1 or true where the lower end does not count.
  ///   - rightCensored: 1 or true where the upper end does not count.
  public init(_ base: Base, leftCensored: Tensor, rightCensored: Tensor) {
    core = CensoredBase(
      base, [("leftCensored", leftCensored), ("rightCensored", rightCensored)],
      "IntervalCensored")
    self.leftCensored = leftCensored
    self.rightCensored = rightCensored
  }

  private init(_ core: CensoredBase<Base>, _ leftCensored: Tensor, _ rightCensored: Tensor) {
    self.core = core
    self.leftCensored = leftCensored
    self.rightCensored = rightCensored
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
    let tails = core.tails
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
    IntervalCensored(core.expanded(to: batchShape), leftCensored, rightCensored)
  }
}

/// What censored distributions have in common: a base spread over the batch of the marks.
private struct CensoredBase<Base: CumulativeDistribution>: Sendable {
  let base: Base
  let tails: Tails

  init(_ base: Base, _ marks: [(String, Tensor)], _ distribution: StaticString) {
    precondition(
      base.eventShape.isEmpty, "\(distribution): a base of events of shape \(base.eventShape)")
    let shape = Distributions.batchShape(
      of: distribution, [("base", Tensor.zeros(base.batchShape))] + marks)
    self.init(expanded: base.batchShape == shape ? base : base.expanded(to: shape))
  }

  private init(expanded base: Base) {
    self.base = base
    tails = Tails(base)
  }

  func expanded(to batchShape: Shape) -> CensoredBase {
    CensoredBase(expanded: base.expanded(to: batchShape))
  }
}
