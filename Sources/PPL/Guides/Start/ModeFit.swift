import Tensors

/// The normal distribution with the mode of a density for its mean, and the inverse of the negative
/// Hessian matrix there for its covariance: Laplace's approximation.
///
/// Steps are taken, and gradients differenced, in coordinates in which the last approximation is
/// standard normal. That makes nothing of the units of the coordinates and of how they are
/// correlated.
struct ModeFit {
  private let target: StartTarget
  /// More coordinates than that are left to Pathfinder.
  static let dimensionLimit = 200

  init(_ target: StartTarget) { self.target = target }

  /// - Parameters:
  ///   - start: where to begin.
  ///   - factor: the square root of an estimate of the covariance.
  /// - Returns: nil where the density is not finite or has no maximum.
  func run(from start: [Double], _ factor: Tensor) -> NormalFit? {
    var (mean, factor) = (start, factor)
    for _ in 0..<10 {
      let triangle = LowerTriangle(factor)
      let function = target.whitened(mean, triangle)
      let origin = [Double](repeating: 0, count: target.dimension)
      let search = LBFGS(maxIterations: 200, gradientTolerance: 1e-6, valueTolerance: 1e-14)
      guard let mode = try? search.path(function, from: origin).points.last else { return nil }
      mean.add(1, triangle.times(mode.position))
      let hessian = hessian(of: function, at: mode.position)
      // Of H = C Cᵀ the inverse is C⁻ᵀ C⁻¹; a QR factorisation makes L C⁻ᵀ triangular.
      let inverse = triangularSolve(cholesky(hessian), Tensor.eye(target.dimension))
      let values = inverse.array()
      guard values.allSatisfy(\.isFinite) else { return nil }
      let root = qr(matmul(inverse, factor.transposed())).r.transposed()
      let error = abs(hessian - Tensor.eye(target.dimension)).max().scalar()
      factor = root.detached()
      if error < 0.05 { return NormalFit(mean: Tensor(mean), scaleTril: factor) }
    }
    return nil
  }

  /// The Hessian matrix by central differences of the gradient.
  private func hessian(of function: SmoothFunction, at point: [Double]) -> Tensor {
    let step = 1e-3
    let rows = point.indices.flatMap { index -> [Double] in
      func gradient(_ offset: Double) -> [Double] {
        var moved = point
        moved[index] += offset
        return function.evaluate(moved).gradient
      }
      return zip(gradient(step), gradient(-step)).map { ($0 - $1) / (2 * step) }
    }
    let matrix = Tensor(rows, shape: [point.count, point.count])
    return 0.5 * (matrix + matrix.transposed())
  }
}
