/// A mixture of distributions of one kind: the components are the innermost batch axis of one
/// distribution.
///
/// log p(x) = log Σₖ wₖ pₖ(x), where `mixing` has the weights w
public struct MixtureSameFamily<Components: Distribution>: Distribution {
  public let mixing: Categorical
  public let components: Components
  public let batchShape: Shape
  public var eventShape: Shape { components.eventShape }
  public var parameters: [Parameter] { mixing.parameters + components.parameters }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - mixing: the probabilities of the components, one category for each.
  ///   - components: with as many components along the innermost batch axis.
  public init(_ mixing: Categorical, _ components: Components) {
    let count = mixing.categoryCount
    precondition(
      components.batchShape.last == count,
      """
      MixtureSameFamily: \(count) categories, but components of batch shape \
      \(components.batchShape), whose last axis should be as long
      """)
    let rows = Shape(components.batchShape.dropLast())
    guard let shape = rows.broadcast(with: mixing.batchShape) else {
      preconditionFailure(
        """
        MixtureSameFamily: a batch \(mixing.batchShape) of weights does not broadcast with \(rows) \
        of components
        """)
    }
    self.init(mixing, components, shape)
  }

  private init(_ mixing: Categorical, _ components: Components, _ shape: Shape) {
    self.mixing = mixing
    self.components =
      components.batchShape == shape + [mixing.categoryCount]
      ? components : components.expanded(to: shape + [mixing.categoryCount])
    batchShape = shape
  }

  public var support: Constraint {
    let own = components.support
    let isShared = own.contains(Tensor.zeros(eventShape)).rank + own.eventRank == eventShape.rank
    return isShared ? own : Constraint(AnyComponent(base: own, eventRank: eventShape.rank))
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let densities = components.logProb(forComponents(value))
    return overBatch(mixing.weights.mixture(densities))
  }

  /// All components draw; the chosen one is kept.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    let draws = components.sample(shape, key: key.foldIn(1), dtype: dtype)
    let chosen = mixing.expanded(to: batchShape).sample(shape, key: key.foldIn(0), dtype: dtype)
    let isChosen = spread(chosen.expandingDims(at: -1) .== Tensor.arange(mixing.categoryCount))
    return `where`(isChosen, draws, 0).sum(axis: -1 - eventShape.rank)
  }

  public func expanded(to batchShape: Shape) -> MixtureSameFamily {
    MixtureSameFamily(mixing, components, batchShape)
  }

  /// A value with an axis of extent one where the components are.
  fileprivate func forComponents(_ value: Tensor) -> Tensor {
    value.expandingDims(at: -1 - eventShape.rank)
  }

  /// Something about each component with axes of extent one where the event is.
  fileprivate func spread(_ each: Tensor) -> Tensor {
    (0..<eventShape.rank).reduce(each) { result, _ in result.expandingDims(at: -1) }
  }
}

extension MixtureSameFamily: MomentDistribution where Components: MomentDistribution {
  public var mean: Tensor { average(components.mean) }

  /// The mean variance and the variance of the means.
  public var variance: Tensor {
    let mean = forComponents(mean)
    return average(components.variance + square(components.mean - mean))
  }

  private func average(_ each: Tensor) -> Tensor {
    (spread(mixing.weights.probs) * each).sum(axis: -1 - eventShape.rank)
  }
}

extension MixtureSameFamily: CumulativeDistribution where Components: CumulativeDistribution {
  public func cdf(_ value: Tensor) -> Tensor {
    let shares = components.cdf(value.expandingDims(at: -1))
    let sum = (mixing.weights.probs * shares).sum(axis: -1)
    // The weights sum to 1 but for rounding.
    return overBatch(`where`(shares.min(axis: -1) .>= 1, 1, sum))
  }
}

/// What is in the set of any component, each along the innermost batch axis of its own bounds.
private struct AnyComponent: ConstraintSet {
  let base: Constraint
  let eventRank: Int
  var isDiscrete: Bool { base.isDiscrete }
  var description: String { "\(base) for a component" }

  func contains(_ value: Tensor) -> Tensor {
    base.independent(eventRank - base.eventRank)
      .contains(value.expandingDims(at: -1 - eventRank)).any(axes: [-1])
  }
}
