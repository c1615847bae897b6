/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), as PyTorch's `AdamW`.
///
/// Before Adam's step, parameters are multiplied by 1 − rate · weightDecay. Parameters are
/// unconstrained here: decay draws a positive parameter towards the value that 0 stands for.
public struct AdamW: Optimizer {
  private let adam: Adam
  private let rate: LearningRate
  private let weightDecay: Double

  public init(
    _ rate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    precondition(
      weightDecay >= 0, "AdamW: weightDecay must not be negative, got \(weightDecay)")
    adam = Adam(rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    self.rate = rate
    self.weightDecay = weightDecay
  }

  public func initialState(_ parameters: Tensor) -> [Tensor] { adam.initialState(parameters) }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    adam.update(parameters * (1 - weightDecay * rate(step)), gradient, state, step: step)
  }
}
