import Distributions

/// The normal distribution with the mode of the posterior for its mean and the inverse Hessian matrix
/// there for its covariance: Pyro's `AutoLaplaceApproximation`.
///
/// Mode and curvature are those of the density over unconstrained numbers. They are found when the
/// fit is made, without stochastic steps; nothing is left to learn. The Hessian is exact.
public struct LaplaceGuide: JointGuide {
  package let start: GuideStart
  package var isOfAllSites: Bool { true }

  /// - Parameter strategy: where the paths to the mode start.
  public init(from strategy: InitStrategy = .uniform(), paths: Int = 4) {
    start = .gaussian(from: strategy, paths: paths)
  }

  package func family(_ origin: GuideOrigin) -> LatentFamily { .fixed(origin) }

  /// - Throws: `ModelError.singularHessian` where the density has no maximum, or is flat.
  public func prepared(
    for model: @escaping () -> Void, dtype: DType, seed: Int
  ) throws -> PreparedGuide {
    let layout = try LatentLayout(model, dtype: dtype)
    let density = try LogDensity(model, seed: seed)
    let found = try start.found(model, layout, seed: seed)
    let factor = found.fit?.scaleTril ?? (found.scale * Tensor.eye(layout.dimension))
    let mode = ModeFit(StartTarget(density)).mode(from: found.point, factor)
    let precision = try -density.hessian(at: Tensor(mode))
    let root = triangularSolve(cholesky(precision), Tensor.eye(layout.dimension))
    guard root.array().allSatisfy(\.isFinite) else {
      throw ModelError.singularHessian(layout.flattestSite(precision))
    }
    let fit = NormalFit(mean: Tensor(mode), scaleTril: lowerTriangular(root.transposed()))
    let end = FoundStart(point: mode, scale: 1, fit: fit, report: .mode)
    return try prepared(layout, at: end, dtype: dtype)
  }
}

extension LatentFamily {
  /// The normal distribution of the origin alone.
  static func fixed(_ origin: GuideOrigin) -> LatentFamily {
    let (dimension, dtype, affine) = (origin.dimension, origin.dtype, origin.affine)
    func maps() -> [any Bijector] { affine.map { [$0()] } ?? [] }
    return LatentFamily {
      TransformedDistribution(Normal(0, 1).expanded(to: [dimension]).toEvent(1), maps())
    } marginals: {
      normalMarginals(dimension, dtype) { Compose(maps()).forward($0) }
    }
  }
}

extension LatentLayout {
  /// The site that has most of the direction in which a matrix is smallest.
  fileprivate func flattestSite(_ matrix: Tensor) -> String {
    let direction = abs(eigh(matrix).vectors).array()
    let columns = (0..<dimension).map { direction[$0 * dimension] }
    let worst = columns.indices.max { columns[$0] < columns[$1] } ?? 0
    return slots.first { $0.range.contains(worst) }?.name ?? ""
  }
}
