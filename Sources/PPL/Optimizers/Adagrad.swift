/// Adagrad (Duchi, Hazan & Singer 2011), as PyTorch's `Adagrad`.
///
/// s ← s + g², from `initialAccumulator`; the step is rate · g / (√s + ε).
public struct Adagrad: Optimizer {
  private let rate: LearningRate
  private let initialAccumulator: Double
  private let epsilon: Double

  public init(
    _ rate: LearningRate = 0.01, initialAccumulator: Double = 0, epsilon: Double = 1e-10
  ) {
    precondition(
      initialAccumulator >= 0,
      "Adagrad: initialAccumulator must not be negative, got \(initialAccumulator)")
    self.rate = rate
    self.initialAccumulator = initialAccumulator
    self.epsilon = epsilon
  }

  public func initialState(_ parameters: Tensor) -> [Tensor] {
    [Tensor.full(parameters.shape, initialAccumulator, dtype: parameters.dtype)]
  }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    let sum = state[0] + square(gradient)
    return (parameters - rate(step) * gradient / (sqrt(sum) + epsilon), [sum])
  }
}
