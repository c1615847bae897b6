import Tensors

/// The normal distribution with the mode of a density for its mean, and the inverse of the negative
/// Hessian matrix there for its covariance: Laplace's approximation.
///
/// Steps are taken, and gradients differenced, in coordinates in which the last approximation is
/// standard normal. That makes nothing of the units of the coordinates and of how they are
/// correlated.
struct ModeFit {
  private let target: StartTarget
  /// With more coordinates than that only the diagonal of the Hessian is estimated.
  static let dimensionLimit = 400

  init(_ target: StartTarget) { self.target = target }

  /// - Parameters:
  ///   - start: where to begin.
  ///   - factor: the square root of an estimate of the covariance.
  /// - Returns: nil where the density is not finite or has no maximum.
  func run(from start: [Double], _ factor: Tensor) -> NormalFit? {
    let end = climb(from: start, factor)
    return end.isMaximum ? NormalFit(mean: Tensor(end.mode), scaleTril: end.factor) : nil
  }

  /// The mode, or the point where the way to it ended.
  func mode(from start: [Double], _ factor: Tensor) -> [Double] { climb(from: start, factor).mode }

  private func climb(
    from start: [Double], _ factor: Tensor
  ) -> (mode: [Double], factor: Tensor, isMaximum: Bool) {
    var (mode, factor) = (start, factor)
    for _ in 0..<10 {
      let triangle = LowerTriangle(factor)
      let function = target.whitened(mode, triangle)
      let origin = [Double](repeating: 0, count: target.dimension)
      let search = LBFGS(maxIterations: 200, gradientTolerance: 1e-6, valueTolerance: 1e-14)
      guard let end = try? search.path(function, from: origin).points.last else { break }
      mode.add(1, triangle.times(end.position))
      let hessian = hessian(of: function, at: end.position)
      // Of H = C Cᵀ the inverse is C⁻ᵀ C⁻¹; made triangular, L C⁻ᵀ is the next L.
      let inverse = triangularSolve(cholesky(hessian), Tensor.eye(target.dimension))
      guard inverse.array().allSatisfy(\.isFinite) else { break }
      let error = abs(hessian - Tensor.eye(target.dimension)).max().scalar()
      factor = lowerTriangular(matmul(factor, inverse.transposed())).detached()
      if error < 0.05 { return (mode, factor, true) }
    }
    return (mode, factor, false)
  }

  /// The same with the diagonal of the Hessian alone: E[v · H v] over vectors v of random signs
  /// (Bekas, Kokiopoulou and Saad 2007), exact if the Hessian is diagonal.
  ///
  /// - Parameter scales: of the coordinates, roughly.
  func diagonal(at mode: [Double], _ scales: [Double], seed: Int) -> NormalFit? {
    var scales = scales
    var generator = HostGenerator(key: Int64(seed))
    let (probes, step) = (20, 1e-3)
    for _ in 0..<2 {
      var curvature = [Double](repeating: 0, count: mode.count)
      for _ in 0..<probes {
        let offset = scales.map { generator.uniform() < 0.5 ? step * $0 : -step * $0 }
        func gradient(_ sign: Double) -> [Double] {
          target.function.evaluate(zip(mode, offset).map { $0 + sign * $1 }).gradient
        }
        for (index, (up, down)) in zip(gradient(1), gradient(-1)).enumerated() {
          curvature[index] += (up - down) / (2 * offset[index] * Double(probes))
        }
      }
      guard curvature.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
      scales = curvature.map { 1 / $0.squareRoot() }
    }
    return NormalFit(mean: Tensor(mode), InverseHessian(StepMemory(scales: scales)))
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
