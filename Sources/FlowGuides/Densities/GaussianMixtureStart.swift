internal import PPL

/// A mixture of normals found by expectation maximisation (Dempster, Laird & Rubin 1977), from
/// components around rows that k-means++ chooses far apart (Arthur & Vassilvitskii 2007).
struct GaussianMixtureStart: Sendable {
  /// Components.
  private(set) var logits: Tensor
  /// Components × columns.
  private(set) var mean: Tensor
  /// Deviations or Cholesky factors, as a mixture has them: those that all share only once.
  private(set) var scale: Tensor

  /// - Parameter data: rows × columns, more rows than components.
  init(
    _ data: Tensor, components: Int, covariance: MixtureCovariance, isTied: Bool, seed: Int = 0
  ) {
    precondition(
      data.rank == 2 && data.shape[0] > components && isFinite(data).all().scalar() == 1,
      """
      FlowBase.mixture: to start \(components) components from data takes finite rows × columns, with \
      more rows than components; got a tensor of shape \(data.shape)
      """)
    let data = data.cast(to: .float64).detached()
    let rule = Maximization(data: data, covariance: covariance, isTied: isTied)
    var shares = Self.nearest(data, components, seed)
    var last = -Double.infinity
    (logits, mean, scale) = rule(shares)
    for _ in 0..<200 {
      let densities = logits + rule.logDensities(mean, scale)
      let total = densities.logSumExp(axis: 1, keepingAxes: true)
      let level = total.mean().scalar()
      guard level > last + 1e-10 else { break }
      last = level
      shares = exp(densities - total)
      (logits, mean, scale) = rule(shares)
    }
  }

  /// Rows × components: a one for the nearest of the rows chosen, in units of the columns' deviations.
  private static func nearest(_ data: Tensor, _ components: Int, _ seed: Int) -> Tensor {
    let centred = data - data.mean(axis: 0)
    let deviation = sqrt(square(centred).mean(axis: 0))
    let points = centred / `where`(deviation .> 0, deviation, 1)
    let draws = RandomKey(seed).uniform([components]).array()
    var distances = Tensor.zeros([points.shape[0], 0])
    for draw in draws {
      // The first row is any; others are chosen by their squared distances from those.
      let odds =
        distances.count == 0
        ? [Double](repeating: 1, count: points.shape[0]) : distances.min(axis: 1).array()
      let chosen = points.selecting(index(draw, odds), along: 0)
      let next = square(points - chosen).sum(axis: 1, keepingAxes: true)
      distances = concat([distances, next], along: 1).detached()
    }
    let least = distances.argmin(axis: 1).expandingDims(at: 1)
    return (least .== Tensor.arange(components)).cast(to: .float64).detached()
  }

  /// Which of some odds a number between 0 and 1 falls on.
  private static func index(_ draw: Double, _ odds: [Double]) -> Int {
    var rest = draw * odds.reduce(0, +)
    for (index, share) in odds.enumerated() {
      rest -= share
      if rest < 0 { return index }
    }
    return odds.count - 1
  }
}

/// The mixture of the greatest likelihood for rows that belong to components by given shares.
private struct Maximization {
  let data: Tensor
  let covariance: MixtureCovariance
  let isTied: Bool
  /// Added to the variances, a millionth of those of the data: no component shrinks to a point.
  private let floor: Tensor

  init(data: Tensor, covariance: MixtureCovariance, isTied: Bool) {
    (self.data, self.covariance, self.isTied) = (data, covariance, isTied)
    let spread = square(data - data.mean(axis: 0)).mean(axis: 0)
    floor = (1e-6 * maximum(spread, 1e-300 + 1e-12 * spread.max())).detached()
  }

  func callAsFunction(_ shares: Tensor) -> (logits: Tensor, mean: Tensor, scale: Tensor) {
    let counts = maximum(shares.sum(axis: 0), 1e-9).detached()
    let weights = (counts / counts.sum()).detached()
    let mean = (matmul(shares.transposed(), data) / counts.expandingDims(at: 1)).detached()
    // Components × rows × columns.
    let offsets = data - mean.expandingDims(at: 1)
    let own = shares.transposed().expandingDims(at: 2) / counts.reshaped(to: [counts.count, 1, 1])
    return (log(weights).detached(), mean, scale(offsets, own, weights).detached())
  }

  private func scale(_ offsets: Tensor, _ own: Tensor, _ weights: Tensor) -> Tensor {
    func tied(_ each: Tensor) -> Tensor {
      guard isTied else { return each }
      let column = weights.reshaped(to: [weights.count] + Shape(repeating: 1, count: each.rank - 1))
      return (column * each).sum(axis: 0, keepingAxes: true)
    }
    if covariance == .full {
      let products = matmul((own * offsets).transposed(to: [0, 2, 1]), offsets)
      let diagonal = floor * Tensor.eye(floor.count)
      return cholesky(tied(products) + diagonal)
    }
    let variances = tied((own * square(offsets)).sum(axis: 1)) + floor
    return sqrt(
      covariance == .spherical ? variances.mean(axis: 1, keepingAxes: true) : variances)
  }

  /// Rows × components.
  func logDensities(_ mean: Tensor, _ scale: Tensor) -> Tensor {
    let points = data.expandingDims(at: 1)
    return covariance == .full
      ? MultivariateNormal(mean, scaleTril: scale).logProb(points)
      : Normal(mean, scale).toEvent(1).logProb(points)
  }
}
