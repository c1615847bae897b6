/// Independent normals over the unconstrained latent variables: Pyro's `AutoDiagonalNormal`.
public struct DiagonalNormalGuide: Guide {
  private let initialScale: Double

  /// - Parameter initialScale: the standard deviation every coordinate starts with.
  public init(initialScale: Double = 0.1) {
    precondition(
      initialScale > 0, "DiagonalNormalGuide: initialScale must be positive, got \(initialScale)")
    self.initialScale = initialScale
  }

  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    let layout = try LatentLayout(model, dtype: dtype)
    let shape: Shape = [layout.dimension]
    let start = initialScale
    return {
      let loc = param("auto_loc", Tensor.zeros(shape))
      let scale = param("auto_scale", Tensor.full(shape, start), constraint: .positive)
      let latent = sample("_auto_latent", Normal(loc, scale).toEvent(1), infer: .auxiliary)
      layout.sampleSites(from: latent)
    }
  }
}

/// A normal with any covariance over the unconstrained latent variables: Pyro's
/// `AutoMultivariateNormal`.
///
/// z = loc + scale · (L ε) with L lower triangular with a unit diagonal.
public struct MultivariateNormalGuide: Guide {
  private let initialScale: Double

  /// - Parameter initialScale: the standard deviation every coordinate starts with.
  public init(initialScale: Double = 0.1) {
    precondition(
      initialScale > 0,
      "MultivariateNormalGuide: initialScale must be positive, got \(initialScale)")
    self.initialScale = initialScale
  }

  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    let layout = try LatentLayout(model, dtype: dtype)
    let dimension = layout.dimension
    let start = initialScale
    let mask = strictlyLowerMask(dimension, dtype)
    return {
      let loc = param("auto_loc", Tensor.zeros([dimension]))
      let scale = param("auto_scale", Tensor.full([dimension], start), constraint: .positive)
      let lower = param("auto_lower", Tensor.zeros([dimension, dimension]))
      let noise = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
      let map = TriangularAffine(loc: loc, scale: scale, lower: lower * mask)
      let latent = sample("_auto_latent", TransformedDistribution(noise, [map]), infer: .auxiliary)
      layout.sampleSites(from: latent)
    }
  }
}

/// 1 below the diagonal, 0 on and above it.
private func strictlyLowerMask(_ size: Int, _ dtype: DType) -> Tensor {
  let values = (0..<size).flatMap { row in (0..<size).map { $0 < row ? 1.0 : 0 } }
  return Tensor(values, shape: [size, size], dtype: dtype)
}

/// x ↦ loc + scale · (x + N x) for a strictly lower triangular N.
private struct TriangularAffine: Bijector {
  let loc: Tensor
  let scale: Tensor
  let lower: Tensor
  var eventRank: Int { 1 }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (loc + scale * (x + matmul(x, lower.transposed())), log(scale).sum())
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let unit = lower + Tensor.eye(lower.shape[0], dtype: lower.dtype)
    let right = ((y - loc) / scale).expandingDims(at: -1)
    return (solve(unit, right).squeezing(at: -1), -log(scale).sum())
  }
}
