import Foundation
import Tensors

/// A normal distribution over an unconstrained vector, fitted to a log density.
struct NormalFit {
  private enum Spread {
    /// The lower triangular square root of the covariance.
    case factor(Tensor)
    case estimate(InverseHessian)
  }

  let mean: Tensor
  private let spread: Spread
  /// What standard deviations are multiplied by.
  private var width = 1.0

  init(mean: Tensor, scaleTril: Tensor) {
    self.mean = mean
    spread = .factor(scaleTril)
  }

  init(mean: Tensor, _ covariance: InverseHessian) {
    self.mean = mean
    spread = .estimate(covariance)
  }

  /// The same, narrower: what lighter tails than the normal's need.
  func narrowed(by factor: Double) -> NormalFit {
    var result = self
    result.width *= factor
    return result
  }

  /// The distribution of some of the coordinates.
  func marginal(_ ranges: [Range<Int>]) -> NormalFit {
    let rows = concat(ranges.map { scaleTril.slice($0, along: 0) }, along: 0)
    return NormalFit(
      mean: concat(ranges.map { mean.slice($0) }), scaleTril: lowerTriangular(rows))
  }

  /// The nearest distribution whose coordinates depend on some of those before them alone, in the
  /// divergence from this one to it: each is regressed on its parents (Vecchia 1988).
  func following(_ parents: [[Bool]]) -> NormalFit {
    let isFull = parents.indices.allSatisfy { row in parents[row][..<row].allSatisfy { $0 } }
    guard !isFull else { return self }
    let own = scaleTril.detached()
    var rows: [[Double]] = []
    for (row, isParent) in parents.enumerated() {
      let chosen = isParent.indices.filter { isParent[$0] }
      let root = lowerTriangular(own.gathered(Tensor(chosen + [row]), along: 0)).detached()
      let count = chosen.count
      var factor = [Double](repeating: 0, count: parents.count)
      factor[row] = root.selecting(count, along: 0).array()[count]
      if count > 0 {
        let inner = root.slice(0..<count, along: 0).slice(0..<count, along: 1)
        let shared = root.selecting(count, along: 0).slice(0..<count)
        let weights = triangularSolve(inner, shared, transposed: true).array()
        for (weight, parent) in zip(weights, chosen) {
          for index in 0...parent { factor[index] += weight * rows[parent][index] }
        }
      }
      rows.append(factor)
    }
    return NormalFit(
      mean: mean, scaleTril: Tensor(rows.flatMap { $0 }, shape: [rows.count, rows.count]))
  }

  /// The lower triangular square root of the covariance.
  var scaleTril: Tensor {
    switch spread {
    case .factor(let factor): width * factor
    case .estimate(let hessian): width * cholesky(hessian.matrix)
    }
  }

  /// The scale of each coordinate where the others are held: that of the independent normal
  /// distributions which have the best evidence bound.
  var conditionalScales: Tensor {
    switch spread {
    case .factor(let factor):
      let inverse = triangularSolve(factor, Tensor.eye(mean.count))
      return width / sqrt(square(inverse).sum(axis: 0))
    case .estimate(let hessian): return width * hessian.conditionalScales
    }
  }

  /// Draws, the rows of a matrix, made from rows of standard normal numbers, and the log density of
  /// each.
  func draws(_ noise: Tensor) -> (points: Tensor, logDensities: Tensor) {
    let (offsets, logScale) =
      switch spread {
      case .factor(let factor):
        (matmul(noise, factor.transposed()), log(factor.diagonal()).sum())
      case .estimate(let hessian): (hessian.spread(noise), hessian.logScale)
      }
    let perCoordinate = 0.5 * Foundation.log(2 * Double.pi) + Foundation.log(width)
    let logDensities =
      -0.5 * square(noise).sum(axis: -1) - logScale - Double(mean.count) * perCoordinate
    return (mean + width * offsets, logDensities)
  }
}

/// The lower triangular L with L Lᵀ = R Rᵀ, for a matrix R with no fewer columns than rows.
func lowerTriangular(_ root: Tensor) -> Tensor { qr(root.transposed()).r.transposed() }
