/// The distribution of the direction z / |z| of a normal vector z with mean `concentration` μ and
/// unit covariance, on the unit sphere.
///
/// log p(x) = −½ |μ − t x|² + log ∫₀^∞ r^(d − 1) exp(−(r − t)²/2) dr − (d/2) log 2π, with t = μ·x
///
/// The density is that of the sphere's area. `concentration` is … × d for any d ≥ 2 (Pyro's density
/// ends at 3); of length 0 it is the uniform distribution. Draws are smooth in it, so that a
/// variational distribution may cover the sphere without a seam.
public struct ProjectedNormal: MomentDistribution {
  public let concentration: Tensor
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [size] }
  public var support: Constraint { .sphere }
  public var parameters: [Parameter] {
    [Parameter("concentration", concentration, .real.independent(1))]
  }

  /// - Parameter concentration: … × d, d ≥ 2.
  public init(_ concentration: Tensor) {
    let size = lastExtent(concentration, "ProjectedNormal", "concentration")
    precondition(size >= 2, "ProjectedNormal: at least 2 elements, got \(size)")
    requireParameter(concentration, .real, "ProjectedNormal", "concentration")
    self.concentration = concentration
    batchShape = Shape(concentration.shape.dropLast())
  }

  private var size: Int { concentration.shape[concentration.rank - 1] }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "ProjectedNormal")
    let t = (value * concentration).sum(axis: -1)
    let aside = concentration - t.expandingDims(at: -1) * value
    let density =
      minusHalf * square(aside).sum(axis: -1) + logRadialMoment(order: size - 1, t)
      - Double(size) * halfLog2Pi
    return supported(density, at: value)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let noise = key.normal(
      shape + batchShape + eventShape, dtype: drawDType([concentration], dtype))
    let z = concentration + noise
    return z * rsqrt(square(z).sum(axis: -1, keepingAxes: true))
  }

  public func expanded(to batchShape: Shape) -> ProjectedNormal {
    var result = self
    result.batchShape = batchShape
    return result
  }

  // The direction x of z has E x = ∇ E |z| and E x xᵀ = E z zᵀ / |z|², of which Kummer's functions of
  // −|μ|²/2 are the length.

  /// Shorter than 1.
  public var mean: Tensor { (concentration * shrinkage).broadcast(to: batchShape + eventShape) }

  private var halfSquare: Tensor {
    0.5 * square(concentration).sum(axis: -1, keepingAxes: true)
  }

  private var shrinkage: Tensor {
    let b = 0.5 * Double(size) + 1
    let ratio = exp(lgamma(Tensor(floatLiteral: b - 0.5)) - lgamma(Tensor(floatLiteral: b)))
    return Tensor(floatLiteral: 0.5.squareRoot()) * ratio * confluent(0.5, b, halfSquare)
  }

  /// Of each element by itself; to a rounding error of 1.
  public var variance: Tensor {
    let b = 0.5 * Double(size) + 1
    let aside = confluent(1, b, halfSquare) / Double(size)
    let along = confluent(1, b + 1, halfSquare) / Double(size + 2)
    return (aside + square(concentration) * (along - square(shrinkage)))
      .broadcast(to: batchShape + eventShape)
  }
}
