/// What the distributions of loc + scale · z, for z of a standard distribution, have in common.
struct LocationScale: Sendable {
  let loc: Tensor
  let scale: Tensor
  var batchShape: Shape

  /// Traps where parameters are invalid or do not broadcast, also with `others`.
  init(
    _ distribution: StaticString, _ loc: Tensor, _ scale: Tensor,
    with others: [(String, Tensor)] = []
  ) {
    requireParameter(scale, .positive, distribution, "scale")
    requireParameter(loc, .real, distribution, "loc")
    self.loc = loc
    self.scale = scale
    batchShape = Distributions.batchShape(
      of: distribution, [("loc", loc), ("scale", scale)] + others)
  }

  var parameters: [Parameter] {
    [Parameter("loc", loc, .real), Parameter("scale", scale, .positive)]
  }

  func standardized(_ x: Tensor) -> Tensor { (x - loc) / scale }

  func placed(_ z: Tensor) -> Tensor { loc + scale * z }

  func mean(_ standard: Tensor) -> Tensor { placed(standard).broadcast(to: batchShape) }

  func variance(_ standard: Tensor) -> Tensor {
    (standard * square(scale)).broadcast(to: batchShape)
  }

  func entropy(_ standard: Tensor) -> Tensor {
    (log(scale) + standard).broadcast(to: batchShape)
  }

  /// A number that no parameter changes, for every element of the batch.
  func constant(_ value: Double) -> Tensor {
    Tensor(value, dtype: drawDType([loc, scale], .float64)).broadcast(to: batchShape)
  }

  func uniform(
    _ shape: Shape, _ key: RandomKey, _ dtype: DType, with others: [Tensor] = []
  ) -> Tensor {
    key.uniform(shape + batchShape, dtype: drawDType([loc, scale] + others, dtype))
  }

  func normal(_ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    key.normal(shape + batchShape, dtype: drawDType([loc, scale], dtype))
  }

  func expanded(to batchShape: Shape) -> LocationScale {
    var result = self
    result.batchShape = batchShape
    return result
  }
}

/// `quantile` where `p` is a probability, else NaN.
func ofProbability(_ p: Tensor, _ quantile: Tensor) -> Tensor {
  `where`((p .>= 0) .&& (p .<= 1), quantile, notANumber)
}
