@_exported public import Tensors

/// A probability distribution over tensors.
///
/// A draw has the shape `batchShape + eventShape`: the batch axes are independent draws with their
/// own parameters, the event axes one draw. `logProb` sums over the event axes only.
///
/// Parameters that are literals have no dtype; draws then take the one asked for.
public protocol Distribution: Sendable {
  var batchShape: Shape { get }
  var eventShape: Shape { get }
  /// Where the density is not zero.
  var support: Constraint { get }
  /// The arguments it was made with, and where each must lie.
  var parameters: [Parameter] { get }
  /// Whether a draw is a differentiable function of the parameters.
  var isReparameterized: Bool { get }

  /// The log density (or log mass) at `value`, −∞ outside the support; it has the shape of the
  /// batch broadcast with that of `value`, less the event axes.
  func logProb(_ value: Tensor) -> Tensor

  /// `shape` independent draws: a tensor of shape `shape + batchShape + eventShape`.
  ///
  /// The same key gives the same draws.
  func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor

  /// A draw and its log density, for less than the two apart.
  func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor)

  /// A draw, its log density, and the derivative of the log density with respect to the value alone,
  /// with the parameters held fixed. The score is a constant: it has no derivatives.
  func sampleWithScore(
    _ shape: Shape, key: RandomKey, dtype: DType
  ) -> (value: Tensor, logProb: Tensor, score: Tensor)

  /// The same distribution, drawn independently over a larger batch.
  func expanded(to batchShape: Shape) -> Self
}

extension Distribution {
  public var eventShape: Shape { [] }
  public var isReparameterized: Bool { true }

  public func sampleAndLogProb(_ shape: Shape, key: RandomKey, dtype: DType) -> (Tensor, Tensor) {
    let value = sample(shape, key: key, dtype: dtype)
    return (value, logProb(value))
  }

  public func sampleWithScore(
    _ shape: Shape, key: RandomKey, dtype: DType
  ) -> (value: Tensor, logProb: Tensor, score: Tensor) {
    let (value, logProb) = sampleAndLogProb(shape, key: key, dtype: dtype)
    let point = stopGradient(value)
    let score = gradient(of: self.logProb(point).sum(), withRespectTo: point)
    return (value, logProb, stopGradient(score))
  }

  /// One draw, of float64 unless the parameters say otherwise.
  public func sample(key: RandomKey) -> Tensor { sample([], key: key, dtype: .float64) }
}

/// The dtype of draws: that of the parameters, or the one asked for where they are literals.
func drawDType(_ parameters: [Tensor], _ requested: DType) -> DType {
  var result: DType?
  for parameter in parameters where !parameter.isLiteral && parameter.dtype.isFloat {
    if result == nil || parameter.dtype == .float64 { result = parameter.dtype }
  }
  return result ?? requested
}

/// The common batch shape of parameters; traps where they do not broadcast.
func batchShape(of distribution: StaticString, _ parameters: [(String, Tensor)]) -> Shape {
  var shape = Shape()
  for (name, parameter) in parameters {
    guard let common = shape.broadcast(with: parameter.shape) else {
      preconditionFailure(
        "\(distribution): \(name) of shape \(parameter.shape) does not broadcast with \(shape)")
    }
    shape = common
  }
  return shape
}

extension Distribution {
  /// A log density spread over the batch, where neither parameters nor value have its shape.
  func overBatch(_ logProb: Tensor) -> Tensor {
    guard let shape = logProb.shape.broadcast(with: batchShape) else {
      preconditionFailure(
        "logProb: a value of batch shape \(logProb.shape) for a batch of shape \(batchShape)")
    }
    return logProb.broadcast(to: shape)
  }
}

/// A distribution whose mean and variance are known; they have the shape of a draw.
///
/// ±∞ where they diverge, NaN where they do not exist.
public protocol MomentDistribution: Distribution {
  var mean: Tensor { get }
  var variance: Tensor { get }
}

extension MomentDistribution {
  /// The square root of the variance.
  public var standardDeviation: Tensor { sqrt(variance) }
}

/// A distribution whose entropy, E[−log p(x)] in nats, is known; it has the shape of the batch.
public protocol EntropyDistribution: Distribution {
  var entropy: Tensor { get }
}

/// A distribution of numbers whose distribution function P(x ≤ value) is known.
public protocol CumulativeDistribution: Distribution {
  func cdf(_ value: Tensor) -> Tensor
}

/// A distribution of numbers whose quantiles are known.
public protocol QuantileDistribution: CumulativeDistribution {
  /// The value x with cdf(x) = `probability`, for a discrete distribution the least with cdf(x) ≥
  /// `probability`; NaN outside [0, 1].
  func icdf(_ probability: Tensor) -> Tensor
}

/// A distribution over finitely many values.
public protocol EnumerableDistribution: Distribution {
  /// All values, along a new first axis: of shape [count] + batchShape + eventShape, or with 1 in
  /// place of each extent of the batch unless `expanded`.
  func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor
}

extension EnumerableDistribution {
  /// The values of the support, spread over the batch.
  public func enumerateSupport() -> Tensor { enumerateSupport(expanded: true, dtype: .float64) }
}
