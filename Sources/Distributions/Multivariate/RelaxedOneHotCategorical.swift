/// A category made differentiable: softmax((logits + g) / temperature) for Gumbel noise g, close to
/// one of the corners of the simplex at low temperatures (Maddison, Mnih and Teh 2017).
///
/// log p(x) = log Γ(K) + (K − 1) log t + Σ (logitsᵢ − (t + 1) log xᵢ) − K log Σ exp(logitsᵢ) xᵢ⁻ᵗ, with
/// K categories and t = temperature, in the interior of the simplex
public struct RelaxedOneHotCategorical: Distribution {
  public let temperature: Tensor
  private let weights: Weights
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [weights.count] }
  public var support: Constraint { .simplex }
  public var parameters: [Parameter] {
    [Parameter("temperature", temperature, .positive), weights.parameter]
  }

  /// - Parameters:
  ///   - temperature: positive; one for each element of the batch, or one for all.
  ///   - probs: positive weights of any sum, with the categories along the last axis.
  public init(_ temperature: Tensor, probs: Tensor) {
    self.init(temperature, Weights(probs: probs, of: "RelaxedOneHotCategorical"))
  }

  /// - Parameters:
  ///   - temperature: positive; one for each element of the batch, or one for all.
  ///   - logits: logarithms of weights of any sum, with the categories along the last axis.
  public init(_ temperature: Tensor, logits: Tensor) {
    self.init(temperature, Weights(logits: logits, of: "RelaxedOneHotCategorical"))
  }

  private init(_ temperature: Tensor, _ weights: Weights) {
    requireParameter(temperature, .positive, "RelaxedOneHotCategorical", "temperature")
    self.temperature = temperature
    self.weights = weights
    batchShape = Distributions.batchShape(
      of: "RelaxedOneHotCategorical",
      [("temperature", temperature), ("the batch", Tensor.zeros(weights.batchShape))])
  }

  public var logits: Tensor { weights.logProbs }
  public var probs: Tensor { weights.probs }

  /// The temperature with an axis for the categories.
  private var perCategory: Tensor {
    temperature.rank == 0 ? temperature : temperature.expandingDims(at: -1)
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let isInside = support.contains(value) .&& (value .> 0).all(axes: [-1])
    let isOutside = .!isInside .&& .!isNaN(value).any(axes: [-1])
    let logX = log(`where`(value .<= 0, 1, value))
    let scores = weights.logWeights - perCategory * logX
    let count = Double(weights.count)
    let constant = (count - 1) * log(temperature) + lgamma(Tensor(floatLiteral: count))
    let density = (scores - logX).sum(axis: -1) - count * scores.logSumExp(axis: -1) + constant
    return overBatch(`where`(isOutside, logZero, density))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([temperature, weights.given], dtype)
    let gumbel = -log(-log(key.uniform(shape + batchShape + eventShape, dtype: dtype)))
    let scores = (weights.logWeights + gumbel) / perCategory
    return maximum(scores.softmax(axis: -1), Tensor(floatLiteral: dtype.leastNormal))
  }

  public func expanded(to batchShape: Shape) -> RelaxedOneHotCategorical {
    var result = self
    result.batchShape = batchShape
    return result
  }
}
