/// A distribution some of whose batch axes are taken as axes of one event.
public struct Independent<Base: Distribution>: Distribution {
  public let base: Base
  public let eventRank: Int

  init(_ base: Base, _ eventRank: Int) {
    precondition(
      eventRank >= 0 && eventRank <= base.batchShape.rank,
      "toEvent: \(eventRank) axes of a batch of shape \(base.batchShape)")
    self.base = base
    self.eventRank = eventRank
  }

  public var batchShape: Shape { Shape(base.batchShape.dropLast(eventRank)) }
  public var eventShape: Shape {
    Shape(base.batchShape.suffix(eventRank)) + base.eventShape
  }
  public var support: Constraint { base.support.independent(eventRank) }
  public var parameters: [Parameter] { base.parameters }
  public var isReparameterized: Bool { base.isReparameterized }

  public func logProb(_ value: Tensor) -> Tensor { summed(base.logProb(value)) }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let (value, logProb) = base.sampleAndLogProb(shape, key: key, dtype: dtype)
    return (value, summed(logProb))
  }

  private func summed(_ logProb: Tensor) -> Tensor {
    guard eventRank > 0 else { return logProb }
    // Parameters that were never spread over the event count for each of its elements.
    let own = Shape(base.batchShape.suffix(eventRank))
    guard let full = logProb.shape.broadcast(with: own) else {
      preconditionFailure("toEvent: a log density of shape \(logProb.shape) for events of \(own)")
    }
    return logProb.broadcast(to: full).sum(axes: (1...eventRank).map { -$0 })
  }

  public func expanded(to batchShape: Shape) -> Independent {
    Independent(
      base.expanded(to: batchShape + Shape(base.batchShape.suffix(eventRank))), eventRank)
  }
}

extension Independent: MomentDistribution where Base: MomentDistribution {
  public var mean: Tensor { base.mean }
  public var variance: Tensor { base.variance }
}

extension Independent: EntropyDistribution where Base: EntropyDistribution {
  public var entropy: Tensor { summed(base.entropy) }
}

extension Distribution {
  /// The innermost `count` batch axes (default: all) taken as part of one event.
  public func toEvent(_ count: Int? = nil) -> Independent<Self> {
    Independent(self, count ?? batchShape.rank)
  }
}
