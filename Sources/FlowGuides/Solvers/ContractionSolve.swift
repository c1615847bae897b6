internal import PPL

/// A map x ↦ x + f(x) of vectors that can be inverted by iteration: f(x) = s x + (1 + s) g(x) for a
/// number s ≥ 0 and a g that brings points nearer to each other.
struct ContractiveMap: Sendable {
  /// f(x), for parameters θ.
  let function: @Sendable (_ x: Tensor, _ parameters: [Tensor]) -> Tensor
  /// s.
  let scale: @Sendable (_ parameters: [Tensor]) -> Tensor

  /// The x with x + f(x) = y, with derivatives to any order.
  func inverse(_ y: Tensor, _ parameters: [Tensor]) -> Tensor {
    let scale = self.scale(parameters)
    let root = iterated(from: y) { (y - function($0, parameters) + scale * $0) / (1 + scale) }
    return implicitFunction(root, of: [y] + parameters) { x, inputs in
      x + function(x, Array(inputs.dropFirst())) - inputs[0]
    } adjoint: { ct, x, inputs in
      solve(ct, x, Array(inputs.dropFirst()), isTransposed: true)
    }
  }

  /// The v with (1 + J) v = b for J = ∂f/∂x at x, or with Jᵀ in place of J.
  private func solve(
    _ b: Tensor, _ x: Tensor, _ parameters: [Tensor], isTransposed: Bool
  ) -> Tensor {
    let scale = self.scale(parameters)
    let root = iterated(from: b) { v in
      (b - derivative(v, x, parameters, isTransposed) + scale * v) / (1 + scale)
    }
    return implicitFunction(root, of: [b, x] + parameters) { v, inputs in
      v + derivative(v, inputs[1], Array(inputs.dropFirst(2)), isTransposed) - inputs[0]
    } adjoint: { ct, _, inputs in
      solve(ct, inputs[1], Array(inputs.dropFirst(2)), isTransposed: !isTransposed)
    }
  }

  /// J v, or Jᵀ v.
  private func derivative(
    _ v: Tensor, _ x: Tensor, _ parameters: [Tensor], _ isTransposed: Bool
  ) -> Tensor {
    if isTransposed { return pullback(v, x, parameters) }
    // Jᵀ w is linear in w, and its derivative along v is J v.
    let w = v.alias
    return gradient(of: (pullback(w, x, parameters) * v).sum(), withRespectTo: w)
  }

  /// Jᵀ w.
  func pullback(_ w: Tensor, _ x: Tensor, _ parameters: [Tensor]) -> Tensor {
    let x = x.alias
    return gradient(of: (function(x, parameters) * w).sum(), withRespectTo: x)
  }
}

/// The fixed point of a contraction, to rounding.
private func iterated(from start: Tensor, _ next: (Tensor) -> Tensor) -> Tensor {
  let tolerance: Tensor = start.dtype == .float32 ? 6e-7 : 1e-15
  // The second carry is the largest change of an element, relative to the allowed one.
  let first = [start, Tensor.full([], .infinity, dtype: start.dtype)]
  return whileLoop(
    initial: first, condition: { $0[1] .> 1 },
    body: { carries in
      let x = next(carries[0])
      let change = abs(x - carries[0]) / (tolerance * maximum(1, abs(x)))
      return [x, change.max()]
    }, maxIterations: 2000)[0]
}
