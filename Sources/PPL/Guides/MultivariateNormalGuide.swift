import Distributions

/// A normal with any covariance over the unconstrained latent variables: Pyro's
/// `AutoMultivariateNormal`.
///
/// z = origin + unit · (loc + scale · (L ε)) with L lower triangular with a unit diagonal; origin, and
/// the triangular matrix unit, are those of the start.
public struct MultivariateNormalGuide: JointGuide {
  package let start: GuideStart

  public init(start: GuideStart = .gaussian()) { self.start = start }

  package func family(_ origin: GuideOrigin) -> LatentFamily {
    let (dimension, dtype, initialScale) = (origin.dimension, origin.dtype, origin.scale)
    let affine = origin.affine
    let mask = strictlyLowerMask(dimension, dtype)
    let unit = Tensor.eye(dimension, dtype: dtype)
    func maps() -> [any Bijector] {
      let loc = param("auto_loc", Tensor.zeros([dimension]))
      let scale = param(
        "auto_scale", Tensor.full([dimension], initialScale), constraint: .positive)
      let lower = param("auto_lower", Tensor.zeros([dimension, dimension]))
      let factor = scale.expandingDims(at: -1) * (unit + lower * mask)
      let map = TriangularMap(loc: loc, factor: factor, logDet: log(scale).sum())
      return [map] + (affine.map { [$0()] } ?? [])
    }
    return LatentFamily {
      TransformedDistribution(Normal(0, 1).expanded(to: [dimension]).toEvent(1), maps())
    } marginals: {
      normalMarginals(dimension, dtype) { Compose(maps()).forward($0) }
    }
  }
}

/// 1 below the diagonal, 0 on and above it.
private func strictlyLowerMask(_ size: Int, _ dtype: DType) -> Tensor {
  let values = (0..<size).flatMap { row in (0..<size).map { $0 < row ? 1.0 : 0 } }
  return Tensor(values, shape: [size, size], dtype: dtype)
}
