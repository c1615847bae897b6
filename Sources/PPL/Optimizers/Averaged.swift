extension Optimizer {
  /// The same rule, with a fit that reports the mean of the parameters after each step from number
  /// `start` on (counted from 0); steps go on from the last parameters.
  ///
  /// Averaging takes out the noise that a rate which does not fall to zero leaves (Polyak & Juditsky
  /// 1992; for variational inference Dhaka et al. 2020). Parameters are averaged unconstrained.
  /// Before step `start` the fit reports the last parameters.
  public func averaged(from start: Int) -> some Optimizer {
    precondition(start >= 0, "averaged: a step must not be negative, got \(start)")
    return Averaged(base: self, start: Double(start))
  }
}

/// A rule whose state ends with the mean of the parameters so far.
private struct Averaged: Optimizer {
  let base: any Optimizer
  let start: Double

  func initialState(_ parameters: Tensor) -> [Tensor] {
    base.initialState(parameters) + [parameters]
  }

  func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
    -> (parameters: Tensor, state: [Tensor])
  {
    let mean = state[state.count - 1]
    let next = base.update(parameters, gradient, state.dropLast(), step: step)
    let count = maximum(step - (start - 1), 1)
    return (next.parameters, next.state + [mean + (next.parameters - mean) / count])
  }

  func result(_ parameters: Tensor, _ state: [Tensor]) -> Tensor { state[state.count - 1] }

  func resolved(for parameters: [ParameterRange]) -> any Optimizer {
    Averaged(base: base.resolved(for: parameters), start: start)
  }
}
