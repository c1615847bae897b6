/// Adam with the gradient limited element by element and a rate that decays exponentially.
///
/// Pyro's `ClippedAdam`: each gradient element is limited to ±`clipNorm`, then `weightDecay` times
/// the parameter is added to it; the rate is multiplied by `decay` before every step; the denominator
/// is √v + ε, corrected for the start outside the root.
public struct ClippedAdam: Optimizer {
  private let rate: LearningRate
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let weightDecay: Double
  private let clipNorm: Double
  private let decay: Double

  public init(
    _ rate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, clipNorm: Double = 10, decay: Double = 1
  ) {
    precondition(
      beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
      "ClippedAdam: beta1 and beta2 must be in [0, 1), got \(beta1) and \(beta2)")
    precondition(
      weightDecay >= 0, "ClippedAdam: weightDecay must not be negative, got \(weightDecay)")
    precondition(clipNorm > 0, "ClippedAdam: clipNorm must be positive, got \(clipNorm)")
    precondition(decay > 0, "ClippedAdam: decay must be positive, got \(decay)")
    self.rate = rate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    self.decay = decay
  }

  public func initialState(_ parameters: Tensor) -> [Tensor] {
    let zeros = Tensor.zeros(parameters.shape, dtype: parameters.dtype)
    return [zeros, zeros]
  }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    let limit = Tensor(floatLiteral: clipNorm)
    let limited = clamp(gradient, -limit, limit)
    let g = weightDecay == 0 ? limited : limited + weightDecay * parameters
    let m = beta1 * state[0] + (1 - beta1) * g
    let v = beta2 * state[1] + (1 - beta2) * square(g)
    let t = step + 1
    let first = 1 - pow(Tensor(beta1, dtype: t.dtype), t)
    let second = 1 - pow(Tensor(beta2, dtype: t.dtype), t)
    let current = decay == 1 ? rate(step) : rate(step) * pow(Tensor(decay, dtype: t.dtype), t)
    let size = current * sqrt(second) / first
    return (parameters - size * m / (sqrt(v) + epsilon), [m, v])
  }
}
