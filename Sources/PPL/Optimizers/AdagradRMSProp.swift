/// The step sizes of automatic differentiation variational inference (Kucukelbir et al. 2017,
/// equations 10 and 11), as Pyro's `AdagradRMSProp`: a running second moment as in RMSProp, and a
/// rate that shrinks as in Adagrad.
///
/// s ← g² at the first step, s ← (1−t)s + t·g² later; the k-th step, counted from 1, is
/// eta · k^(−½ + δ) · g / (1 + √s).
public struct AdagradRMSProp: Optimizer {
  private let eta: LearningRate
  private let delta: Double
  private let t: Double

  public init(_ eta: LearningRate = 1, delta: Double = 1e-16, t: Double = 0.1) {
    precondition(t > 0 && t <= 1, "AdagradRMSProp: t must be in (0, 1], got \(t)")
    self.eta = eta
    self.delta = delta
    self.t = t
  }

  public func initialState(_ parameters: Tensor) -> [Tensor] {
    [Tensor.zeros(parameters.shape, dtype: parameters.dtype)]
  }

  public func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    let weight = `where`(step .> 0, Tensor(floatLiteral: t), 1)
    let moment = (1 - weight) * state[0] + weight * square(gradient)
    let size = eta(step) * pow(step + 1, Tensor(floatLiteral: delta - 0.5))
    return (parameters - size * gradient / (1 + sqrt(moment)), [moment])
  }
}
