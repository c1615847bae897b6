extension Optimizer {
  /// The same rule, with the gradient shortened to a length of at most `norm`.
  ///
  /// All parameters' gradient is multiplied by min(1, norm / (‖g‖ + 10⁻⁶)), as by PyTorch's
  /// `clip_grad_norm_`; its direction stays.
  public func clipped(norm: Double) -> some Optimizer {
    precondition(norm > 0, "clipped: norm must be positive, got \(norm)")
    return Clipped(base: self) { gradient in
      guard gradient.count > 0 else { return gradient }
      // Scaled, lest squares overflow.
      let largest = maximum(abs(gradient).max(), 1e-6)
      let length = largest * sqrt(square(gradient / largest).sum())
      return gradient * minimum(1, norm / (length + 1e-6))
    }
  }

  /// The same rule, with each element of the gradient limited to ±`value`.
  public func clipped(value: Double) -> some Optimizer {
    precondition(value > 0, "clipped: value must be positive, got \(value)")
    let limit = Tensor(floatLiteral: value)
    return Clipped(base: self) { clamp($0, -limit, limit) }
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
