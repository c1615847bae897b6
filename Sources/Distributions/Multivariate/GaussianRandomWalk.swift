/// A walk of `steps` positions from 0, whose independent normal increments have standard deviation
/// `scale`.
///
/// log p(x) = Σₖ log Normal(xₖ − xₖ₋₁; 0, scale), with x₀ = 0; the first position is x₁
public struct GaussianRandomWalk: MomentDistribution, EntropyDistribution {
  public let scale: Tensor
  public let steps: Int
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [steps] }
  public var support: Constraint { .real.independent(1) }
  public var parameters: [Parameter] { [Parameter("scale", scale, .positive)] }

  /// - Parameters:
  ///   - scale: positive, of the batch's shape.
  ///   - steps: at least 1.
  public init(_ scale: Tensor, steps: Int) {
    precondition(steps >= 1, "GaussianRandomWalk: steps must be at least 1, got \(steps)")
    requireParameter(scale, .positive, "GaussianRandomWalk", "scale")
    self.scale = scale
    self.steps = steps
    batchShape = scale.shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "GaussianRandomWalk")
    let before = value.slice(0..<steps - 1, along: -1).padded(before: 1, after: 0)
    let density = logProb(increments: (value - before) / scale.expandingDims(at: -1))
    return supported(density, at: value)
  }

  private func logProb(increments z: Tensor) -> Tensor {
    minusHalf * square(z).sum(axis: -1) - Double(steps) * (log(scale) + halfLog2Pi)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    walk(noise(shape, key, dtype))
  }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let z = noise(shape, key, dtype)
    return (walk(z), logProb(increments: z))
  }

  private func walk(_ z: Tensor) -> Tensor {
    scale.expandingDims(at: -1) * z.cumulativeSum(along: -1)
  }

  private func noise(_ shape: Shape, _ key: RandomKey, _ dtype: DType) -> Tensor {
    key.normal(shape + batchShape + eventShape, dtype: drawDType([scale], dtype))
  }

  public func expanded(to batchShape: Shape) -> GaussianRandomWalk {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor {
    Tensor.zeros(batchShape + eventShape, dtype: drawDType([scale], .float64))
  }
  /// k scale² for position k.
  public var variance: Tensor {
    let positions = Tensor(
      (1...steps).map(Double.init), dtype: drawDType([scale], .float64))
    return (square(scale).expandingDims(at: -1) * positions)
      .broadcast(to: batchShape + eventShape)
  }
  /// scale² min(j, k) for positions j and k, for each element of the parameters' own batch.
  public var covariance: Tensor {
    let values = (1...steps).flatMap { j in (1...steps).map { Double(min(j, $0)) } }
    return square(scale).overMatrix
      * Tensor(values, shape: [steps, steps], dtype: drawDType([scale], .float64))
  }
  public var entropy: Tensor {
    (Double(steps) * (log(scale) + (halfLog2Pi + 0.5))).broadcast(to: batchShape)
  }
}
