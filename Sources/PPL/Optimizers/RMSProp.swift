/// RMSProp (Tieleman & Hinton 2012; centred: Graves 2013), as PyTorch's `RMSprop`.
///
/// v ← αv + (1−α)g² is the running second moment; centred, the square of the running mean
/// ḡ ← αḡ + (1−α)g is taken off it. b ← μb + g / (√v + ε); the step is rate · b.
public struct RMSProp: Optimizer {
  private let rate: LearningRate
  private let alpha: Double
  private let epsilon: Double
  private let momentum: Double
  private let isCentered: Bool

  public init(
    _ rate: LearningRate = 0.01, alpha: Double = 0.99, epsilon: Double = 1e-8,
    momentum: Double = 0, centered: Bool = false
  ) {
    precondition(alpha >= 0 && alpha < 1, "RMSProp: alpha must be in [0, 1), got \(alpha)")
    precondition(
      momentum >= 0 && momentum < 1, "RMSProp: momentum must be in [0, 1), got \(momentum)")
    self.rate = rate
    self.alpha = alpha
    self.epsilon = epsilon
    self.momentum = momentum
    isCentered = centered
  }

  /// The second moment, then the mean if centred, then the velocity if there is momentum.
  public func initialState(_ parameters: Tensor) -> [Tensor] {
    let zeros = Tensor.zeros(parameters.shape, dtype: parameters.dtype)
    return [zeros] + (isCentered ? [zeros] : []) + (momentum > 0 ? [zeros] : [])
  }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    var next = [alpha * state[0] + (1 - alpha) * square(gradient)]
    var variance = next[0]
    if isCentered {
      let mean = alpha * state[1] + (1 - alpha) * gradient
      next.append(mean)
      // Rounding may leave a little less than nothing.
      variance = maximum(variance - square(mean), 0)
    }
    var direction = gradient / (sqrt(variance) + epsilon)
    if momentum > 0 {
      direction = momentum * state[next.count] + direction
      next.append(direction)
    }
    return (parameters - rate(step) * direction, next)
  }
}
