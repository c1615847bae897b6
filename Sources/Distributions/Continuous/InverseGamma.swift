/// The distribution of 1 / y for a gamma variable y with shape `concentration` and the given rate.
///
/// log p(x) = a log rate − (a + 1) log x − rate / x − log Γ(a), a = concentration, for x > 0
public struct InverseGamma: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let concentration: Tensor
  public let rate: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .positive }
  public var parameters: [Parameter] {
    [Parameter("concentration", concentration, .positive), Parameter("rate", rate, .positive)]
  }

  /// - Parameters:
  ///   - concentration: positive.
  ///   - rate: positive; the scale of x.
  public init(_ concentration: Tensor, _ rate: Tensor) {
    requireParameter(concentration, .positive, "InverseGamma", "concentration")
    requireParameter(rate, .positive, "InverseGamma", "rate")
    self.concentration = concentration
    self.rate = rate
    batchShape = Distributions.batchShape(
      of: "InverseGamma", [("concentration", concentration), ("rate", rate)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    overBatch(onPositive(value) { logGammaKernel(concentration, rate / $0) - log($0) })
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration, rate], dtype)
    let standard = key.gamma(concentration.cast(to: dtype), shape + batchShape, dtype: dtype)
    return (rate / standard).keptPositive()
  }

  public func expanded(to batchShape: Shape) -> InverseGamma {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// rate / (a − 1), infinite for a ≤ 1.
  public var mean: Tensor {
    let a = concentration
    return `where`(a .> 1, rate / (a - 1), .infinite).broadcast(to: batchShape)
  }
  /// rate² / ((a − 1)² (a − 2)), infinite for a ≤ 2.
  public var variance: Tensor {
    let a = concentration
    return `where`(a .> 2, square(rate / (a - 1)) / (a - 2), .infinite).broadcast(to: batchShape)
  }
  /// a + log rate + log Γ(a) − (1 + a) ψ(a).
  public var entropy: Tensor {
    let a = concentration
    let standard = (a + 1) * logMinusDigamma(a) - log(a) - gammaPeak(a)
    return (standard + log(rate)).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(cdfOfPositive(value) { gammaincc(concentration, rate / $0) })
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(rate / gammainccInverse(concentration, probability))
  }
}
