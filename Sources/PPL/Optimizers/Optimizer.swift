/// A rule that moves parameters along a gradient. It sees all parameters as one vector.
public protocol Optimizer: Sendable {
  /// The state before the first step, for parameters of this shape and dtype.
  func initialState(_ parameters: Tensor) -> [Tensor]

  /// The parameters and the state after a step down the gradient.
  ///
  /// Called when a step is planned, not at each step: tensors of the rule's own are constants.
  ///
  /// - Parameter step: the number of steps taken before, a scalar of the parameters' dtype.
  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
}

/// A step size, constant or following a schedule.
public struct LearningRate: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  private enum Kind {
    case constant
    case exponential(Double)
    case cosine(Int)
  }

  private let initial: Double
  private let kind: Kind

  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  private init(_ initial: Double, _ kind: Kind) {
    precondition(initial >= 0, "a learning rate must not be negative, got \(initial)")
    self.initial = initial
    self.kind = kind
  }

  /// The same rate at every step.
  public static func constant(_ rate: Double) -> LearningRate { LearningRate(rate, .constant) }

  /// `rate · decay^step`.
  public static func exponential(_ rate: Double, decay: Double) -> LearningRate {
    LearningRate(rate, .exponential(decay))
  }

  /// From `rate` to zero along half a cosine, over `steps` steps.
  public static func cosine(_ rate: Double, steps: Int) -> LearningRate {
    LearningRate(rate, .cosine(max(steps, 1)))
  }

  /// The rate at a step, a scalar.
  func callAsFunction(_ step: Tensor) -> Tensor {
    switch kind {
    case .constant: return Tensor(floatLiteral: initial)
    case .exponential(let decay): return initial * pow(Tensor(decay, dtype: step.dtype), step)
    case .cosine(let steps):
      let phase = minimum(step / Double(steps), 1)
      return (0.5 * initial) * (1 + cos(Double.pi * phase))
    }
  }
}
