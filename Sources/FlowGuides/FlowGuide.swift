@_exported public import PPL

/// A normalizing flow over all unconstrained latent variables of a model: Pyro's
/// `AutoNormalizingFlow`, with an inverse autoregressive architecture `AutoIAFNormal`.
///
/// A flow's layers start as the identity, followed by the affine map of the start: the latent
/// variables start as the normal distribution found there, so that no step is spent on what a normal
/// guide can do. (Block autoregressive, proximal and potential layers only start near it, and so do
/// all where the start is a point.)
///
/// Where the posterior has heavier tails than a normal distribution, so must the base:
/// `base: .studentT()`, whose degrees of freedom are learned.
///
/// Splines move points only within a box. After them comes a shift and a scale of each coordinate,
/// learned with them, that puts the box where the posterior is.
///
/// A draw from far out can have a gradient millions of times as long as others, and Adam hardly moves
/// until it has forgotten it: shorten such gradients, and let Adam forget soon, by a β₂ of 0.99. Of forty
/// fits of the eight schools at a constant rate of 0.01 with its usual 0.999 six are lost, none with
/// either of the two. `fit` does both.
///
///     let adam = Adam(.cosine(0.01, steps: 5000), beta2: 0.99).clipped(relativeNorm: 5)
///     let svi = try SVI(model, FlowGuide(flow: .iaf()), optimizer: adam)
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
    /// the same order. The guide starts at the nearest normal distribution that follows the graph.
    case posterior
  }

  private let flow: FlowArchitecture
  private let base: FlowBase
  private let dependence: Dependence
  package let start: GuideStart

  /// - Parameter model: accepted so that a guide can be declared beside the model it is for; the
  ///   latent sites are found when the fit begins.
  public init<Result>(
    _ model: () -> Result, flow: FlowArchitecture, base: FlowBase = .normal,
    dependence: Dependence = .all, start: GuideStart = .gaussian()
  ) {
    self.init(flow: flow, base: base, dependence: dependence, start: start)
  }

  /// - Parameters:
  ///   - flow: the layers between draws of the base and the unconstrained latent vector.
  ///   - base: over all vectors. With another than the normal one the guide starts with its shape, in
  ///     the place and the units of the start. A posterior whose tails are heavier than normal, in its
  ///     unconstrained coordinates, asks for `.studentT()`, or no importance weights correct the fit.
  ///   - dependence: of the coordinates on each other in autoregressive layers.
  ///   - start: where the guide starts; layers begin near the identity around it.
  public init(
    flow: FlowArchitecture, base: FlowBase = .normal, dependence: Dependence = .all,
    start: GuideStart = .gaussian()
  ) {
    self.flow = flow
    self.base = base
    self.dependence = dependence
    self.start = start
  }

  package func family(_ origin: GuideOrigin) throws -> LatentFamily {
    var (origin, dependencies) = (origin, Dependencies?.none)
    if dependence == .posterior {
      let parents = try origin.posteriorGraph().parents
      (origin, dependencies) = (origin.following(parents), .graph(parents))
    }
    let (dimension, affine) = (origin.dimension, origin.affine)
    let layers = flow.scaled(by: origin.scale)
      .build(dimension: dimension, dependencies: dependencies)
    let vectors = Constraint.real.independent(1)
    return LatentFamily {
      let noise = base(dimension, nil)
      let set = noise.support.independent(1 - min(noise.support.eventRank, 1))
      precondition(
        set == vectors,
        "FlowGuide: the base must be over all vectors; this one is of values that are \(set)")
      precondition(
        noise.isReparameterized,
        """
        FlowGuide: draws of the base must differentiate by its parameters; those of \
        \(type(of: noise)) do not, those of .normal, .studentT() and .principalComponents(_:) do
        """)
      return transformed(noise, Compose(layers + (affine.map { [$0()] } ?? [])), nil)
    }
  }
}
