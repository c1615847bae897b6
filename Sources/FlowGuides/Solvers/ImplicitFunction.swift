internal import PPL

/// The solution x of equations R(x, θ) = 0 with its derivatives, to any order, by the implicit
/// function theorem: x̄ gives θ̄ = −(∂R/∂θ)ᵀ w with (∂R/∂x)ᵀ w = x̄.
///
/// - Parameters:
///   - solution: x, computed in any way.
///   - inputs: θ; neither closure may use other tensors that change from call to call.
///   - residual: R(x, θ).
///   - adjoint: w from x̄, x and θ, as a differentiable function of all three.
func implicitFunction(
  _ solution: Tensor, of inputs: [Tensor],
  residual: @escaping @Sendable (_ x: Tensor, _ inputs: [Tensor]) -> Tensor,
  adjoint: @escaping @Sendable (_ ct: Tensor, _ x: Tensor, _ inputs: [Tensor]) -> Tensor
) -> Tensor {
  withCustomDerivative(value: solution, inputs: inputs) { ct, inputs, x in
    let w = adjoint(ct, x, inputs)
    let variables = inputs.map(\.alias)
    let product = (residual(x, variables) * w).sum()
    return gradient(of: product, withRespectTo: variables).map { -$0 }
  }
}

extension Tensor {
  /// The same value as a node of its own: a derivative with respect to it is one with respect to
  /// this occurrence alone.
  var alias: Tensor { withCustomDerivative(value: self, inputs: [self]) { ct, _, _ in [ct] } }
}
