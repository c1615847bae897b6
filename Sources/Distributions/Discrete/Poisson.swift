/// The number of independent events of which `rate` occur on average.
///
/// log p(x) = x log rate − rate − log x!, for x = 0, 1, …
public struct Poisson: MomentDistribution, EntropyDistribution {
  public let rate: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .nonNegativeInteger }
  public var parameters: [Parameter] { [Parameter("rate", rate, .nonNegative)] }
  public var isReparameterized: Bool { false }

  /// - Parameter rate: at least 0; at 0 the count is 0.
  public init(_ rate: Tensor) {
    requireParameter(rate, .nonNegative, "Poisson", "rate")
    self.rate = rate
    batchShape = rate.shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    onSupport(poissonLogMass(value, rate: rate), value)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    key.poisson(rate, shape + batchShape, dtype: drawDType([rate], dtype))
  }

  public func expanded(to batchShape: Shape) -> Poisson {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { rate.broadcast(to: batchShape) }
  public var variance: Tensor { rate.broadcast(to: batchShape) }
  /// −Σ p log p.
  public var entropy: Tensor { poissonEntropy(rate: rate).broadcast(to: batchShape) }
}

extension Poisson: QuantileDistribution {
  /// P(x ≤ k) = Q(k + 1, rate).
  public func cdf(_ value: Tensor) -> Tensor {
    cdfOfCounts(value) { gammaincc($0 + 1, rate) }
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(poissonQuantile(probability, rate: rate))
  }
}
