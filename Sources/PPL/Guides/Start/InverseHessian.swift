import Tensors

/// The inverse Hessian matrix that the steps of a quasi-Newton method tell of:
///
///     H = diag(α) + β γ βᵀ,   β = [diag(α) Y, S]
///
/// with the last steps as columns of S and the changes of the gradient along them in Y (Byrd, Nocedal
/// and Schnabel 1994). Its square root √α (I + Q (L − I) Qᵀ), with Q orthonormal, makes draws of
/// the normal distribution with covariance H in time linear in the dimension (Zhang, Carpenter,
/// Gelman and Vehtari 2022).
struct InverseHessian {
  /// √α.
  private let root: Tensor
  /// Q and L; nil if there were no steps.
  private let core: (q: Tensor, factor: Tensor)?
  /// β γ βᵀ g for a vector g.
  private let lowRankProduct: (Tensor) -> Tensor

  init(_ memory: StepMemory) {
    let diagonal = Tensor(memory.diagonal)
    let root = sqrt(diagonal)
    self.root = root
    guard !memory.steps.isEmpty else {
      core = nil
      lowRankProduct = { _ in 0 }
      return
    }
    let (count, dimension) = (memory.steps.count, memory.diagonal.count)
    let steps = Tensor(memory.steps.flatMap { $0 }, shape: [count, dimension])
    let changes = Tensor(memory.changes.flatMap { $0 }, shape: [count, dimension])
    let scaled = changes * diagonal
    let products = matmul(steps, changes.transposed())
    let inverse = triangularSolve(triu(products), Tensor.eye(count), lower: false)
    let inner = products.diagonal().embeddingDiagonal() + matmul(scaled, changes.transposed())
    let corner = matmul(inverse.transposed(), matmul(inner, inverse))
    let gamma = concat(
      [
        concat([Tensor.zeros([count, count]), -inverse], along: 1),
        concat([-inverse.transposed(), corner], along: 1),
      ], along: 0)
    let beta = concat([scaled, steps], along: 0).transposed()
    let (q, r) = qr(beta / root.expandingDims(at: -1))
    let middle = matmul(matmul(r, gamma), r.transposed())
    core = (q, cholesky(Tensor.eye(2 * count) + 0.5 * (middle + middle.transposed())))
    lowRankProduct = { matmul(beta, matmul(gamma, matmul(beta.transposed(), $0))) }
  }

  /// H g.
  func product(_ gradient: Tensor) -> Tensor { square(root) * gradient + lowRankProduct(gradient) }

  /// Rows with covariance H from rows of standard normal numbers.
  func spread(_ noise: Tensor) -> Tensor {
    guard let (q, factor) = core else { return root * noise }
    let excess = factor - Tensor.eye(factor.shape[0])
    let inside = matmul(matmul(noise, q), excess.transposed())
    return root * (noise + matmul(inside, q.transposed()))
  }

  /// ½ log |H|.
  var logScale: Tensor {
    log(root).sum() + (core.map { log($0.factor.diagonal()).sum() } ?? 0)
  }

  /// H as a matrix.
  var matrix: Tensor {
    let half = spread(Tensor.eye(root.count))
    return matmul(half.transposed(), half)
  }

  /// 1 / √(H⁻¹)ᵢᵢ, the scale of each coordinate where the others are held.
  var conditionalScales: Tensor {
    guard let (q, factor) = core else { return root }
    let size = factor.shape[0]
    let inverse = triangularSolve(factor, Tensor.eye(size))
    let excess = matmul(inverse.transposed(), inverse) - Tensor.eye(size)
    return root / sqrt(1 + (matmul(q, excess) * q).sum(axis: -1))
  }
}

/// The last steps of a path, and a diagonal estimate of the inverse Hessian that follows all of them
/// (Gilbert & Lemaréchal 1989).
struct StepMemory {
  private(set) var steps: [[Double]] = []
  /// How the gradient of the negative log density changed along each.
  private(set) var changes: [[Double]] = []
  private(set) var diagonal: [Double]
  private let capacity: Int

  /// - Parameter scales: the square root of the diagonal before the first step.
  init(scales: [Double]) {
    diagonal = scales.map { $0 * $0 }
    capacity = min(6, scales.count / 2)
  }

  /// Notes a step, unless the function is not convex along it.
  mutating func append(from old: SmoothFunction.Point, to new: SmoothFunction.Point) {
    let step = zip(new.position, old.position).map { $0 - $1 }
    let change = zip(new.gradient, old.gradient).map { $0 - $1 }
    let product = step.dot(change)
    guard product > 1e-12 * change.dot(change) else { return }
    rescale(step, change, product)
    guard capacity > 0 else { return }
    if steps.count == capacity {
      steps.removeFirst()
      changes.removeFirst()
    }
    steps.append(step)
    changes.append(change)
  }

  private mutating func rescale(_ step: [Double], _ change: [Double], _ product: Double) {
    var (a, c) = (0.0, 0.0)
    for index in step.indices {
      a += change[index] * diagonal[index] * change[index]
      c += step[index] / diagonal[index] * step[index]
    }
    for index in step.indices {
      let (alpha, s, y) = (diagonal[index], step[index], change[index])
      let inverse =
        a / (product * alpha) + y * y / product - a * s * s / (product * c * alpha * alpha)
      diagonal[index] = 1 / inverse
    }
  }
}
