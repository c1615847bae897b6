@_exported public import PPL

/// A normalizing flow over all unconstrained latent variables of a model: Pyro's
/// `AutoNormalizingFlow`, with an inverse autoregressive architecture `AutoIAFNormal`.
///
/// A flow's layers start near the identity, followed by the affine map of the start: the latent
/// variables start near the normal distribution found there. Single draws of a flow can lie far out,
/// so let the optimizer clip the outliers among its gradients:
///
///     let svi = try SVI(
///       model, FlowGuide(flow: .iaf()), optimizer: Adam(0.01).clipped(outliers: 10))
public struct FlowGuide: JointGuide {
  private let flow: FlowArchitecture
  package let start: GuideStart

  /// - Parameter model: accepted so that a guide can be declared beside the model it is for; the
  ///   latent sites are found when the fit begins.
  public init(_ model: () -> Void, flow: FlowArchitecture, start: GuideStart = .gaussian()) {
    self.init(flow: flow, start: start)
  }

  public init(flow: FlowArchitecture, start: GuideStart = .gaussian()) {
    self.flow = flow
    self.start = start
  }

  package func family(_ origin: GuideOrigin) -> LatentFamily {
    let (dimension, scale, affine) = (origin.dimension, origin.scale, origin.affine)
    var bijectors = flow.build(dimension: dimension)
    if scale != 1 { bijectors.append(Affine(shift: 0, scale: Tensor(floatLiteral: scale))) }
    return LatentFamily {
      let noise = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
      return TransformedDistribution(noise, bijectors + (affine.map { [$0()] } ?? []))
    }
  }
}
