@_exported public import PPL

/// A normalizing flow over all unconstrained latent variables of a model.
///
/// The latent variables start near standard normal: a flow's layers start near the identity.
public struct FlowGuide: Guide {
  private let flow: FlowArchitecture

  /// - Parameter model: accepted so that a guide can be declared beside the model it is for; the
  ///   latent sites are found when the fit begins.
  public init(_ model: () -> Void, flow: FlowArchitecture) { self.flow = flow }

  public init(flow: FlowArchitecture) { self.flow = flow }

  public func body(for model: @escaping () -> Void, dtype: DType) throws -> () -> Void {
    let layout = try LatentLayout(model, dtype: dtype)
    let dimension = layout.dimension
    let bijectors = flow.build(dimension: dimension)
    return {
      let noise = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
      let latent = sample(
        "_auto_latent", TransformedDistribution(noise, bijectors), infer: .auxiliary)
      layout.sampleSites(from: latent)
    }
  }
}
