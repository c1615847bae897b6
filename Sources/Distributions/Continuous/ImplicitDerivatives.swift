/// A draw, or a quantile, as the function of the parameters that it is at fixed probability,
/// however it was computed: dx/dθ = −(∂F/∂θ) / p(x), F being the distribution function.
///
/// Differentiable once (Figurnov, Mohamed and Mnih 2018).
///
/// - Parameters:
///   - draw: of the shape of density and distribution function.
///   - density: p, of a value and the parameters.
///   - cdf: F.
func atFixedProbability(
  _ draw: Tensor, _ parameters: [Tensor],
  density: @escaping @Sendable (_ x: Tensor, _ parameters: [Tensor]) -> Tensor,
  cdf: @escaping @Sendable (_ x: Tensor, _ parameters: [Tensor]) -> Tensor
) -> Tensor {
  withCustomDerivative(value: stopGradient(draw), inputs: parameters) { ct, parameters, x in
    let x = stopGradient(x)
    let weight = stopGradient(-ct / density(x, parameters))
    return gradient(of: (weight * cdf(x, parameters)).sum(), withRespectTo: parameters)
      .map { $0 }
  }
}

/// `cdf`, whose derivative by `value` is `density` itself rather than what follows from the steps
/// by which it was computed; the derivatives by the parameters do follow from them.
///
/// - Parameters:
///   - cdf: of a value that is taken as a constant.
///   - density: of the value.
func withDensity(
  _ value: Tensor, cdf: (_ x: Tensor) -> Tensor,
  density: @escaping @Sendable (_ x: Tensor) -> Tensor
) -> Tensor {
  let result = cdf(stopGradient(value))
  let x = value.broadcast(to: result.shape)
  return withCustomDerivative(value: result, inputs: [x, result]) { ct, inputs, _ in
    [ct * density(inputs[0]), ct]
  }
}
