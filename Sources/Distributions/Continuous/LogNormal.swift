/// The distribution of exp(z) for a normal z with mean `loc` and standard deviation `scale`.
///
/// log p(x) = log Normal(log x; loc, scale) − log x, for x > 0
public struct LogNormal: MomentDistribution, EntropyDistribution, QuantileDistribution {
  private let base: Normal
  public var loc: Tensor { base.loc }
  public var scale: Tensor { base.scale }
  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { .positive }
  public var parameters: [Parameter] { base.parameters }

  /// - Parameter scale: positive.
  public init(_ loc: Tensor, _ scale: Tensor) {
    requireParameter(scale, .positive, "LogNormal", "scale")
    requireParameter(loc, .real, "LogNormal", "loc")
    base = Normal(loc, scale)
  }

  private init(base: Normal) { self.base = base }

  public func logProb(_ value: Tensor) -> Tensor {
    let isOutside = value .<= 0
    let logValue = log(`where`(isOutside, 1, value))
    return `where`(isOutside, logZero, base.logProb(logValue) - logValue)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    exp(base.sample(shape, key: key, dtype: dtype))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let (z, logProb) = base.sampleAndLogProb(shape, key: key, dtype: dtype)
    return (exp(z), logProb - z)
  }

  public func expanded(to batchShape: Shape) -> LogNormal {
    LogNormal(base: base.expanded(to: batchShape))
  }

  public var mean: Tensor { exp(loc + 0.5 * square(scale)).broadcast(to: batchShape) }
  public var variance: Tensor {
    let s = square(scale)
    return (expm1(s) * exp(2 * loc + s)).broadcast(to: batchShape)
  }
  /// ½ log(2πe) + log scale + loc.
  public var entropy: Tensor { base.entropy + loc }

  public func cdf(_ value: Tensor) -> Tensor {
    let isOutside = value .<= 0
    return `where`(isOutside, 0, base.cdf(log(`where`(isOutside, 1, value))))
  }

  public func icdf(_ probability: Tensor) -> Tensor { exp(base.icdf(probability)) }
}
