/// One of K categories, as a vector with a 1 in its place among zeros.
///
/// log p(x) = Σ xₖ log probsₖ − log Σ probs. The last axis of the parameters is that of the
/// categories and the event, the others are the batch.
public struct OneHotCategorical: MomentDistribution {
  private var base: Categorical
  public var batchShape: Shape { base.batchShape }
  public var eventShape: Shape { [base.categoryCount] }
  public var support: Constraint { .oneHot }
  public var parameters: [Parameter] { base.parameters }
  public var isReparameterized: Bool { false }

  /// - Parameter probs: of at least 0; they are divided by their sum.
  public init(probs: Tensor) { base = Categorical(Weights(probs: probs, of: "OneHotCategorical")) }

  /// - Parameter logits: log probabilities, up to a common summand.
  public init(logits: Tensor) {
    base = Categorical(Weights(logits: logits, of: "OneHotCategorical"))
  }

  /// The probabilities, of sum 1.
  public var probs: Tensor { base.probs }
  /// The logarithms of the probabilities.
  public var logits: Tensor { base.logits }

  public func logProb(_ value: Tensor) -> Tensor {
    let chosen = `where`(value .== 1, base.weights.given, 0).sum(axis: -1)
    return onSupport(base.weights.logProbs(of: chosen), value)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([base.weights.given], dtype)
    return oneHot(
      base.categories(shape, key: key), count: base.categoryCount, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> OneHotCategorical {
    var result = self
    result.base = base.expanded(to: batchShape)
    return result
  }

  public var mean: Tensor { probs }
  public var variance: Tensor { base.weights.spreads.broadcast(to: batchShape + eventShape) }
}

extension OneHotCategorical: EntropyDistribution {
  public var entropy: Tensor { base.entropy }
}

extension OneHotCategorical: EnumerableDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    let dtype = drawDType([base.weights.given], dtype)
    return enumeration(Tensor.eye(base.categoryCount, dtype: dtype), expanded: expanded)
  }
}
