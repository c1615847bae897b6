@_exported public import PPL

/// A normalizing flow over all unconstrained latent variables of a model: Pyro's
/// `AutoNormalizingFlow`, with an inverse autoregressive architecture `AutoIAFNormal`.
///
/// A flow's layers start as the identity, followed by the affine map of the start: the latent
/// variables start as the normal distribution found there, so that no step is spent on what a normal
/// guide can do. (Block autoregressive, proximal and potential layers only start near it, and so do
/// all where the start is a point.)
///
/// Splines move points only within a box. After them comes a shift and a scale of each coordinate,
/// learned with them, that puts the box where the posterior is.
///
/// A draw from far out can have a gradient millions of times as long as others, and Adam hardly moves
/// until it has forgotten it: let it do so soon, by a β₂ of 0.99. Of forty fits of the eight schools at
/// a constant rate of 0.01 nine are lost with its usual 0.999, none so.
///
///     let svi = try SVI(
///       model, FlowGuide(flow: .iaf()), optimizer: Adam(.cosine(0.01, steps: 5000), beta2: 0.99))
///
/// Several flows for groups of sites are parts of a `GuideList`; for a flow per copy of a plate see
/// `AmortizedFlowGuide`.
public struct FlowGuide: JointGuide {
  /// Which coordinates those of autoregressive layers depend on.
  public enum Dependence: Sendable {
    /// All before them in the order of a layer.
    case all
    /// Those before them in the order of the sites that they depend on in the posterior, given the
    /// others: of two copies in a plate neither sees the other. Gradients of the model's log density
    /// tell, one for each coordinate.
    ///
    /// A guide of more than a few coordinates has far fewer connections to learn then. All layers have
    /// the same order.
    case posterior
  }

  private let flow: FlowArchitecture
  private let dependence: Dependence
  package let start: GuideStart

  /// - Parameter model: accepted so that a guide can be declared beside the model it is for; the
  ///   latent sites are found when the fit begins.
  public init<Result>(
    _ model: () -> Result, flow: FlowArchitecture, dependence: Dependence = .all,
    start: GuideStart = .gaussian()
  ) {
    self.init(flow: flow, dependence: dependence, start: start)
  }

  /// - Parameters:
  ///   - flow: the layers between standard normal numbers and the unconstrained latent vector.
  ///   - dependence: of the coordinates on each other in autoregressive layers.
  ///   - start: where the guide starts; layers begin near the identity around it.
  public init(
    flow: FlowArchitecture, dependence: Dependence = .all, start: GuideStart = .gaussian()
  ) {
    self.flow = flow
    self.dependence = dependence
    self.start = start
  }

  package func family(_ origin: GuideOrigin) throws -> LatentFamily {
    let (dimension, affine) = (origin.dimension, origin.affine)
    let bijectors = try layers(origin)
    return LatentFamily {
      let noise = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
      return TransformedDistribution(noise, bijectors + (affine.map { [$0()] } ?? []))
    }
  }

  private func layers(_ origin: GuideOrigin) throws -> [any Bijector] {
    let flow = flow.scaled(by: origin.scale)
    return switch dependence {
    case .all: flow.build(dimension: origin.dimension)
    case .posterior:
      flow.build(
        dimension: origin.dimension, dependencies: .graph(try origin.posteriorGraph().parents))
    }
  }
}
