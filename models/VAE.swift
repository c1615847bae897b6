public import PPL

/// A variational autoencoder (Kingma & Welling 2014) for vectors of zeros and ones.
///
/// Decoder and encoder have one hidden softplus layer each; the encoder gives mean and log scale of
/// a normal over the code.
public struct VAE: Sendable {
  public let data: Tensor
  public let codeDimension: Int
  public let hidden: Int

  /// - Parameter data: one row per observation.
  public init(data: Tensor, hidden: Int = 400, codeDimension: Int = 20) {
    precondition(data.rank == 2, "VAE: expected one row per observation, got \(data.shape)")
    self.data = data
    self.hidden = hidden
    self.codeDimension = codeDimension
  }

  public func model() {
    plate("observations", data.shape[0]) {
      let code = sample(
        "code", Normal(0, 1).expanded(to: [data.shape[0], codeDimension]).toEvent(1))
      let layer = softplus(dense("decoder.hidden", code, codeDimension, hidden))
      let logits = dense("decoder.output", layer, hidden, data.shape[1])
      sample("pixels", Bernoulli(logits: logits).toEvent(1), observed: data)
    }
  }

  public func guide() {
    let layer = softplus(dense("encoder.hidden", data, data.shape[1], hidden))
    let loc = dense("encoder.loc", layer, hidden, codeDimension)
    let scale = exp(dense("encoder.logScale", layer, hidden, codeDimension))
    plate("observations", data.shape[0]) {
      sample("code", Normal(loc, scale).toEvent(1))
    }
  }

  /// An affine map with weights that start normal with variance 1 / inputs.
  private func dense(_ name: String, _ x: Tensor, _ inputs: Int, _ outputs: Int) -> Tensor {
    let spread = 1 / Double(inputs).squareRoot()
    let weight = param("\(name).weight", initializedBy: { spread * $0.normal([inputs, outputs]) })
    return matmul(x, weight) + param("\(name).bias", Tensor.zeros([outputs]))
  }
}
