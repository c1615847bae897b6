/// The distribution of |x| for x of Student's t distribution around 0.
///
/// log p(x) = log 2 + log StudentT(x; df, 0, scale), for x ≥ 0. The mean is infinite for df ≤ 1, the
/// variance for df ≤ 2.
public struct HalfStudentT: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let df: Tensor
  public let scale: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .nonNegative }
  public var parameters: [Parameter] {
    [Parameter("df", df, .positive), Parameter("scale", scale, .positive)]
  }

  /// - Parameters:
  ///   - df: degrees of freedom, positive.
  ///   - scale: positive; not the standard deviation.
  public init(_ df: Tensor, _ scale: Tensor) {
    requireParameter(df, .positive, "HalfStudentT", "df")
    requireParameter(scale, .positive, "HalfStudentT", "scale")
    self.df = df
    self.scale = scale
    batchShape = Distributions.batchShape(of: "HalfStudentT", [("df", df), ("scale", scale)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let density = StandardStudent.logDensity(value / scale, df) - log(scale) + logTwo
    return overBatch(`where`(value .< 0, logZero, density))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([df, scale], dtype)
    return scale * abs(StandardStudent.noise(df, shape + batchShape, key, dtype))
  }

  public func expanded(to batchShape: Shape) -> HalfStudentT {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// The mean for scale 1 and df > 1: 2 √df / ((df − 1) B(½, df/2)).
  private var standardMean: Tensor {
    2 * sqrt(df) / (df - 1) * exp(-lbeta(0.5, 0.5 * df))
  }

  public var mean: Tensor {
    `where`(df .> 1, scale * standardMean, .infinite).broadcast(to: batchShape)
  }
  /// scale² df / (df − 2) − mean², for df > 2.
  public var variance: Tensor {
    let standard = df / (df - 2) - square(standardMean)
    return `where`(df .> 2, square(scale) * standard, .infinite).broadcast(to: batchShape)
  }
  /// That of `StudentT` less log 2.
  public var entropy: Tensor {
    (StudentT(df, 0, scale).entropy - logTwo).broadcast(to: batchShape)
  }

  public func cdf(_ value: Tensor) -> Tensor {
    let (df, isOutside) = (df, value .< 0)
    let result = withDensity(`where`(isOutside, 0, value / scale)) {
      StandardStudent.masses($0, df).inside
    } density: {
      2 * exp(StandardStudent.logDensity($0, df))
    }
    return overBatch(`where`(isOutside, 0, result))
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let p = probability
    let distance = StandardStudent.quantile(inside: p, outside: 1 - p, df)
    return overBatch(ofProbability(p, scale * distance))
  }
}
