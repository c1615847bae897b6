import Tensors

/// Normal distributions along the path of L-BFGS to a mode, of which the one with the best evidence
/// lower bound is taken (Zhang, Carpenter, Gelman and Vehtari 2022).
struct Pathfinder {
  /// What a path led to.
  struct Result {
    let fit: NormalFit
    /// The last point.
    let end: [Double]
  }

  private let target: StartTarget
  /// Rows of standard normal numbers, with which all candidates are compared.
  private let noise: Tensor

  init(_ target: StartTarget, _ noise: Tensor) {
    self.target = target
    self.noise = noise
  }

  /// The best normal distribution along the path from a point; nil if there is none.
  func run(from start: [Double]) -> Result? {
    let search = LBFGS(history: 6, maxIterations: 200, valueTolerance: 1e-10)
    guard let (path, _) = try? search.path(target.function, from: start) else { return nil }
    var memory = StepMemory(scales: [Double](repeating: 1, count: target.dimension))
    var best: (fit: NormalFit, elbo: Double)?
    for (old, new) in zip(path, path.dropFirst()) {
      memory.append(from: old, to: new)
      let covariance = InverseHessian(memory)
      let mean = Tensor(new.position) - covariance.product(Tensor(new.gradient))
      let fit = NormalFit(mean: mean, covariance)
      let elbo = target.elbo(fit, noise)
      if elbo > best?.elbo ?? -.infinity { best = (fit, elbo) }
    }
    guard let best, let end = path.last?.position else { return nil }
    return Result(fit: best.fit, end: end)
  }
}
