/// The Weibull distribution: (x / scale)ᵏ is exponentially distributed, k = concentration.
///
/// log p(x) = log(k / scale) + (k − 1) log(x / scale) − (x / scale)ᵏ, for x > 0
///
/// The arguments are in Pyro's order; NumPyro's have the same names.
public struct Weibull: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let scale: Tensor
  public let concentration: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .positive }
  public var parameters: [Parameter] {
    [Parameter("scale", scale, .positive), Parameter("concentration", concentration, .positive)]
  }

  /// - Parameters:
  ///   - scale: positive.
  ///   - concentration: positive; 1 is an exponential distribution.
  public init(_ scale: Tensor, _ concentration: Tensor) {
    requireParameter(scale, .positive, "Weibull", "scale")
    requireParameter(concentration, .positive, "Weibull", "concentration")
    self.scale = scale
    self.concentration = concentration
    batchShape = Distributions.batchShape(
      of: "Weibull", [("scale", scale), ("concentration", concentration)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(
      onPositive(value) { x in
        let ratio = log(x / scale)
        return log(concentration / scale) + (concentration - 1) * ratio - exp(concentration * ratio)
      })
  }

  /// k log(x / scale).
  private func logPower(_ x: Tensor) -> Tensor { concentration * log(x / scale) }

  /// By inversion.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let u = key.uniform(shape + batchShape, dtype: drawDType([scale, concentration], dtype))
    return (scale * exp(log(-log(u)) / concentration)).keptPositive()
  }

  public func expanded(to batchShape: Shape) -> Weibull {
    var result = self
    result.batchShape = batchShape
    return result
  }

  private var standardMean: Tensor { exp(lgamma(1 + 1 / concentration)) }
  /// scale · Γ(1 + 1/k).
  public var mean: Tensor { (scale * standardMean).broadcast(to: batchShape) }
  /// scale² (Γ(1 + 2/k) − Γ(1 + 1/k)²).
  public var variance: Tensor {
    (square(scale * standardMean) * expm1(logGammaSpread(1 / concentration)))
      .broadcast(to: batchShape)
  }
  /// γ (1 − 1/k) + log(scale / k) + 1.
  public var entropy: Tensor {
    let k = concentration
    return (eulerGamma * (1 - 1 / k) + log(scale / k) + 1).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(cdfOfPositive(value) { -expm1(-exp(logPower($0))) })
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let standard = exp(log(-log1p(-probability)) / concentration)
    return overBatch(ofProbability(probability, scale * standard))
  }
}
