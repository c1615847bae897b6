public import PPL

/// Regression on one input by a Gaussian process with a squared-exponential kernel, the function
/// itself integrated out.
///
/// The covariance of outputs i and j is α² exp(−(xᵢ − xⱼ)² / 2ρ²), and σ more on the diagonal.
public struct GaussianProcessRegression: Sendable {
  public let inputs: Tensor
  public let outputs: Tensor

  public init(inputs: Tensor, outputs: Tensor) {
    precondition(
      inputs.rank == 1 && outputs.shape == inputs.shape,
      "GaussianProcessRegression: inputs \(inputs.shape) for outputs \(outputs.shape)")
    self.inputs = inputs
    self.outputs = outputs
  }

  public func model() {
    let rho = sample("rho", Gamma(25, 4))
    let alpha = sample("alpha", HalfNormal(2))
    let sigma = sample("sigma", HalfNormal(1))
    let distances = inputs.expandingDims(at: 1) - inputs
    let kernel = square(alpha) * exp(-square(distances / rho) / 2)
    let noise = sigma * Tensor.eye(inputs.count, dtype: sigma.dtype)
    let zero = Tensor.zeros(inputs.shape, dtype: sigma.dtype)
    sample("y", MultivariateNormal(zero, covariance: kernel + noise), observed: outputs)
  }
}
