/// The normal distribution of vectors with mean `loc` and covariance Σ = L Lᵀ.
///
/// log p(x) = −½ |L⁻¹ (x − loc)|² − log det L − (d/2) log 2π
///
/// Σ is given as itself, as its inverse or as its lower triangular Cholesky factor L, each
/// … × d × d; `loc` is … × d, or one number for all elements. A factor is used once for all points
/// that share it, however many: the cost of a density is that of one triangular solve.
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
    let isOutside = finitePart(value - loc).isOutside
    let density = logProb(squaredDistance(value, loc, factor), factor)
    return overBatch(`where`(isOutside, logZero, density))
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

/// |L⁻¹ (x − loc)|² for each vector x, infinite elements of which count as zeros.
///
/// Where one factor L serves all of them, the derivative by it and by `loc` needs no second solve for each
/// x: with z = L⁻¹ (x − loc) and u = 2 z times a cotangent it is −L⁻ᵀ Σ u zᵀ and −L⁻ᵀ Σ u.
private func squaredDistance(_ value: Tensor, _ loc: Tensor, _ factor: Tensor) -> Tensor {
  @Sendable func standardized(_ value: Tensor, _ loc: Tensor, _ factor: Tensor) -> Tensor {
    whitened(finitePart(value - loc).finite, by: factor)
  }
  let distance = square(standardized(value, loc, factor)).sum(axis: -1)
  guard factor.shape.dropLast(2).allSatisfy({ $0 == 1 }) else { return distance }
  return withCustomDerivative(value: distance, inputs: [value, loc, factor]) { ct, inputs, _ in
    let (value, loc, factor) = (inputs[0], inputs[1], inputs[2])
    let z = standardized(value, loc, factor)
    let n = z.shape[z.rank - 1]
    let u = 2 * ct.expandingDims(at: -1) * z
    /// L⁻ᵀ y for each vector y.
    func back(_ y: Tensor) -> Tensor {
      rowwise(y, factor) { triangularSolve($1, $0, left: false) }
    }
    let rows: Shape = [z.shape.dropLast().reduce(1, *), n]
    let products = matmul(u.reshaped(to: rows).transposed(), z.reshaped(to: rows))
    let slope = -tril(triangularSolve(factor.reshaped(to: [n, n]), products, transposed: true))
    return [
      back(summed(u, to: value.shape)), -back(summed(u, to: loc.shape)),
      slope.reshaped(to: factor.shape),
    ]
  }
}

/// Summed over the axes that a shape does not have, or has with extent one.
private func summed(_ x: Tensor, to shape: Shape) -> Tensor {
  let excess = x.rank - shape.rank
  let axes = (0..<x.rank).filter { $0 < excess || shape[$0 - excess] == 1 && x.shape[$0] != 1 }
  return axes.isEmpty ? x : x.sum(axes: axes, keepingAxes: true).reshaped(to: shape)
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
