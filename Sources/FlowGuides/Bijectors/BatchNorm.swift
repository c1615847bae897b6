public import PPL

/// Batch normalisation by running statistics, in the generative direction: y = (x − β) / γ ·
/// √(variance + ε) + mean with learned β and γ > 0 (Dinh et al. 2017); log det Σ (½ log(variance +
/// ε) − log γ).
///
/// Backwards it gives values of those statistics mean 0 and variance 1, before β and γ. With the
/// statistics of the batch at hand it would not be invertible; so it takes those of batches before,
/// in training too. Each batch of values that goes backward moves them, from the next step on. They
/// are mutable sites, kept and saved with the parameters.
public struct BatchNorm: VectorLayer {
  private let name: String
  private let momentum: Double
  private let mean: Tensor
  private let variance: Tensor

  var dimension: Int { mean.shape[0] }
  public var isAutoregressive: Bool { true }

  /// - Parameters:
  ///   - mean: of each coordinate at first.
  ///   - variance: of each coordinate at first.
  ///   - momentum: how much of the statistics comes from the last batch.
  ///   - name: the prefix of the sites' names.
  public init(mean: Tensor, variance: Tensor, momentum: Double = 0.1, name: String) {
    precondition(
      mean.rank == 1 && mean.shape == variance.shape,
      "BatchNorm: a mean of shape \(mean.shape) and a variance of shape \(variance.shape)")
    precondition(
      momentum >= 0 && momentum <= 1, "BatchNorm: momentum must be in [0, 1], got \(momentum)")
    (self.mean, self.variance, self.momentum, self.name) = (mean, variance, momentum, name)
  }

  /// One that starts with mean 0 and variance 1.
  public init(dimension: Int, momentum: Double = 0.1, name: String) {
    self.init(
      mean: Tensor.zeros([dimension]), variance: Tensor.ones([dimension]), momentum: momentum,
      name: name)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let scale = scale()
    return ((x - beta) * scale + runningMean, logDet(scale, x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let scale = scale()
    let x = (y - runningMean) / scale + beta
    update(with: y)
    return (x, -logDet(scale, y))
  }

  /// The statistics are those of values that were given, and stay as they are where one is drawn.
  public func forwardWithScore(
    _ x: Tensor, score: Tensor, context: Tensor?
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    let (y, logDet) = forwardAndLogDet(x, context: context)
    return (y, logDet, stopGradient(score / scale()))
  }

  private func update(with y: Tensor) {
    guard momentum > 0, y.count > dimension else { return }
    let rows = y.reshaped(to: [y.count / dimension, dimension])
    let (batchMean, deviation) = columnMoments(rows)
    assign("\(name).mean", (1 - momentum) * runningMean + momentum * batchMean)
    assign("\(name).variance", (1 - momentum) * runningVariance + momentum * square(deviation))
  }

  private func logDet(_ scale: Tensor, _ x: Tensor) -> Tensor {
    log(scale).sum().broadcast(to: Shape(x.shape.dropLast()))
  }

  /// √(variance + ε) / γ.
  private func scale() -> Tensor {
    let shape = mean.shape
    let gamma = param("\(name).gamma", Tensor.ones(shape), constraint: .softplusPositive)
    return sqrt(runningVariance + 1e-5) / gamma
  }

  private var beta: Tensor { param("\(name).beta", Tensor.zeros(mean.shape)) }
  private var runningMean: Tensor { mutable("\(name).mean", mean) }
  private var runningVariance: Tensor { mutable("\(name).variance", variance) }
}

/// The means and standard deviations of the columns of a matrix.
func columnMoments(_ rows: Tensor) -> (mean: Tensor, deviation: Tensor) {
  let mean = rows.mean(axis: 0)
  return (mean, sqrt(square(rows - mean).mean(axis: 0)))
}
