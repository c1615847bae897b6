extension Optimizer {
  /// The same rule, with the gradient shortened to a length of at most `norm`.
  ///
  /// All parameters' gradient is multiplied by min(1, norm / (‖g‖ + 10⁻⁶)), as by PyTorch's
  /// `clip_grad_norm_`; its direction stays.
  public func clipped(norm: Double) -> some Optimizer {
    precondition(norm > 0, "clipped: norm must be positive, got \(norm)")
    return Clipped(base: self) { $0 * minimum(1, norm / (length($0) + 1e-6)) }
  }

  /// The same rule, with each element of the gradient limited to ±`value`.
  public func clipped(value: Double) -> some Optimizer {
    precondition(value > 0, "clipped: value must be positive, got \(value)")
    let limit = Tensor(floatLiteral: value)
    return Clipped(base: self) { clamp($0, -limit, limit) }
  }

  /// The same rule, with a gradient that is much longer than usual shortened to `factor` times the mean
  /// length of the last hundred or so, as they were after shortening; its direction stays.
  ///
  /// Gradients of few draws can have tails so heavy that a single one undoes hundreds of steps. Of
  /// others next to none is five times as long as usual, and where lengths rise in earnest, the limit
  /// follows: for a factor of 5 by four percent at each step.
  public func clipped(relativeNorm factor: Double) -> some Optimizer {
    precondition(factor > 1, "clipped: relativeNorm must be above 1, got \(factor)")
    return RelativelyClipped(base: self, factor: factor)
  }
}

/// The Euclidean length of a vector, from scaled elements, lest squares overflow.
private func length(_ vector: Tensor) -> Tensor {
  if vector.count == 0 { return Tensor.zeros([], dtype: vector.dtype) }
  let largest = maximum(abs(vector).max(), 1e-6)
  return largest * sqrt(square(vector / largest).sum())
}

/// A rule whose state ends with the weighted sum of the lengths so far and the sum of their weights.
private struct RelativelyClipped: Optimizer {
  let base: any Optimizer
  let factor: Double

  func initialState(_ parameters: Tensor) -> [Tensor] {
    base.initialState(parameters) + [Tensor.zeros([2], dtype: parameters.dtype)]
  }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    let lengths = state[state.count - 1]
    let (sum, weight) = (lengths.slice(0..<1), lengths.slice(1..<2))
    let length = length(gradient)
    // Nothing is usual yet before the first gradient that is not 0.
    let isKnown = sum .> 0
    let limit = factor * sum / `where`(isKnown, weight, 1)
    let share = `where`(isKnown .&& (length .> limit), limit / length, 1)
    let next = base.update(parameters, gradient * share, state.dropLast(), step: step)
    let newest = concat([length * share, Tensor.ones([1], dtype: lengths.dtype)])
    return (next.parameters, next.state + [0.99 * lengths + 0.01 * newest])
  }

  func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor {
    base.result(parameters, state.dropLast())
  }

  func resolved(for parameters: [ParameterRange]) -> any Optimizer {
    RelativelyClipped(base: base.resolved(for: parameters), factor: factor)
  }
}

/// A rule that sees a changed gradient.
private struct Clipped: Optimizer {
  let base: any Optimizer
  let clip: @Sendable (Tensor) -> Tensor

  func initialState(_ parameters: Tensor) -> [Tensor] { base.initialState(parameters) }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    base.update(parameters, clip(gradient), state, step: step)
  }

  func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor { base.result(parameters, state) }

  func resolved(for parameters: [ParameterRange]) -> any Optimizer {
    Clipped(base: base.resolved(for: parameters), clip: clip)
  }
}
