/// Adam (Kingma & Ba 2015).
///
/// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²; the step is rate · m̂ / (√v̂ + ε), where hats divide by
/// 1 − βᵗ at the t-th step.
public struct Adam: Optimizer {
  private let rate: LearningRate
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double

  public init(
    _ rate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    precondition(
      beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
      "Adam: beta1 and beta2 must be in [0, 1), got \(beta1) and \(beta2)")
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  public func initialState(_ parameters: Tensor) -> [Tensor] {
    let zeros = Tensor.zeros(parameters.shape, dtype: parameters.dtype)
    return [zeros, zeros]
  }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    let m = beta1 * state[0] + (1 - beta1) * gradient
    let v = beta2 * state[1] + (1 - beta2) * square(gradient)
    let t = step + 1
    let first = 1 - pow(Tensor(beta1, dtype: t.dtype), t)
    let second = 1 - pow(Tensor(beta2, dtype: t.dtype), t)
    // m̂ / (√v̂ + ε) with the corrections drawn out of the vector arithmetic.
    let size = rate(step) * sqrt(second) / first
    let moved = parameters - size * m / (sqrt(v) + epsilon * sqrt(second))
    return (moved, [m, v])
  }
}
