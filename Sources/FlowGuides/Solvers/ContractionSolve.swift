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

/// The fixed point of a contraction of vectors, to rounding. Each vector of a batch stops on its own:
/// where it stands still, is no number, or comes no nearer for a hundred steps, as rounding has it in the
/// end; one that is not near then, or after 50,000 steps, is NaN.
private func iterated(from start: Tensor, _ next: (Tensor) -> Tensor) -> Tensor {
  let tolerance: Tensor = start.dtype == .float32 ? 6e-7 : 1e-15
  let vectors = Shape(start.shape.dropLast()) + [1]
  func largest(_ x: Tensor) -> Tensor { abs(x).max(axis: -1, keepingAxes: true) }
  // Besides the vectors their smallest change so far, relative to their size, and how many steps ago it
  // was; a hundred for those that have stopped.
  let first = [
    start, Tensor.full(vectors, .infinity, dtype: start.dtype),
    Tensor.zeros(vectors, dtype: start.dtype),
  ]
  let last = whileLoop(
    initial: first, condition: { ($0[2] .< 100).any() },
    body: { carries in
      let (before, smallest, idle) = (carries[0], carries[1], carries[2])
      let x = `where`(idle .< 100, next(before), before)
      let change = largest(x - before) / maximum(1, largest(x))
      let isNearer = change .< smallest
      let steps = `where`(isNearer, 0, idle + 1)
      return [x, `where`(isNearer, change, smallest), `where`(change .> tolerance, steps, 100)]
    }, maxIterations: 50_000)
  return `where`(last[1] .<= 1000 * tolerance, last[0], Tensor(floatLiteral: .nan))
}
