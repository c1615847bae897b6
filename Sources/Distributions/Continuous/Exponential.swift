/// The exponential distribution with the given rate: waiting times of mean 1 / rate.
///
/// log p(x) = log rate − rate · x, for x ≥ 0
public struct Exponential: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let rate: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .nonNegative }
  public var parameters: [Parameter] { [Parameter("rate", rate, .positive)] }

  /// - Parameter rate: positive.
  public init(_ rate: Tensor) {
    requireParameter(rate, .positive, "Exponential", "rate")
    self.rate = rate
    batchShape = rate.shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(`where`(value .< 0, logZero, log(rate) - rate * value))
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    -log(key.uniform(shape + batchShape, dtype: drawDType([rate], dtype))) / rate
  }

  public func expanded(to batchShape: Shape) -> Exponential {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { (1 / rate).broadcast(to: batchShape) }
  public var variance: Tensor { (1 / square(rate)).broadcast(to: batchShape) }
  /// 1 − log rate.
  public var entropy: Tensor { (1 - log(rate)).broadcast(to: batchShape) }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(`where`(value .< 0, 0, -expm1(-rate * value)))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, -log1p(-probability) / rate))
  }
}
