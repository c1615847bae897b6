/// Kumaraswamy's distribution on the unit interval, like a beta distribution but with a distribution
/// function in closed form: F(x) = 1 − (1 − xᵃ)ᵇ, a = concentration1, b = concentration0.
///
/// log p(x) = log(ab) + (a − 1) log x + (b − 1) log(1 − xᵃ), for 0 < x < 1
public struct Kumaraswamy: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let concentration1: Tensor
  public let concentration0: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .unitInterval }
  public var parameters: [Parameter] {
    [
      Parameter("concentration1", concentration1, .positive),
      Parameter("concentration0", concentration0, .positive),
    ]
  }

  /// - Parameters:
  ///   - concentration1: a, positive.
  ///   - concentration0: b, positive.
  public init(_ concentration1: Tensor, _ concentration0: Tensor) {
    requireParameter(concentration1, .positive, "Kumaraswamy", "concentration1")
    requireParameter(concentration0, .positive, "Kumaraswamy", "concentration0")
    self.concentration1 = concentration1
    self.concentration0 = concentration0
    batchShape = Distributions.batchShape(
      of: "Kumaraswamy",
      [("concentration1", concentration1), ("concentration0", concentration0)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let (a, b) = (concentration1, concentration0)
    return overBatch(
      onUnitInterval(value, atZero: a, atOne: b, peak: log(a) + log(b)) { x in
        log(a) + log(b) + (a - 1) * log(x) + (b - 1) * log1mExp(a * log(x))
      })
  }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration1, concentration0], dtype)
    return quantile(log(key.uniform(shape + batchShape, dtype: dtype))).keptInsideUnitInterval()
  }

  /// The x with 1 − F(x) = exp(`logSurvival`).
  private func quantile(_ logSurvival: Tensor) -> Tensor {
    exp(log1mExp(logSurvival / concentration0) / concentration1)
  }

  public func expanded(to batchShape: Shape) -> Kumaraswamy {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// log b B(1 + n/a, b), the logarithm of the moment E[xⁿ].
  private func logMoment(_ n: Double) -> Tensor {
    let n = Tensor(floatLiteral: n)
    return log(concentration0) + lbeta(1 + n / concentration1, concentration0)
  }

  public var mean: Tensor { exp(logMoment(1)).broadcast(to: batchShape) }
  public var variance: Tensor {
    let first = logMoment(1)
    return (exp(2 * first) * expm1(logMoment(2) - 2 * first)).broadcast(to: batchShape)
  }
  /// (1 − 1/b) + (1 − 1/a) (ψ(b + 1) + γ) − log(ab).
  public var entropy: Tensor {
    let (a, b) = (concentration1, concentration0)
    let harmonic = digamma(b + 1) + eulerGamma
    return ((1 - 1 / b) + (1 - 1 / a) * harmonic - (log(a) + log(b))).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(
      cdfOnUnitInterval(value) { x in
        -expm1(concentration0 * log1mExp(concentration1 * log(x)))
      })
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(ofProbability(probability, quantile(log1p(-probability))))
  }
}
