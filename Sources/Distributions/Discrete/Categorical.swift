/// One of K categories, numbered from 0.
///
/// log p(x) = log probs[x] − log Σ probs, or logits[x] − log Σ exp logits. The last axis of the
/// parameters is that of the categories, the others are the batch.
///
/// A category may have probability 0, or a logit of −∞. Unlike Pyro's, it has a mean and variance:
/// those of the category's number.
public struct Categorical: MomentDistribution {
  let weights: Weights
  public private(set) var batchShape: Shape
  /// The number of categories.
  public var categoryCount: Int { weights.count }
  public var support: Constraint {
    .integers(from: 0, to: lastCategory)
  }
  public var parameters: [Parameter] { [weights.parameter] }
  public var isReparameterized: Bool { false }

  /// - Parameter probs: of at least 0; they are divided by their sum.
  public init(probs: Tensor) { self.init(Weights(probs: probs, of: "Categorical")) }

  /// - Parameter logits: log probabilities, up to a common summand.
  public init(logits: Tensor) { self.init(Weights(logits: logits, of: "Categorical")) }

  init(_ weights: Weights) {
    self.weights = weights
    batchShape = weights.batchShape
  }

  /// The probabilities, of sum 1.
  public var probs: Tensor { spread(weights.probs) }
  /// The logarithms of the probabilities.
  public var logits: Tensor { spread(weights.logProbs) }

  private var lastCategory: Tensor { Tensor(floatLiteral: Double(categoryCount - 1)) }

  private func spread(_ table: Tensor) -> Tensor {
    table.broadcast(to: batchShape + [categoryCount])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let rows = weights.batchShape
    let isAlone = rows.broadcast(with: value.shape) == rows
    return onSupport(isAlone ? oneEach(value) : manyEach(value), value)
  }

  /// For one value to each row: a row is read once, the category found by comparison on the way.
  private func oneEach(_ value: Tensor) -> Tensor {
    let isChosen = value.expandingDims(at: -1) .== Tensor.arange(categoryCount)
    return weights.logProbs(of: `where`(isChosen, weights.given, 0).sum(axis: -1))
  }

  /// For many values to a row: looked up in a table of the rows' log probabilities.
  private func manyEach(_ value: Tensor) -> Tensor {
    let rows = weights.batchShape
    var position = `where`(support.contains(value), value, 0).cast(to: .int64)
    if rows.elementCount > 1 {
      position =
        position + (Tensor.arange(rows.elementCount) * Tensor(categoryCount)).reshaped(to: rows)
    }
    return weights.logProbs.following(value).flattened().gathered(position)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([weights.given], dtype)
    return categories(shape, key: key).cast(to: dtype)
  }

  /// By inversion: how many running sums of the probabilities a uniform number exceeds. One below the
  /// total exceeds no sum of categories that never occur but together with those before.
  func categories(_ shape: Shape, key: RandomKey) -> Tensor {
    let sums = weights.cumulative
    let u = key.uniform(shape + batchShape, dtype: sums.dtype)
    let bound = u * sums.selecting(-1, along: -1)
    if sums.rank == 1 { return searchSorted(sums, bound, right: true) }
    return (sums .<= bound.expandingDims(at: -1)).sum(axis: -1)
  }

  public func expanded(to batchShape: Shape) -> Categorical {
    var result = self
    result.batchShape = batchShape
    return result
  }

  private var numbers: Tensor { counts(categoryCount, dtype: weights.probs.dtype) }

  public var mean: Tensor { (weights.probs * numbers).sum(axis: -1).broadcast(to: batchShape) }
  public var variance: Tensor {
    let probs = weights.probs
    let mean = (probs * numbers).sum(axis: -1, keepingAxes: true)
    return (probs * square(numbers - mean)).sum(axis: -1).broadcast(to: batchShape)
  }
}

extension Categorical: EntropyDistribution {
  public var entropy: Tensor { weights.entropy.broadcast(to: batchShape) }
}

extension Categorical: QuantileDistribution {
  /// Running sums of the probabilities, of which rounding may carry none past 1.
  private var sums: Tensor { minimum(weights.probs.cumulativeSum(along: -1), 1) }

  public func cdf(_ value: Tensor) -> Tensor {
    cdfOfCounts(value) { x in
      let isChosen = Tensor.arange(categoryCount) .== x.expandingDims(at: -1)
      return `where`(x .>= lastCategory, 1, `where`(isChosen, sums, 0).sum(axis: -1))
    }
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let p = probability
    let isShort = sums .< p.expandingDims(at: -1)
    let least = minimum(isShort.cast(to: sums.dtype).sum(axis: -1), lastCategory)
    return overBatch(`where`((p .>= 0) .&& (p .<= 1), least, notANumber))
  }
}

extension Categorical: EnumerableDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    enumeration(counts(categoryCount, dtype: drawDType([weights.given], dtype)), expanded: expanded)
  }
}
