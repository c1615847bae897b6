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

  init(mean: Tensor, scaleTril: Tensor) {
    self.mean = mean
    spread = .factor(scaleTril)
  }

  init(mean: Tensor, _ covariance: InverseHessian) {
    self.mean = mean
    spread = .estimate(covariance)
  }

  /// The lower triangular square root of the covariance.
  var scaleTril: Tensor {
    switch spread {
    case .factor(let factor): factor
    case .estimate(let hessian): cholesky(hessian.matrix)
    }
  }

  /// The scale of each coordinate where the others are held: that of the independent normal
  /// distributions which have the best evidence bound.
  var conditionalScales: Tensor {
    switch spread {
    case .factor(let factor):
      let inverse = triangularSolve(factor, Tensor.eye(mean.count))
      return 1 / sqrt(square(inverse).sum(axis: 0))
    case .estimate(let hessian): return hessian.conditionalScales
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
    let constant = 0.5 * Double(mean.count) * log(Tensor(floatLiteral: 2 * Double.pi))
    return (mean + offsets, -0.5 * square(noise).sum(axis: -1) - logScale - constant)
  }
}
