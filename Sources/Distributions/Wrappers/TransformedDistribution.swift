/// The distribution of f(x) for x from a base distribution and bijectors applied in order.
///
/// log p(y) = log p_base(x) − log |det ∂y/∂x| at x = f⁻¹(y)
///
/// Where the bijectors act on events of more axes than the base has, its innermost batch axes become
/// part of the event. Onto a set of fewer dimensions than its values have elements (the simplex, a
/// kind of matrices) the density is with respect to the elements that the bijector says.
///
/// Numbers have a distribution function and quantiles where the base has them.
public struct TransformedDistribution<Base: Distribution>: Distribution {
  public let base: Base
  public let bijector: Compose
  /// How many batch axes of the base are part of an event.
  private let promoted: Int
  /// The rank of an event before and after the bijectors.
  fileprivate let pointRank: Int
  fileprivate let valueRank: Int

  /// - Parameter bijectors: applied first to last.
  public init(_ base: Base, _ bijectors: [any Bijector]) {
    bijector = Compose(bijectors, of: base.support)
    pointRank = max(base.eventShape.rank, bijector.eventRank)
    promoted = pointRank - base.eventShape.rank
    valueRank = pointRank + bijector.valueRank - bijector.eventRank
    precondition(
      promoted <= base.batchShape.rank,
      """
      TransformedDistribution: the bijectors act on events of \(bijector.eventRank) axes, a draw of \
      the base has the shape \(base.batchShape + base.eventShape)
      """)
    // Bijectors may have a batch of parameters of their own.
    let shape = base.batchShape + base.eventShape
    let full = bijector.inverseShape(bijector.forwardShape(shape))
    self.base =
      full == shape
      ? base : base.expanded(to: Shape(full.dropLast(base.eventShape.rank)))
  }

  public var batchShape: Shape { Shape(base.batchShape.dropLast(promoted)) }
  public var eventShape: Shape {
    let full = bijector.forwardShape(base.batchShape + base.eventShape)
    return Shape(full.suffix(valueRank))
  }
  public var support: Constraint { bijector.image(of: base.support.independent(promoted)) }
  public var parameters: [Parameter] { base.parameters }
  public var isReparameterized: Bool { base.isReparameterized }

  public func logProb(_ value: Tensor) -> Tensor {
    let (x, logDet) = bijector.inverseAndLogDet(value, context: nil)
    let density = baseLogProb(x)
    let total = density + overEvent(logDet)
    let support = support
    guard !support.isUnconstrained else { return total }
    // Beyond or at the edge of the support the log determinant may be NaN or infinite.
    let isNaN = isNaN(value)
    let hasNaN = valueRank > 0 ? isNaN.any(axes: (1...valueRank).map { -$0 }) : isNaN
    let isOutside = .!support.contains(value) .&& .!hasNaN
    return `where`(isOutside .|| (density .== logZero), logZero, total)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    bijector.forward(base.sample(shape, key: key, dtype: dtype))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let (x, logProb) = base.sampleAndLogProb(shape, key: key, dtype: dtype)
    let (y, logDet) = bijector.forwardAndLogDet(x, context: nil)
    return (y, promotedSum(logProb) - overEvent(logDet))
  }

  public func sampleWithScore(
    _ shape: Shape, key: RandomKey, dtype: DType
  ) -> (value: Tensor, logProb: Tensor, score: Tensor) {
    let (x, logProb, baseScore) = base.sampleWithScore(shape, key: key, dtype: dtype)
    let (y, logDet, score) = bijector.forwardWithScore(x, score: baseScore, context: nil)
    return (y, promotedSum(logProb) - overEvent(logDet), score)
  }

  private func baseLogProb(_ x: Tensor) -> Tensor { promotedSum(base.logProb(x)) }

  private func promotedSum(_ logProb: Tensor) -> Tensor {
    promoted == 0 ? logProb : logProb.sum(axes: (1...promoted).map { -$0 })
  }

  /// A log determinant summed over the axes of the event that the bijectors take as a batch.
  private func overEvent(_ logDet: Tensor) -> Tensor {
    let excess = pointRank - bijector.eventRank
    return excess > 0 && logDet.rank >= excess
      ? logDet.sum(axes: (1...excess).map { -$0 }) : logDet
  }

  public func expanded(to batchShape: Shape) -> TransformedDistribution {
    let own = Shape(base.batchShape.suffix(promoted))
    return TransformedDistribution(base.expanded(to: batchShape + own), bijector.parts)
  }
}

// MARK: Probabilities

/// For continuous numbers through bijectors of numbers, which rise everywhere or fall everywhere.
extension TransformedDistribution: CumulativeDistribution where Base: CumulativeDistribution {
  /// P_base(x ≤ f⁻¹(value)), or P_base(x > f⁻¹(value)) where f falls.
  public func cdf(_ value: Tensor) -> Tensor {
    let inside = pointInside(value.dtype)
    let isOutside = .!support.contains(value)
    let limit = `where`(isNaN(value), value, (value .> inside).cast(to: value.dtype))
    let x = bijector.inverse(`where`(isOutside, inside, value))
    let mass = `where`(falls(at: inside), exp(Tails(base).logSurvival(x)), base.cdf(x))
    return overBatch(`where`(isOutside, limit, mass))
  }

  /// A value with a density; traps where there are no probabilities of numbers.
  fileprivate func pointInside(_ dtype: DType) -> Tensor {
    precondition(
      pointRank == 0 && valueRank == 0 && !base.support.isDiscrete,
      """
      TransformedDistribution: cdf and icdf are of continuous numbers, but a draw of the base is \
      \(base.support) and one of the bijectors' values has \(valueRank) axes
      """)
    let free = Tensor.zeros(batchShape, dtype: drawDType(base.parameters.map(\.value), dtype))
    return stopGradient(bijector.forward(base.support.bijector.forward(free)))
  }

  /// Where the bijectors turn large numbers into small ones.
  fileprivate func falls(at inside: Tensor) -> Tensor {
    gradient(of: bijector.inverse(inside).sum(), withRespectTo: inside) .< 0
  }
}

extension TransformedDistribution: QuantileDistribution where Base: QuantileDistribution {
  /// f of the base's quantile, of the upper one where f falls.
  public func icdf(_ probability: Tensor) -> Tensor {
    let upper = Tails(base).icdf(logSurvival: log(probability))
    let x = `where`(falls(at: pointInside(probability.dtype)), upper, base.icdf(probability))
    return overBatch(bijector.forward(x))
  }
}
