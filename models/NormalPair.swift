public import PPL

/// A mixture of two normal distributions, told apart by the order of their means.
///
/// Which one an observation comes from is summed out of its density.
public struct NormalPair: Sendable {
  public let data: Tensor

  public init(data: Tensor) {
    precondition(data.rank == 1, "NormalPair: data of shape \(data.shape), which must be a vector")
    self.data = data
  }

  public func model() {
    let mu = sample("mu", ImproperUniform(.ordered, eventShape: [2]))
    // Two draws from N(0, 2), put in order: twice the density of the pair.
    factor("mu_prior", Normal(0, 2).logProb(mu).sum() + log(Tensor(2)))
    let sigma = plate("components", 2) { sample("sigma", HalfNormal(2)) }
    let theta = sample("theta", Beta(5, 5))
    let mixing = Categorical(probs: stack([theta, 1 - theta]))
    plate("observations", data.count) {
      sample("y", MixtureSameFamily(mixing, Normal(mu, sigma)), observed: data)
    }
  }
}
