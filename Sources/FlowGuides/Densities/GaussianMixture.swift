public import PPL

/// What the components of a mixture of normals may look like.
public enum MixtureCovariance: Sendable, CaseIterable {
  /// One deviation for all coordinates.
  case spherical
  /// Independent coordinates.
  case diagonal
  case full
}

extension FlowBase {
  /// A mixture of normals; weights, means and deviations, or Cholesky factors of covariances, are
  /// learned.
  ///
  /// It has no reparameterised draws: good for fits to data, not for guides.
  ///
  /// - Parameters:
  ///   - covariance: of a component.
  ///   - isTied: whether all components have the same covariance.
  ///   - hidden: the widths of the hidden layers of the network by which everything follows the
  ///     context; nil for a mixture that is the same in all contexts.
  ///   - data: rows to start from: components around some that k-means++ chooses far apart, improved
  ///     by expectation maximisation. Without them means start at random, with unit deviations.
  public static func mixture(
    components: Int, covariance: MixtureCovariance = .diagonal, isTied: Bool = false,
    hidden: [Int]? = nil, startingAt data: Tensor? = nil
  ) -> FlowBase {
    precondition(components > 0, "FlowBase.mixture: components must be positive, got \(components)")
    let start = data.map {
      GaussianMixtureStart($0, components: components, covariance: covariance, isTied: isTied)
    }
    return FlowBase { dimension, context in
      precondition(
        start.map { $0.mean.shape[1] == dimension } ?? true,
        "FlowBase.mixture: data of another number of columns than \(dimension)")
      let network = hidden.flatMap { hidden in
        context.map { ContextNetwork(dimension: $0.shape[$0.rank - 1], hidden: hidden) }
      }
      let values = LayerParameters(
        "base", context: network,
        declarations(components, dimension, covariance, isTied, start))(context)
      let (logits, mean, scale) = (values[0], values[1], values[2])
      let mixing = Categorical(logits: logits)
      return covariance == .full
        ? MixtureSameFamily(mixing, MultivariateNormal(mean, scaleTril: scale))
        : MixtureSameFamily(mixing, Normal(mean, scale).toEvent(1))
    }
  }

  /// Logits of the weights, means, and deviations or Cholesky factors.
  private static func declarations(
    _ components: Int, _ dimension: Int, _ covariance: MixtureCovariance, _ isTied: Bool,
    _ start: GaussianMixtureStart?
  ) -> [LayerParameters.Declaration] {
    let kinds = isTied ? 1 : components
    let width = covariance == .spherical ? 1 : dimension
    let shape: Shape = covariance == .full ? [kinds, width, width] : [kinds, width]
    return [
      .init("logits", [components]) { _ in start?.logits ?? Tensor.zeros([components]) },
      .init("mean", [components, dimension]) { key in
        start?.mean ?? key.normal([components, dimension])
      },
      .init(
        covariance == .full ? "factor" : "deviation", shape,
        constraint: covariance == .full ? .lowerCholesky : .positive
      ) { _ in
        start?.scale
          ?? (covariance == .full
            ? Tensor.eye(width).broadcast(to: shape) : Tensor.full(shape, 1))
      },
    ]
  }
}

extension NormalizingFlow {
  /// A mixture of normals: a flow without layers whose base is one. In a context its weights, means
  /// and covariances are outputs of a network.
  ///
  ///     let mixture = NormalizingFlow.gaussianMixture(
  ///       dimension: 2, components: 3, startingAt: points)
  ///     try mixture.initialized().logProb(points)
  ///
  /// Without a context the parameters it starts from are already those of the greatest likelihood near
  /// where expectation maximisation began; `fit(_:to:)` learns how they follow a context.
  ///
  /// - Parameters:
  ///   - covariance: of a component.
  ///   - isTied: whether all components have the same covariance.
  ///   - contextDimension: the length of the context vectors, 0 for none.
  ///   - hidden: the widths of the network's hidden layers.
  ///   - data: rows to start from.
  ///   - name: stands before the names of the parameters, for models with several.
  public static func gaussianMixture(
    dimension: Int, components: Int, covariance: MixtureCovariance = .full, isTied: Bool = false,
    contextDimension: Int = 0, hidden: [Int] = [64, 64], startingAt data: Tensor? = nil,
    name: String? = nil
  ) -> NormalizingFlow {
    NormalizingFlow(
      FlowArchitecture { _, _ in [] }, dimension: dimension, contextDimension: contextDimension,
      base: .mixture(
        components: components, covariance: covariance, isTied: isTied, hidden: hidden,
        startingAt: data), name: name)
  }
}
