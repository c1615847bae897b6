/// Gradient descent, with Polyak's momentum (1964) or Nesterov's (1983) as PyTorch's `SGD` has them.
///
/// b ← μb + g; the step is rate · b, with Nesterov's momentum rate · (g + μb).
public struct SGD: Optimizer {
  private let rate: LearningRate
  private let momentum: Double
  private let isNesterov: Bool

  public init(_ rate: LearningRate, momentum: Double = 0, nesterov: Bool = false) {
    precondition(
      momentum >= 0 && momentum < 1, "SGD: momentum must be in [0, 1), got \(momentum)")
    precondition(!nesterov || momentum > 0, "SGD: Nesterov's momentum must be positive")
    self.rate = rate
    self.momentum = momentum
    isNesterov = nesterov
  }

  public func initialState(_ parameters: Tensor) -> [Tensor] {
    momentum == 0 ? [] : [Tensor.zeros(parameters.shape, dtype: parameters.dtype)]
  }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    guard momentum > 0 else { return (parameters - rate(step) * gradient, []) }
    let velocity = momentum * state[0] + gradient
    let direction = isNesterov ? gradient + momentum * velocity : velocity
    return (parameters - rate(step) * direction, [velocity])
  }
}
