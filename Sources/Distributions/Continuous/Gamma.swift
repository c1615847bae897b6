/// The gamma distribution with shape `concentration` and the given rate (one over the scale).
///
/// log p(x) = a log rate + (a − 1) log x − rate · x − log Γ(a), a = concentration, for x > 0
///
/// A draw that underflows is given as the least normal number; for tiny concentrations, where most do,
/// model the logarithm. Draws differentiate by the concentration as at fixed probability (implicit
/// reparameterisation), once.
public struct Gamma: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let concentration: Tensor
  public let rate: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .positive }
  public var parameters: [Parameter] {
    [Parameter("concentration", concentration, .positive), Parameter("rate", rate, .positive)]
  }

  /// - Parameters:
  ///   - concentration: positive.
  ///   - rate: positive.
  public init(_ concentration: Tensor, _ rate: Tensor) {
    requireParameter(concentration, .positive, "Gamma", "concentration")
    requireParameter(rate, .positive, "Gamma", "rate")
    self.concentration = concentration
    self.rate = rate
    batchShape = Distributions.batchShape(
      of: "Gamma", [("concentration", concentration), ("rate", rate)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(onPositive(value) { logGammaKernel(concentration, rate * $0) - log($0) })
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration, rate], dtype)
    let standard = key.gamma(concentration.cast(to: dtype), shape + batchShape, dtype: dtype)
    return (standard / rate).keptPositive()
  }

  public func expanded(to batchShape: Shape) -> Gamma {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { (concentration / rate).broadcast(to: batchShape) }
  public var variance: Tensor { (concentration / square(rate)).broadcast(to: batchShape) }
  /// a − log rate + log Γ(a) + (1 − a) ψ(a).
  public var entropy: Tensor {
    let a = concentration
    let standard = log(a) - gammaPeak(a) + (a - 1) * logMinusDigamma(a)
    return (standard - log(rate)).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(cdfOfPositive(value) { gammainc(concentration, rate * $0) })
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(gammaincInverse(concentration, probability) / rate)
  }
}
