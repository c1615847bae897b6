import Tensors

extension Optimizer {
  /// The same rule, with a gradient much longer than those before it shortened.
  ///
  /// A single draw from far out can have a gradient millions of times as long as others. Adam would
  /// follow it for some steps and then, with its square in the second moments, hardly move for
  /// hundreds more. The length of the gradient of all parameters is here at most `factor` times its
  /// mean over the last hundred steps or so; its direction stays. Unlike a fixed length this needs no
  /// knowledge of the model, and follows where gradients become longer for good (compare Seetharaman
  /// et al. 2020).
  public func clipped(outliers factor: Double) -> some Optimizer {
    precondition(factor > 1, "clipped: factor must be greater than 1, got \(factor)")
    return OutlierClipped(base: self, factor: factor)
  }
}

/// A rule whose state ends with the mean length of gradients.
private struct OutlierClipped: Optimizer {
  let base: any Optimizer
  let factor: Double

  func initialState(_ parameters: Tensor) -> [Tensor] {
    base.initialState(parameters) + [Tensor(0, dtype: parameters.dtype)]
  }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    guard gradient.count > 0 else {
      let next = base.update(parameters, gradient, state.dropLast(), step: step)
      return (next.parameters, next.state + [state[state.count - 1]])
    }
    let (mean, length) = (state[state.count - 1], gradient.length)
    let limit = factor * mean
    let isLonger = (length .> limit) .&& (mean .> 0)
    let next = base.update(
      parameters, gradient * `where`(isLonger, limit / length, 1), state.dropLast(), step: step)
    let weight = maximum(1 / (step + 1), 0.01)
    let kept = `where`(isLonger, limit, length)
    return (next.parameters, next.state + [mean + weight * (kept - mean)])
  }

  func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor {
    base.result(parameters, state.dropLast())
  }

  func resolved(for parameters: [ParameterRange]) -> any Optimizer {
    OutlierClipped(base: base.resolved(for: parameters), factor: factor)
  }
}
