/// Fisher and Snedecor's F distribution: of (u / df1) / (v / df2) for chi-squared u and v with df1
/// and df2 degrees of freedom.
///
/// With z = df1 x / (df1 x + df2), a beta variable: log p(x) = log Beta(z; df1/2, df2/2) + log dz/dx,
/// for x > 0
public struct FisherSnedecor: MomentDistribution, EntropyDistribution, QuantileDistribution {
  public let df1: Tensor
  public let df2: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .positive }
  public var parameters: [Parameter] {
    [Parameter("df1", df1, .positive), Parameter("df2", df2, .positive)]
  }

  /// - Parameters:
  ///   - df1: positive.
  ///   - df2: positive.
  public init(_ df1: Tensor, _ df2: Tensor) {
    requireParameter(df1, .positive, "FisherSnedecor", "df1")
    requireParameter(df2, .positive, "FisherSnedecor", "df2")
    self.df1 = df1
    self.df2 = df2
    batchShape = Distributions.batchShape(of: "FisherSnedecor", [("df1", df1), ("df2", df2)])
  }

  private var a: Tensor { oneHalf * df1 }
  private var b: Tensor { oneHalf * df2 }

  public func logProb(_ value: Tensor) -> Tensor {
    let (a, b) = (a, b)
    return overBatch(
      onPositive(value) { x in
        let sum = a * x + b
        // b z − a (1 − z) without the difference.
        let excess = a * (b / sum) * (x - 1)
        return logBetaKernel(a, b, x * (a / sum), b / sum, excess: excess) - log(x)
      })
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let logit = betaLogit(a, b, shape + batchShape, key, dtype)
    return (exp(logit) * (df2 / df1)).keptPositive()
  }

  public func expanded(to batchShape: Shape) -> FisherSnedecor {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// df2 / (df2 − 2), infinite for df2 ≤ 2.
  public var mean: Tensor {
    `where`(df2 .> 2, df2 / (df2 - 2), .infinite).broadcast(to: batchShape)
  }
  /// 2 df2² (df1 + df2 − 2) / (df1 (df2 − 2)² (df2 − 4)), infinite for df2 ≤ 4.
  public var variance: Tensor {
    let finite = 2 * square(df2 / (df2 - 2)) * ((df1 + df2 - 2) / df1 / (df2 - 4))
    return `where`(df2 .> 4, finite, .infinite).broadcast(to: batchShape)
  }
  /// log(b/a) + log B(a, b) − (a − 1) ψ(a) − (b + 1) ψ(b) + (a + b) ψ(a + b), a, b = df1/2, df2/2.
  public var entropy: Tensor {
    let (a, b) = (a, b)
    let sum = a + b
    let peaks = gammaPeak(a) + gammaPeak(b) - gammaPeak(sum)
    let slopes =
      (a - 1) * logMinusDigamma(a) + (b + 1) * logMinusDigamma(b) - sum * logMinusDigamma(sum)
    return (slopes - peaks).broadcast(to: batchShape)
  }

  /// By the log odds of z.
  public func cdf(_ value: Tensor) -> Tensor {
    overBatch(cdfOfPositive(value) { betaincOfLogit(a, b, log($0 * (df1 / df2))) })
  }

  /// (df2 / df1) z / (1 − z), z the quantile of the beta variable.
  public func icdf(_ probability: Tensor) -> Tensor {
    overBatch(exp(betaLogitInverse(a, b, probability)) * (df2 / df1))
  }
}
