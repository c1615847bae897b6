/// A coin that shows 1 with the given probability, else 0.
///
/// log p(x) = x · logits − softplus(logits), with logits = log(p / (1 − p))
public struct Bernoulli: MomentDistribution {
  private enum Form {
    case probs(Tensor)
    case logits(Tensor)
  }

  private let parameter: Form
  public private(set) var batchShape: Shape
  public var support: Constraint { .boolean }
  public var parameters: [Parameter] {
    switch parameter {
    case .probs(let probs): [Parameter("probs", probs, .unitInterval)]
    case .logits(let logits): [Parameter("logits", logits, .real)]
    }
  }
  public var isReparameterized: Bool { false }

  /// - Parameter probs: in [0, 1].
  public init(probs: Tensor) {
    requireParameter(probs, .unitInterval, "Bernoulli", "probs")
    parameter = .probs(probs)
    batchShape = probs.shape
  }

  /// - Parameter logits: log odds.
  public init(logits: Tensor) {
    requireParameter(logits, .real, "Bernoulli", "logits")
    parameter = .logits(logits)
    batchShape = logits.shape
  }

  /// The probability of 1.
  public var probs: Tensor {
    switch parameter {
    case .probs(let probs): probs
    case .logits(let logits): sigmoid(logits)
    }
  }

  /// The log odds of 1.
  public var logits: Tensor {
    switch parameter {
    case .probs(let probs): log(probs) - log1p(-probs)
    case .logits(let logits): logits
    }
  }

  /// −∞ for values other than 0 and 1.
  public func logProb(_ value: Tensor) -> Tensor {
    let mass: Tensor =
      switch parameter {
      case .logits(let logits): value * logits - softplus(logits)
      case .probs(let probs): log(`where`(value .== 1, probs, 1 - probs))
      }
    // Of literal probabilities the mass would be a literal; it takes the dtype of the value.
    let dtype = mass.isLiteral && value.dtype.isFloat ? value.dtype : mass.dtype
    return overBatch(`where`(support.contains(value), mass.cast(to: dtype), logZero))
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([probs], dtype)
    let u = key.uniform(shape + batchShape, dtype: dtype)
    return (u .< probs).cast(to: dtype)
  }

  public func expanded(to batchShape: Shape) -> Bernoulli {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { probs.broadcast(to: batchShape) }
  public var variance: Tensor { (probs * (1 - probs)).broadcast(to: batchShape) }
}
