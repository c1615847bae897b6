/// A coin made differentiable: sigmoid((logits + z) / temperature) for a logistic variable z, which is
/// close to 0 or 1 at low temperatures (Maddison, Mnih and Teh 2017).
///
/// log p(x) = log temperature + log Logistic(z) − log x − log(1 − x), with
/// z = temperature · log(x / (1 − x)) − logits, for 0 < x < 1
public struct RelaxedBernoulli: QuantileDistribution {
  public let temperature: Tensor
  private let chance: Chance
  public private(set) var batchShape: Shape
  public var support: Constraint { .unitInterval }
  public var parameters: [Parameter] {
    [Parameter("temperature", temperature, .positive), chance.parameter()]
  }

  /// - Parameters:
  ///   - temperature: positive.
  ///   - probs: between 0 and 1, the probability of x > ½.
  public init(_ temperature: Tensor, probs: Tensor) {
    self.init(temperature, Chance(probs: probs, of: "RelaxedBernoulli"))
  }

  /// - Parameters:
  ///   - temperature: positive.
  ///   - logits: log odds.
  public init(_ temperature: Tensor, logits: Tensor) {
    self.init(temperature, Chance(logits: logits, of: "RelaxedBernoulli"))
  }

  private init(_ temperature: Tensor, _ chance: Chance) {
    requireParameter(temperature, .positive, "RelaxedBernoulli", "temperature")
    self.temperature = temperature
    self.chance = chance
    let given = chance.parameter()
    batchShape = Distributions.batchShape(
      of: "RelaxedBernoulli", [("temperature", temperature), (given.name, given.value)])
  }

  public var probs: Tensor { chance.probs }
  public var logits: Tensor { chance.logits }

  public func logProb(_ value: Tensor) -> Tensor {
    let isOutside = (value .<= 0) .|| (value .>= 1)
    let x = `where`(isOutside, oneHalf, value)
    let (logX, logY) = (log(x), log1p(-x))
    let z = temperature * (logX - logY) - logits
    let density = log(temperature) - (softplus(z) + softplus(-z)) - (logX + logY)
    return overBatch(`where`(isOutside, logZero, density))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([temperature, chance.given], dtype)
    return quantile(key.uniform(shape + batchShape, dtype: dtype)).keptInsideUnitInterval()
  }

  private func quantile(_ p: Tensor) -> Tensor { sigmoid((logit(p) + logits) / temperature) }

  public func expanded(to batchShape: Shape) -> RelaxedBernoulli {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(cdfOnUnitInterval(value) { sigmoid(temperature * logit($0) - logits) })
  }

  public func icdf(_ probability: Tensor) -> Tensor { overBatch(quantile(probability)) }
}
