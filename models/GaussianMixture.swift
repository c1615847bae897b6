public import PPL

/// A mixture of normal distributions of one scale: which one an observation comes from is summed out.
public struct GaussianMixture: Sendable {
  public let data: Tensor
  public let componentCount: Int

  public init(data: Tensor, componentCount: Int) {
    precondition(
      data.rank == 1 && componentCount > 0,
      "GaussianMixture: \(componentCount) components for data of shape \(data.shape)")
    self.data = data
    self.componentCount = componentCount
  }

  public func model() {
    let weights = sample("weights", Dirichlet(Tensor.full([componentCount], 0.5)))
    let scale = sample("scale", LogNormal(0, 2))
    let locs = plate("components", componentCount) { sample("locs", Normal(0, 10)) }
    observations(weights: weights, locs: locs, scale: scale)
  }

  /// The observations, given the parameters.
  ///
  /// - Parameter subsampleSize: how many of them to compute with, all if nil.
  public func observations(
    weights: Tensor, locs: Tensor, scale: Tensor, subsampleSize: Int? = nil
  ) {
    plate("data", data.count, subsampleSize: subsampleSize) { rows in
      let component = sample("component", Categorical(probs: weights), infer: .enumerate())
      sample("observation", Normal(locs[component], scale), observed: data[rows])
    }
  }
}
