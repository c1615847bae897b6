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
      let function = target.whitened(
        mode, times: triangle.times, transposedTimes: triangle.transposedTimes)
      guard let end = end(of: function) else { break }
      mode.add(1, triangle.times(end))
      let hessian = hessian(of: function, at: end)
      // Of H = C Cᵀ the inverse is C⁻ᵀ C⁻¹; made triangular, L C⁻ᵀ is the next L.
      let inverse = triangularSolve(cholesky(hessian), Tensor.eye(target.dimension))
      guard inverse.array().allSatisfy(\.isFinite) else { break }
      let error = abs(hessian - Tensor.eye(target.dimension)).max().scalar()
      factor = lowerTriangular(matmul(factor, inverse.transposed())).detached()
      if error < 0.05 { return (mode, factor, true) }
    }
    return (mode, factor, false)
  }

  /// Where the way from 0 ends; nil where the function is not finite there.
  private func end(of function: SmoothFunction) -> [Double]? {
    let origin = [Double](repeating: 0, count: target.dimension)
    let search = LBFGS(maxIterations: 200, gradientTolerance: 1e-6, valueTolerance: 1e-14)
    return try? search.path(function, from: origin).points.last?.position
  }

  /// The same with the diagonal of the Hessian alone: E[v · H v] over vectors v of random signs
  /// (Bekas, Kokiopoulou and Saad 2007), exact if the Hessian is diagonal.
  ///
  /// - Parameter scales: of the coordinates, roughly.
  func diagonal(from start: [Double], _ scales: [Double], seed: Int) -> NormalFit? {
    var (mode, scales) = (start, scales)
    var generator = HostGenerator(key: Int64(seed))
    for _ in 0..<3 {
      guard let better = curvatureScales(at: mode, scales, &generator) else { return nil }
      scales = better
      func scaled(_ vector: [Double]) -> [Double] { zip(vector, better).map { $0 * $1 } }
      let function = target.whitened(mode, times: scaled, transposedTimes: scaled)
      guard let end = end(of: function) else { return nil }
      mode.add(1, scaled(end))
    }
    guard let last = curvatureScales(at: mode, scales, &generator) else { return nil }
    return NormalFit(mean: Tensor(mode), InverseHessian(StepMemory(scales: last)))
  }

  /// 1 / √(diagonal of the Hessian); nil where that is not positive.
  private func curvatureScales(
    at point: [Double], _ scales: [Double], _ generator: inout HostGenerator
  ) -> [Double]? {
    let (probes, step) = (20, 1e-3)
    let function = target.function
    var curvature = [Double](repeating: 0, count: point.count)
    for _ in 0..<probes {
      let offset = scales.map { generator.uniform() < 0.5 ? step * $0 : -step * $0 }
      func gradient(_ sign: Double) -> [Double] {
        function.evaluate(zip(point, offset).map { $0 + sign * $1 }).gradient
      }
      for (index, (up, down)) in zip(gradient(1), gradient(-1)).enumerated() {
        curvature[index] += (up - down) / (2 * offset[index] * Double(probes))
      }
    }
    guard curvature.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    return curvature.map { 1 / $0.squareRoot() }
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
