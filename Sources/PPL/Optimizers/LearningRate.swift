/// A step size, constant or following a schedule. Schedules count the steps from 0.
///
/// They correspond to PyTorch's schedulers, `.exponential` to `ExponentialLR` and so on. A warm-up
/// is a schedule that another follows:
/// `.linear(from: 0.0001, to: 0.01, steps: 100).then(.cosine(0.01, steps: 900), at: 100)`.
public struct LearningRate: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  private let rate: @Sendable (Tensor) -> Tensor

  /// Any function of the number of steps taken before.
  ///
  /// - Parameter rate: from a scalar of the parameters' dtype to a scalar. Called when a step is
  ///   planned, so it has to choose with `where`.
  public init(_ rate: @escaping @Sendable (_ step: Tensor) -> Tensor) { self.rate = rate }

  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  /// The same rate at every step.
  public static func constant(_ rate: Double) -> LearningRate {
    let rate = checked(rate)
    return LearningRate { _ in Tensor(floatLiteral: rate) }
  }

  /// `rate · decay^step`.
  public static func exponential(_ rate: Double, decay: Double) -> LearningRate {
    let rate = checked(rate)
    precondition(decay >= 0, "LearningRate: decay must not be negative, got \(decay)")
    return LearningRate { rate * pow(Tensor(decay, dtype: $0.dtype), $0) }
  }

  /// `rate · decay^⌊step / every⌋`.
  public static func step(_ rate: Double, every steps: Int, decay: Double = 0.1) -> LearningRate {
    let (stairs, steps) = (exponential(rate, decay: decay), checked(steps))
    return LearningRate { stairs(floor($0 / steps)) }
  }

  /// `rate`, multiplied by `decay` at each of the given steps.
  public static func multiStep(_ rate: Double, at steps: [Int], decay: Double = 0.1) -> LearningRate
  {
    let stairs = exponential(rate, decay: decay)
    return LearningRate { step in
      stairs(
        steps.reduce(Tensor(0, dtype: step.dtype)) { count, start in
          count + (step .>= Tensor(Double(start), dtype: step.dtype)).cast(to: step.dtype)
        })
    }
  }

  /// From `rate` to `end` along half a cosine, over `steps` steps; `end` from then on.
  public static func cosine(_ rate: Double, to end: Double = 0, steps: Int) -> LearningRate {
    let (rate, end, steps) = (checked(rate), checked(end), checked(steps))
    return LearningRate { step in
      let phase = minimum(step / steps, 1)
      return end + (0.5 * (rate - end)) * (1 + cos(Double.pi * phase))
    }
  }

  /// `end + (rate − end) · (1 − step / steps)^power`, over `steps` steps; `end` from then on.
  public static func polynomial(
    _ rate: Double, to end: Double = 0, power: Double, steps: Int
  ) -> LearningRate {
    let (rate, end, steps) = (checked(rate), checked(end), checked(steps))
    precondition(power > 0, "LearningRate: power must be positive, got \(power)")
    return LearningRate { step in
      let left = 1 - minimum(step / steps, 1)
      return end + (rate - end) * (power == 1 ? left : pow(left, Tensor(floatLiteral: power)))
    }
  }

  /// From one rate to another along a line, over `steps` steps; the last rate from then on.
  public static func linear(from start: Double, to end: Double, steps: Int) -> LearningRate {
    polynomial(start, to: end, power: 1, steps: steps)
  }

  /// This rate before a step, and from that step on another, which counts its steps from there.
  public func then(_ next: LearningRate, at start: Int) -> LearningRate {
    precondition(start >= 0, "LearningRate: a step must not be negative, got \(start)")
    return LearningRate { step in
      let start = Tensor(Double(start), dtype: step.dtype)
      return `where`(step .< start, self(step), next(maximum(step - start, 0)))
    }
  }

  /// The rate at a step, a scalar.
  public func callAsFunction(_ step: Tensor) -> Tensor { rate(step) }

  private static func checked(_ rate: Double) -> Double {
    precondition(rate >= 0, "a learning rate must not be negative, got \(rate)")
    return rate
  }

  private static func checked(_ steps: Int) -> Double {
    precondition(steps > 0, "LearningRate: steps must be positive, got \(steps)")
    return Double(steps)
  }
}
