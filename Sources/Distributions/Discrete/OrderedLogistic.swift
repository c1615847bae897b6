/// One of K ordered categories: the interval between `cutpoints` into which a logistic variable
/// around `predictor` falls.
///
/// log p(x) = log(σ(cₓ − predictor) − σ(cₓ₋₁ − predictor)), for x = 0, …, K − 1, with the K − 1
/// cutpoints between c₋₁ = −∞ and c_{K−1} = ∞. The last axis of `cutpoints` is that of the
/// categories, the others belong to the batch.
public struct OrderedLogistic: MomentDistribution {
  public let predictor: Tensor
  public let cutpoints: Tensor
  public private(set) var batchShape: Shape
  /// The number of categories.
  public var categoryCount: Int { cutpoints.shape[cutpoints.rank - 1] + 1 }
  public var support: Constraint {
    .integers(from: 0, to: lastCategory)
  }
  public var parameters: [Parameter] {
    [Parameter("predictor", predictor, .real), Parameter("cutpoints", cutpoints, .ordered)]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - predictor: where the logistic variable lies; finite.
  ///   - cutpoints: along the last axis, in ascending order.
  public init(_ predictor: Tensor, _ cutpoints: Tensor) {
    requireParameter(predictor, .real, "OrderedLogistic", "predictor")
    requireParameter(cutpoints, .ordered, "OrderedLogistic", "cutpoints")
    precondition(
      cutpoints.rank > 0, "OrderedLogistic: cutpoints is a scalar; its last axis has K − 1 of them")
    let rows = Shape(cutpoints.shape.dropLast())
    guard let shape = predictor.shape.broadcast(with: rows) else {
      preconditionFailure(
        """
        OrderedLogistic: a predictor of shape \(predictor.shape) does not broadcast with cutpoints \
        of batch shape \(rows)
        """)
    }
    self.predictor = predictor
    self.cutpoints = cutpoints
    batchShape = shape
  }

  private var lastCategory: Tensor { Tensor(floatLiteral: Double(categoryCount - 1)) }

  /// The ends of the category's interval come from one pass over the cutpoints.
  public func logProb(_ value: Tensor) -> Tensor {
    let position = Tensor.arange(categoryCount - 1)
    let x = value.expandingDims(at: -1)
    func cutpoint(_ isChosen: Tensor) -> Tensor { `where`(isChosen, cutpoints, 0).sum(axis: -1) }
    let (upper, lower) = (cutpoint(position .== x), cutpoint(position + 1 .== x))
    let (isFirst, isLast) = (value .<= 0, value .>= lastCategory)
    let isInner = .!(isFirst .|| isLast)
    // σ(u) − σ(l) = σ(u) σ(−l) (1 − exp(l − u)): three logarithms of one sign.
    let mass =
      `where`(isLast, 0, logSigmoid(upper - predictor))
      + `where`(isFirst, 0, logSigmoid(predictor - lower))
      + `where`(isInner, log1mExp(`where`(isInner, lower - upper, -1)), 0)
    return onSupport(mass, value)
  }

  /// The probabilities of the categories, along a new last axis.
  public var probs: Tensor {
    let distances = cutpoints - predictor.expandingDims(at: -1)
    let (below, above) = (sigmoid(distances), sigmoid(-distances))
    let count = categoryCount - 1
    let first = below.sliced(along: -1, start: 0, count: 1)
    let last = above.sliced(along: -1, start: count - 1, count: 1)
    guard count > 1 else { return spread(concat([first, last], along: -1)) }
    let upper = below.sliced(along: -1, start: 1, count: count - 1)
    let farther = above.sliced(along: -1, start: 0, count: count - 1)
    let wide = distances.sliced(along: -1, start: 1, count: count - 1)
    let near = distances.sliced(along: -1, start: 0, count: count - 1)
    let inner = -(upper * farther * expm1(near - wide))
    return spread(concat([first, inner, last], along: -1))
  }

  private func spread(_ probs: Tensor) -> Tensor {
    probs.broadcast(to: batchShape + [categoryCount])
  }

  /// By the interval into which a logistic variable falls.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([predictor, cutpoints], dtype)
    let noise = logit(key.uniform(shape + batchShape, dtype: dtype))
    let isAbove = cutpoints .< (predictor + noise).expandingDims(at: -1)
    return isAbove.cast(to: dtype).sum(axis: -1)
  }

  public func expanded(to batchShape: Shape) -> OrderedLogistic {
    var result = self
    result.batchShape = batchShape
    return result
  }

  private var categorical: Categorical { Categorical(.probs(probs)) }
  public var mean: Tensor { categorical.mean }
  public var variance: Tensor { categorical.variance }
}

extension OrderedLogistic: EntropyDistribution {
  public var entropy: Tensor { categorical.entropy }
}

extension OrderedLogistic: QuantileDistribution {
  /// σ(cₓ − predictor), and 1 from the last category on.
  public func cdf(_ value: Tensor) -> Tensor {
    cdfOfCounts(value) { x in
      let isChosen = Tensor.arange(categoryCount - 1) .== x.expandingDims(at: -1)
      let upper = `where`(isChosen, cutpoints, 0).sum(axis: -1)
      return `where`(x .>= lastCategory, 1, sigmoid(upper - predictor))
    }
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let p = probability
    let sums = sigmoid(cutpoints - predictor.expandingDims(at: -1))
    let isShort = sums .< p.expandingDims(at: -1)
    let least = isShort.cast(to: sums.dtype).sum(axis: -1).following(p)
    return overBatch(`where`((p .>= 0) .&& (p .<= 1), least, notANumber))
  }
}

extension OrderedLogistic: EnumerableDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    let dtype = drawDType([predictor, cutpoints], dtype)
    return enumeration(counts(categoryCount, dtype: dtype), expanded: expanded)
  }
}
