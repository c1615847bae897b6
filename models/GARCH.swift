public import PPL

/// Generalised autoregressive conditional heteroscedasticity, GARCH(1, 1) (Bollerslev 1986): the
/// variance of a return depends on the return before it and its variance. Flat priors.
///
/// σ₁ is given, and σₜ² = α₀ + α₁ (yₜ₋₁ − μ)² + β₁ σₜ₋₁². The process is stationary because
/// α₁ + β₁ < 1.
public struct GARCH: Sendable {
  public let returns: Tensor
  /// The standard deviation of the first return.
  public let firstScale: Tensor

  public init(returns: Tensor, firstScale: Tensor) {
    precondition(
      returns.rank == 1 && returns.count > 1 && firstScale.rank == 0,
      "GARCH: returns \(returns.shape) with a first scale \(firstScale.shape)")
    self.returns = returns
    self.firstScale = firstScale
  }

  public func model() {
    let mu = sample("mu", ImproperUniform(.real))
    let alpha0 = sample("alpha0", ImproperUniform(.positive))
    let alpha1 = sample("alpha1", ImproperUniform(.unitInterval))
    let beta1 = sample("beta1", ImproperUniform(.openInterval(0, 1 - alpha1)))
    let shocks = alpha0 + alpha1 * square(returns - mu)
    let firstVariance = square(firstScale)
    let later = scan(
      { variance, shock in
        let next = shock[0] + beta1 * variance[0]
        return ([next], [next])
      }, initial: [firstVariance], xs: [shocks.slice(0..<returns.count - 1)]
    ).ys[0]
    let variances = concat([firstVariance.expandingDims(at: 0), later])
    plate("times", returns.count) {
      sample("return", Normal(mu, sqrt(variances)), observed: returns)
    }
  }
}
