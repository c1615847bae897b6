/// The normal distribution of vectors with mean `loc` and covariance Σ = L Lᵀ.
///
/// log p(x) = −½ |L⁻¹ (x − loc)|² − log det L − (d/2) log 2π
///
/// Σ is given as itself, as its inverse or as its lower triangular Cholesky factor L, each
/// … × d × d; `loc` is … × d, or one number for all elements. Where all points share one factor, their
/// densities are one pass over them, and the derivatives by the parameters another one.
public struct MultivariateNormal: MomentDistribution, EntropyDistribution {
  public let loc: Tensor
  private let scale: ScaleMatrix
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [scale.size] }
  public var support: Constraint { .real.independent(1) }
  public var parameters: [Parameter] {
    [Parameter("loc", loc, .real.independent(1)), scale.parameter]
  }

  /// - Parameter covariance: positive definite.
  public init(_ loc: Tensor, covariance: Tensor) {
    self.init(loc, ScaleMatrix(covariance: covariance, "MultivariateNormal"))
  }

  /// - Parameter precision: the inverse of the covariance, positive definite.
  public init(_ loc: Tensor, precision: Tensor) {
    self.init(loc, ScaleMatrix(precision: precision, "MultivariateNormal"))
  }

  /// - Parameter scaleTril: lower triangular, with a positive diagonal.
  public init(_ loc: Tensor, scaleTril: Tensor) {
    self.init(loc, ScaleMatrix(scaleTril: scaleTril, "MultivariateNormal"))
  }

  private init(_ loc: Tensor, _ scale: ScaleMatrix) {
    self.loc = location(loc, scale.size, "MultivariateNormal")
    self.scale = scale
    batchShape = Distributions.batchShape(
      of: "MultivariateNormal",
      [("loc", self.loc, 1), (scale.parameter.name, scale.parameter.value, 2)])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "MultivariateNormal")
    let factor = scale.factor(beside: [value - loc])
    let distance = squaredDistance(value, loc, factor)
    return overBatch(`where`(distance .== .infinite, logZero, logProb(distance, factor)))
  }

  private func logProb(_ square: Tensor, _ factor: Tensor) -> Tensor {
    minusHalf * square - (logDeterminant(factor) + Double(scale.size) * halfLog2Pi)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let z = noise(shape, key, dtype)
    return loc + multiplied(z, by: tril(scale.factor(beside: [z])))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let z = noise(shape, key, dtype)
    let factor = tril(scale.factor(beside: [z]))
    return (loc + multiplied(z, by: factor), logProb(square(z).sum(axis: -1), factor))
  }

  private func noise(_ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    key.normal(
      shape + batchShape + eventShape, dtype: drawDType([loc, scale.parameter.value], dtype))
  }

  public func expanded(to batchShape: Shape) -> MultivariateNormal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  /// The Cholesky factor of the covariance.
  public var scaleTril: Tensor { scale.factor(beside: [loc]) }
  /// Σ, for each element of the parameters' own batch.
  public var covariance: Tensor { gram(tril(scaleTril)) }
  public var mean: Tensor { loc.broadcast(to: batchShape + eventShape) }
  public var variance: Tensor {
    square(tril(scaleTril)).sum(axis: -1).broadcast(to: batchShape + eventShape)
  }
  public var entropy: Tensor {
    (logDeterminant(scaleTril) + Double(scale.size) * (halfLog2Pi + 0.5)).broadcast(to: batchShape)
  }
}

/// |L⁻¹ (x − loc)|² for each vector x, ∞ for those with infinite elements.
private func squaredDistance(_ value: Tensor, _ loc: Tensor, _ factor: Tensor) -> Tensor {
  let n = factor.shape[factor.rank - 1]
  guard factor.shape.dropLast(2).allSatisfy({ $0 == 1 }) else {
    let (finite, isFar) = finitePart(value - loc)
    return `where`(isFar, .infinite, square(whitened(finite, by: factor)).sum(axis: -1))
  }
  let isCommon = loc.shape.dropLast().allSatisfy { $0 == 1 }
  let points = isCommon ? value : value - loc
  let center = isCommon ? loc.reshaped(to: [n]) : Tensor.zeros([n])
  let dtype = drawDType([value - loc, factor], .float64)
  let batch = Shape(points.shape.dropLast())
  return squaredDistances(
    points.reshaped(to: [batch.elementCount, n]).cast(to: dtype), from: center.cast(to: dtype),
    factor.reshaped(to: [n, n]).cast(to: dtype)
  ).reshaped(to: batch)
}

/// A location for vectors of `size` elements; a single number stands for all of them.
func location(_ loc: Tensor, _ size: Int, _ distribution: StaticString) -> Tensor {
  requireParameter(loc, .real, distribution, "loc")
  guard loc.rank > 0 else { return loc.broadcast(to: [size]) }
  precondition(
    loc.shape[loc.rank - 1] == size,
    "\(distribution): loc of shape \(loc.shape) for vectors of \(size) elements")
  return loc
}
