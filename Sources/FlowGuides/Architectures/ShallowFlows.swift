internal import PPL

extension FlowArchitecture {
  /// Planar layers (Rezende & Mohamed 2015).
  public static func planar(layers: Int = 8) -> FlowArchitecture {
    stack(layers, "planar") { dimension, context, name in
      Planar(dimension: dimension, name: name, context: context)
    }
  }

  /// Radial layers (Rezende & Mohamed 2015).
  public static func radial(layers: Int = 8) -> FlowArchitecture {
    stack(layers, "radial") { dimension, context, name in
      Radial(dimension: dimension, name: name, context: context)
    }
  }

  /// Sylvester layers with orthonormal columns (van den Berg et al. 2018).
  ///
  /// - Parameter columns: how many, at most; nil for as many as there are dimensions.
  public static func sylvester(layers: Int = 4, columns: Int? = nil) -> FlowArchitecture {
    stack(layers, "sylvester") { dimension, context, name in
      Sylvester(
        dimension: dimension, form: .orthogonal(columns: min(columns ?? dimension, dimension)),
        name: name, context: context)
    }
  }

  /// Residual layers: i-ResNet with the exact log determinant (Behrmann et al. 2019), ResFlow with
  /// the unbiased one (Chen et al. 2019), proximal ones (Hertrich 2023).
  public static func residual(
    layers: Int = 4, network: ResidualNetwork = .lipschitz(hidden: [64, 64]),
    logDet: ResidualLogDet = .exact
  ) -> FlowArchitecture {
    stack(layers, "residual") { dimension, context, name in
      Residual(dimension: dimension, network: network, logDet: logDet, name: name, context: context)
    }
  }

  /// Block neural autoregressive layers, the coordinates reversed in between (De Cao et al. 2020).
  ///
  /// - Parameter hidden: the widths of each layer's hidden layers, per coordinate.
  public static func bnaf(
    layers: Int = 1, hidden: [Int] = [8, 8], residual: BNAFResidual = .gated
  ) -> FlowArchitecture {
    precondition(layers > 0, "bnaf: layers must be positive, got \(layers)")
    return FlowArchitecture { dimension, context in
      (0..<layers).flatMap { index -> [any Bijector] in
        let layer = BNAF(
          dimension: dimension, hidden: hidden, residual: residual, name: "flow\(index)",
          context: network(context))
        return index == 0 ? [layer] : [Reverse(), layer]
      }
    }
  }

  private static func stack(
    _ layers: Int, _ name: StaticString,
    _ layer:
      @escaping @Sendable (_ dimension: Int, _ context: ContextNetwork?, _ name: String) ->
      any Bijector
  ) -> FlowArchitecture {
    precondition(layers > 0, "\(name): layers must be positive, got \(layers)")
    return FlowArchitecture { dimension, context in
      (0..<layers).map { layer(dimension, network(context), "flow\($0)") }
    }
  }

  /// How parameters follow a context of so many numbers, if any: linearly.
  static func network(_ contextDimension: Int) -> ContextNetwork? {
    contextDimension == 0 ? nil : ContextNetwork(dimension: contextDimension)
  }
}
