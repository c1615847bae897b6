/// A distribution whose log density counts only where a mask is true, and is 0 elsewhere.
///
/// Draws are those of the base everywhere.
public struct Masked<Base: Distribution>: Distribution {
  public let base: Base
  let mask: DistributionMask

  init(_ base: Base, _ mask: DistributionMask) {
    self.mask = mask
    guard case .each(let each) = mask, each.shape != base.batchShape else {
      self.base = base
      return
    }
    guard let shape = each.shape.broadcast(with: base.batchShape) else {
      preconditionFailure(
        "mask: a mask of shape \(each.shape) for a batch of shape \(base.batchShape)")
    }
    self.base = base.expanded(to: shape)
  }

  public var batchShape: Shape { base.batchShape }
  public var eventShape: Shape { base.eventShape }
  public var support: Constraint { base.support }
  public var parameters: [Parameter] { base.parameters }
  public var isReparameterized: Bool { base.isReparameterized }

  /// Nothing is computed if the mask is `false` as a whole.
  public func logProb(_ value: Tensor) -> Tensor {
    switch mask {
    case .all(true): return base.logProb(value)
    case .all(false):
      let rows = Shape(value.shape.dropLast(eventShape.rank))
      let dtype = drawDType(parameters.map(\.value), value.dtype.isFloat ? value.dtype : .float64)
      return overBatch(Tensor.zeros(rows, dtype: dtype))
    case .each(let mask): return `where`(mask, base.logProb(value), 0)
    }
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    base.sample(shape, key: key, dtype: dtype)
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    switch mask {
    case .all(true): return base.sampleAndLogProb(shape, key: key, dtype: dtype)
    case .all(false):
      let value = sample(shape, key: key, dtype: dtype)
      return (value, logProb(value))
    case .each(let mask):
      let (value, logProb) = base.sampleAndLogProb(shape, key: key, dtype: dtype)
      return (value, `where`(mask, logProb, 0))
    }
  }

  public func expanded(to batchShape: Shape) -> Masked {
    Masked(base.expanded(to: batchShape), mask)
  }
}

/// Where a log density counts.
enum DistributionMask: Sendable {
  case all(Bool)
  case each(Tensor)
}

extension Masked: MomentDistribution where Base: MomentDistribution {
  public var mean: Tensor { base.mean }
  public var variance: Tensor { base.variance }
}

extension Masked: EnumerableDistribution where Base: EnumerableDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    base.enumerateSupport(expanded: expanded, dtype: dtype)
  }
}

extension Distribution {
  /// The same with a log density of 0 where the mask, which broadcasts with the batch, is false.
  public func mask(_ mask: Tensor) -> Masked<Self> {
    precondition(mask.dtype == .bool, "mask: expected a mask, got a tensor of dtype \(mask.dtype)")
    return Masked(self, .each(mask))
  }

  /// The same, or with a log density of 0 everywhere.
  public func mask(_ mask: Bool) -> Masked<Self> { Masked(self, .all(mask)) }
}

extension Distribution {
  /// The same without masks.
  package var withoutMasks: any Distribution {
    (self as? any MaskedDistribution)?.unmasked.withoutMasks ?? self
  }
}
