/// A finite set of weighted points.
///
/// log p(x) = log of the share of weight at points equal to x. With weights of shape
/// batch + [count], the points have the shape batch + [count] + event.
///
/// Unlike Pyro's, the mass of x counts every point equal to it, not the first only.
public struct Empirical: MomentDistribution {
  public let samples: Tensor
  private let mixing: Categorical
  public var logWeights: Tensor { mixing.weights.given }
  public var batchShape: Shape { mixing.batchShape }
  public var eventShape: Shape { Shape(samples.shape.dropFirst(mixing.weights.given.rank)) }
  public var support: Constraint { Constraint(Points(distribution: self)) }
  public var parameters: [Parameter] {
    [
      Parameter("samples", samples, .real.independent(eventShape.rank)),
      Parameter("logWeights", logWeights, .real.independent(1)),
    ]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - samples: the points.
  ///   - logWeights: their log weights, up to a common summand.
  public init(_ samples: Tensor, logWeights: Tensor) {
    precondition(
      samples.rank >= logWeights.rank
        && Shape(samples.shape.prefix(logWeights.rank)) == logWeights.shape,
      "Empirical: weights of shape \(logWeights.shape) for points of shape \(samples.shape)")
    self.samples = samples
    mixing = Categorical(Weights(logits: logWeights, of: "Empirical"))
  }

  /// Points of equal weight along the first axis.
  public init(_ samples: Tensor) {
    precondition(samples.rank > 0, "Empirical: a scalar instead of points along an axis")
    let count = samples.shape[0]
    self.init(
      samples,
      logWeights: Tensor.zeros([count], dtype: samples.dtype.isFloat ? samples.dtype : .float64))
  }

  private init(_ samples: Tensor, _ mixing: Categorical) {
    self.samples = samples
    self.mixing = mixing
  }

  private var rank: Int { eventShape.rank }
  private func eventAxes() -> [Int] { (0..<rank).map { -1 - $0 } }

  /// Which points equal the value: a mask over batch and points.
  fileprivate func matches(_ value: Tensor) -> Tensor {
    let isEqual = samples .== value.expandingDims(at: -1 - rank)
    return rank == 0 ? isEqual : isEqual.all(axes: eventAxes())
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let isEqual = matches(value)
    // The mass of points of density 1 or 0.
    return overBatch(
      mixing.weights.mixture(`where`(isEqual, 0, logZero).cast(to: logWeights.dtype)))
  }

  /// Points, drawn with replacement.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let chosen = mixing.categories(shape, key: key).cast(to: .int64)
    let count = mixing.categoryCount
    let rows = batchShape
    let offset = (Tensor.arange(rows.elementCount) * Tensor(count)).reshaped(to: rows)
    let flat = samples.reshaped(to: [rows.elementCount * count] + eventShape)
    return flat.gathered(chosen + offset)
  }

  public func expanded(to batchShape: Shape) -> Empirical {
    let count = mixing.categoryCount
    let weights = Weights.logits(logWeights.broadcast(to: batchShape + [count]))
    return Empirical(
      samples.broadcast(to: batchShape + [count] + eventShape), Categorical(weights))
  }

  private func average(_ each: Tensor) -> Tensor {
    let probs = (0..<rank).reduce(mixing.weights.probs) { result, _ in result.expandingDims(at: -1)
    }
    return (probs * each).sum(axis: -1 - rank)
  }

  public var mean: Tensor { average(samples) }
  public var variance: Tensor {
    average(square(samples - mean.expandingDims(at: -1 - rank)))
  }
}

/// The points are listed as often as they were given.
extension Empirical: EnumerableDistribution {
  /// For a batch every element has its own points; `expanded` has no effect then.
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    let axis = batchShape.rank
    return samples.transposed(to: [axis] + (0..<samples.rank).filter { $0 != axis })
  }
}

/// The points of an empirical distribution.
private struct Points: ConstraintSet {
  let distribution: Empirical
  var eventRank: Int { distribution.eventShape.rank }
  var isDiscrete: Bool { true }
  var description: String {
    "one of \(distribution.samples.shape[distribution.batchShape.rank]) points"
  }

  func contains(_ value: Tensor) -> Tensor { distribution.matches(value).any(axes: [-1]) }

  static func == (a: Points, b: Points) -> Bool {
    a.distribution.samples.isSame(as: b.distribution.samples)
  }
}
