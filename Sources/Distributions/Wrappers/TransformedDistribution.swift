/// The distribution of f(x) for x from a base distribution and bijectors applied in order.
///
/// log p(y) = log p_base(x) − log |det ∂y/∂x| at x = f⁻¹(y)
public struct TransformedDistribution<Base: Distribution>: Distribution {
  public let base: Base
  public let bijector: Compose
  private let eventRank: Int

  /// - Parameter bijectors: applied first to last.
  public init(_ base: Base, _ bijectors: [any Bijector]) {
    bijector = Compose(bijectors)
    eventRank = max(base.eventShape.rank, bijector.eventRank)
    precondition(
      eventRank == base.eventShape.rank,
      """
      TransformedDistribution: the bijectors act on events of \(bijector.eventRank) axes, the base \
      has \(base.eventShape.rank); mark them with toEvent()
      """)
    // Bijectors may have a batch of parameters of their own.
    let shape = bijector.forwardShape(base.batchShape + base.eventShape)
    let batchShape = Shape(shape.dropLast(eventRank))
    self.base = batchShape == base.batchShape ? base : base.expanded(to: batchShape)
  }

  public var batchShape: Shape { base.batchShape }
  public var eventShape: Shape {
    let full = bijector.forwardShape(base.batchShape + base.eventShape)
    return Shape(full.suffix(eventRank))
  }
  public var support: Constraint { bijector.codomain }
  public var parameters: [Parameter] { base.parameters }
  public var isReparameterized: Bool { base.isReparameterized }

  public func logProb(_ value: Tensor) -> Tensor {
    let (x, logDet) = bijector.inverseAndLogDet(value, context: nil)
    let density = base.logProb(x)
    let total = density + overEvent(logDet)
    guard !support.isReal else { return total }
    // Beyond or at the edge of the support the log determinant may be NaN or infinite.
    return `where`(isOutside(value) .|| (density .== logZero), logZero, total)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    bijector.forward(base.sample(shape, key: key, dtype: dtype))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let (x, logProb) = base.sampleAndLogProb(shape, key: key, dtype: dtype)
    let (y, logDet) = bijector.forwardAndLogDet(x, context: nil)
    return (y, logProb - overEvent(logDet))
  }

  private func isOutside(_ value: Tensor) -> Tensor {
    func any(_ mask: Tensor, _ excess: Int) -> Tensor {
      excess > 0 ? mask.any(axes: (1...excess).map { -$0 }) : mask
    }
    return any(.!support.contains(value), eventRank - support.eventRank)
      .&& .!any(isNaN(value), eventRank)
  }

  private func overEvent(_ logDet: Tensor) -> Tensor {
    let excess = eventRank - bijector.eventRank
    return excess > 0 && logDet.rank >= excess
      ? logDet.sum(axes: (1...excess).map { -$0 }) : logDet
  }

  public func expanded(to batchShape: Shape) -> TransformedDistribution {
    TransformedDistribution(base.expanded(to: batchShape), bijector.parts)
  }
}
