/// How often each of K categories occurs in `totalCount` independent draws.
///
/// log p(x) = log n! − Σ log xₖ! + Σ xₖ log pₖ, for whole xₖ ≥ 0 of sum n. The last axis of the
/// parameters is that of the categories and the event.
///
/// Unlike Pyro's, the total count may differ between the elements of a batch.
public struct Multinomial: MomentDistribution {
  public let totalCount: Tensor
  private let weights: Weights
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [weights.count] }
  public var support: Constraint { .multinomial(total: totalCount) }
  public var parameters: [Parameter] {
    [Parameter("totalCount", totalCount, .nonNegativeInteger), weights.parameter]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - totalCount: the number of draws, a whole number of at least 0.
  ///   - probs: of at least 0; they are divided by their sum.
  public init(_ totalCount: Tensor, probs: Tensor) {
    self.init(totalCount, Weights(probs: probs, of: "Multinomial"))
  }

  /// - Parameters:
  ///   - totalCount: the number of draws, a whole number of at least 0.
  ///   - logits: log probabilities, up to a common summand.
  public init(_ totalCount: Tensor, logits: Tensor) {
    self.init(totalCount, Weights(logits: logits, of: "Multinomial"))
  }

  private init(_ totalCount: Tensor, _ weights: Weights) {
    requireParameter(totalCount, .nonNegativeInteger, "Multinomial", "totalCount")
    guard let shape = totalCount.shape.broadcast(with: weights.batchShape) else {
      preconditionFailure(
        """
        Multinomial: totalCount of shape \(totalCount.shape) does not broadcast with a batch of \
        \(weights.batchShape)
        """)
    }
    self.totalCount = totalCount
    self.weights = weights
    batchShape = shape
  }

  /// The probabilities, of sum 1.
  public var probs: Tensor { weights.probs.broadcast(to: batchShape + eventShape) }
  /// The logarithms of the probabilities.
  public var logits: Tensor { weights.logProbs.broadcast(to: batchShape + eventShape) }

  public func logProb(_ value: Tensor) -> Tensor {
    let isInside = support.contains(value)
    // One category after another is binomial: nothing cancels between masses of at most 1.
    let x = `where`(isInside.expandingDims(at: -1), value, 0)
    let left = x.reverseCumulativeSum()
    let terms = binomialLogMass(x, left - x, logits: weights.conditionalLogits)
    let mass = weights.multinomialScore(of: stopGradient(terms.sum(axis: -1)), at: x)
    return overBatch(`where`(isInside, mass.following(value), logZero))
  }

  /// One category after another, from the trials that are left.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([weights.given], dtype)
    return multinomialDraw(
      totalCount.broadcast(to: shape + batchShape), weights.conditionalProbs, key: key, dtype: dtype
    )
  }

  public func expanded(to batchShape: Shape) -> Multinomial {
    var result = self
    result.batchShape = batchShape
    return result
  }

  private var trials: Tensor { totalCount.expandingDims(at: -1) }
  public var mean: Tensor { (trials * weights.probs).broadcast(to: batchShape + eventShape) }
  public var variance: Tensor {
    (trials * weights.spreads).broadcast(to: batchShape + eventShape)
  }
}

/// `totalCount` must be the same in the whole batch.
extension Multinomial: EntropyDistribution {
  /// −log n! − n Σ pᵢ log pᵢ + Σ E log xᵢ!, the last by summing over the values of each count.
  public var entropy: Tensor {
    let n = homogeneous(totalCount, "Multinomial", "totalCount")
    let probs = weights.probs
    let k = counts(n + 1, dtype: probs.dtype)
    let each = probs.expandingDims(at: -1)
    let masses = exp(binomialLogMass(k, Double(n) - k, probs: each))
    let logFactorials = (masses * lgamma(k + 1)).sum(axes: [-2, -1])
    let logFactorial = lgamma(Tensor(floatLiteral: Double(n) + 1))
    return (Double(n) * weights.entropy - logFactorial + logFactorials)
      .broadcast(to: batchShape)
  }
}

extension Weights {
  /// The log odds of each category against all that follow.
  var conditionalLogits: Tensor {
    switch self {
    case .probs(let probs):
      let rest = probs.reverseCumulativeSum(exclusive: true)
      return `where`(probs .> 0, log(probs) - log(rest), logZero)
    case .logits(let logits):
      let rest = logits.flipped(along: -1).cumulativeLogSumExp(along: -1).flipped(along: -1)
      let none = Tensor.full(Shape(logits.shape.dropLast()) + [1], -.infinity, dtype: logits.dtype)
      let after = concat(
        [rest.sliced(along: -1, start: 1, count: count - 1), none], along: -1)
      return `where`(logits .> logZero, logits - after, logZero)
    }
  }

  /// The probability of each category, given that none before it occurs.
  var conditionalProbs: Tensor {
    let probs = probs
    let left = probs.reverseCumulativeSum()
    return `where`(left .> 0, minimum(probs / `where`(left .> 0, left, 1), 1), 0)
  }

  /// A log mass that depends on the probabilities as Σ xₖ log pₖ does, with that derivative.
  func multinomialScore(of mass: Tensor, at x: Tensor) -> Tensor {
    let isLinear: Bool
    switch self {
    case .probs: isLinear = true
    case .logits: isLinear = false
    }
    let shape = mass.shape + [count]
    let (given, counts) = (given.cast(to: mass.dtype).broadcast(to: shape), x.broadcast(to: shape))
    return withCustomDerivative(value: mass, inputs: [given]) { ct, inputs, _ in
      let total = counts.sum(axis: -1, keepingAxes: true)
      let score =
        isLinear
        ? xOver(counts, inputs[0]) - total / inputs[0].sum(axis: -1, keepingAxes: true)
        : counts - total * Weights.logits(inputs[0]).probs
      return [ct.expandingDims(at: -1) * score]
    }
  }
}

/// x / p, and 0 where x is 0, whatever p.
private func xOver(_ x: Tensor, _ p: Tensor) -> Tensor {
  let isNone = x .== 0
  return `where`(isNone, 0, x / `where`(isNone, 1, p))
}

extension Tensor {
  /// Along the last axis, the sum of each element and those after it, or of those after it alone.
  func reverseCumulativeSum(exclusive: Bool = false) -> Tensor {
    guard exclusive else { return flipped(along: -1).cumulativeSum(along: -1).flipped(along: -1) }
    let count = shape[rank - 1]
    let none = Tensor.zeros(Shape(shape.dropLast()) + [1], dtype: dtype)
    let after = sliced(along: -1, start: 1, count: count - 1).reverseCumulativeSum()
    return count == 1 ? none : concat([after, none], along: -1)
  }
}

/// Counts of sum `total`, of which each category takes its binomial share of those left.
///
/// - Parameter chances: of each category, given that none before it occurs.
func multinomialDraw(
  _ total: Tensor, _ chances: Tensor, key: RandomKey, dtype: DType
) -> Tensor {
  let count = chances.shape[chances.rank - 1]
  var left = total.cast(to: .float64)
  var result: [Tensor] = []
  for category in 0..<count - 1 {
    let chance = chances.selecting(category, along: -1)
    let share = key.foldIn(category).binomial(left, chance, total.shape)
    result.append(share)
    left = left - share
  }
  return stack(result + [left], along: -1).cast(to: dtype)
}
