/// Student's t distribution of vectors: loc + L ε √(df / χ²) for standard normal ε and χ² of `df`
/// degrees of freedom.
///
/// log p(x) = log Γ((df + d)/2) − log Γ(df/2) − (d/2) log(df π) − log det L
///            − ((df + d)/2) log(1 + |L⁻¹ (x − loc)|² / df)
///
/// `loc` is … × d, or one number for all elements; `scaleTril` L is … × d × d, and L Lᵀ is the
/// covariance times (df − 2)/df.
public struct MultivariateStudentT: MomentDistribution, EntropyDistribution {
  public let df: Tensor
  public let loc: Tensor
  private let scale: ScaleMatrix
  public var scaleTril: Tensor { scale.factor(beside: [df, loc]) }
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [scale.size] }
  public var support: Constraint { .real.independent(1) }
  public var parameters: [Parameter] {
    [
      Parameter("df", df, .positive), Parameter("loc", loc, .real.independent(1)),
      scale.parameter,
    ]
  }

  /// - Parameters:
  ///   - df: positive, of the batch's shape.
  ///   - scaleTril: lower triangular, with a positive diagonal.
  public init(_ df: Tensor, _ loc: Tensor, scaleTril: Tensor) {
    requireParameter(df, .positive, "MultivariateStudentT", "df")
    scale = ScaleMatrix(scaleTril: scaleTril, "MultivariateStudentT")
    self.df = df
    self.loc = location(loc, scale.size, "MultivariateStudentT")
    batchShape = Distributions.batchShape(
      of: "MultivariateStudentT",
      [("df", df, 0), ("loc", self.loc, 1), ("scaleTril", scaleTril, 2)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "MultivariateStudentT")
    let (difference, isOutside) = finitePart(value - loc)
    let factor = scale.factor(beside: [difference])
    let z = whitened(difference, by: factor) * rsqrt(df).expandingDims(at: -1)
    // Far out, where squares might overflow, log(1 + r²) is log r² to the last digit.
    let largest = stopGradient(abs(z).max(axis: -1))
    let isFar = largest .> 1e9
    let unit = `where`(isFar, largest, 1)
    let distance = square(z / unit.expandingDims(at: -1)).sum(axis: -1)
    let logOnePlus = `where`(isFar, log(distance) + 2 * log(unit), log1p(distance))
    let d = Double(scale.size)
    let density = -(0.5 * (df + d)) * logOnePlus - logNormalizer(factor)
    return overBatch(`where`(isOutside, logZero, density))
  }

  /// log Γ(df/2) − log Γ((df + d)/2) is log B(df/2, d/2) − log Γ(d/2).
  private func logNormalizer(_ factor: Tensor) -> Tensor {
    let half = 0.5 * Double(scale.size)
    return lbeta(0.5 * df, Tensor(floatLiteral: half)) + half * log(Double.pi * df)
      - lgamma(Tensor(floatLiteral: half)) + logDeterminant(factor)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([df, loc, scale.parameter.value], dtype)
    let keys = key.split(2)
    let z = keys[0].normal(shape + batchShape + eventShape, dtype: dtype)
    let halfDF = 0.5 * df
    let chiSquare = keys[1].gamma(halfDF, shape + batchShape, dtype: dtype) / halfDF
    let spread = z * rsqrt(chiSquare).expandingDims(at: -1)
    return loc + multiplied(spread, by: tril(scale.factor(beside: [z])))
  }

  public func expanded(to batchShape: Shape) -> MultivariateStudentT {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// `loc` for df > 1, else NaN.
  public var mean: Tensor {
    `where`((df .> 1).expandingDims(at: -1), loc, notANumber).broadcast(to: batchShape + eventShape)
  }
  /// +∞ for 1 < df ≤ 2, NaN below.
  public var variance: Tensor {
    let own = square(tril(scaleTril)).sum(axis: -1)
    let infinite = `where`(df .> 1, .infinite, notANumber)
    let ratio = `where`(df .> 2, df / `where`(df .> 2, df - 2, 1), infinite)
    return (own * ratio.expandingDims(at: -1)).broadcast(to: batchShape + eventShape)
  }
  /// df / (df − 2) L Lᵀ for df > 2, else NaN.
  public var covariance: Tensor {
    let ratio = `where`(df .> 2, df / `where`(df .> 2, df - 2, 1), notANumber)
    return ratio.expandingDims(at: -1).expandingDims(at: -1) * gram(tril(scaleTril))
  }
  public var entropy: Tensor {
    let rise = digammaRise(0.5 * df, halves: scale.size)
    return (logNormalizer(scaleTril) + 0.5 * (df + Double(scale.size)) * rise)
      .broadcast(to: batchShape)
  }
}

/// ψ(x + n/2) − ψ(x), also where the two are almost equal.
private func digammaRise(_ x: Tensor, halves n: Int) -> Tensor {
  var rise: Tensor = 0
  let isOdd = n % 2 == 1
  let start = isOdd ? x + 0.5 : x
  for k in 0..<(n / 2) { rise = rise + 1 / (start + Double(k)) }
  guard isOdd else { return rise }
  let zero: Tensor = 0
  // ψ(x + ½) − ψ(x) = 1/2x + 1/8x² − 1/64x⁴ + 1/128x⁶ − 17/2048x⁸ + 31/2048x¹⁰ − …
  let isLarge = x .> 30
  let r = 1 / `where`(isLarge, x, 30)
  let s = square(r)
  let tail = [31.0 / 2048, -17.0 / 2048, 1.0 / 128, -1.0 / 64, 0.125].reduce(zero) {
    s * ($1 + $0)
  }
  let small = `where`(isLarge, 30, x)
  return rise + `where`(isLarge, 0.5 * r + tail, digamma(small + 0.5) - digamma(small))
}
