import PPL

extension FlowArchitecture {
  /// Glow for vectors: steps of a coupling, a linear map and a scale and shift for each coordinate
  /// (Kingma & Dhariwal 2018).
  ///
  /// - Parameters:
  ///   - transformer: of the couplings.
  ///   - hidden: the widths of each coupling network's hidden layers.
  public static func glow(
    layers: Int = 4, transformer: some Transformer = AffineTransformer(.softClamped),
    hidden: [Int] = [64, 64], activation: Activation = .elu
  ) -> FlowArchitecture {
    precondition(layers > 0, "glow: layers must be positive, got \(layers)")
    return FlowArchitecture { dimension, context in
      (0..<layers).flatMap { index -> [any Bijector] in
        let name = "flow\(index)"
        let coupling = Coupling(
          .half(dimension), transformer: transformer,
          network: MLP(hidden: hidden, activation: activation), contextDimension: context,
          name: name)
        let linear = LULinear(
          dimension: dimension, name: "\(name).linear", context: network(context))
        let norm = ActNorm(dimension: dimension, name: "\(name).norm")
        return index == 0 ? [coupling, linear, norm] : [Reverse(), coupling, linear, norm]
      }
    }
  }
}
