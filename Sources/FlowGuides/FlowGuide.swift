@_exported public import PPL

/// A recipe for a flow, independent of the dimension it will have.
public struct FlowArchitecture: Sendable {
  let build: @Sendable (_ dimension: Int, _ dtype: DType) -> [any Bijector]

  /// Inverse autoregressive layers over masked networks, the coordinates reversed in between.
  ///
  /// - Parameters:
  ///   - layers: how many.
  ///   - hidden: the widths of each network's hidden layers.
  public static func iaf(
    layers: Int = 2, hidden: [Int] = [32, 32], form: AffineForm = .logScale,
    activation: Activation = .elu
  ) -> FlowArchitecture {
    precondition(layers > 0, "iaf: layers must be positive, got \(layers)")
    return FlowArchitecture { dimension, dtype in
      let flow = (0..<layers).flatMap { layer -> [any Bijector] in
        let network = MADE(
          dimension: dimension, hidden: hidden, outputs: 2, activation: activation,
          name: "flow\(layer)", dtype: dtype)
        let iaf = IAF(dimension: dimension, form: form) { network($0) }
        return layer == 0 ? [iaf] : [Reverse(), iaf]
      }
      // Gated layers cannot expand; something after them must.
      return form == .gated ? flow + [DiagonalAffine(dimension: dimension, name: "flow")] : flow
    }
  }
}

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
    let bijectors = flow.build(dimension, dtype)
    return {
      let noise = Normal(0, 1).expanded(to: [dimension]).toEvent(1)
      let latent = sample("_auto_latent", TransformedDistribution(noise, bijectors), infer: .auxiliary)
      layout.sampleSites(from: latent)
    }
  }
}
