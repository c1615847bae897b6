import PPL

extension FlowArchitecture {
  /// A spline for each coordinate, then a triangular affine map; the coordinates reversed in between.
  /// Both directions of a layer are a few products (flowjax's `triangular_spline_flow`).
  ///
  /// - Parameter hidden: the widths of the network that moves the splines with a context.
  public static func triangularSplines(
    layers: Int = 8, bins: Int = 8, bound: Double = 5, hidden: [Int] = [64, 64]
  ) -> FlowArchitecture {
    precondition(layers > 0, "triangularSplines: layers must be positive, got \(layers)")
    let spline = RationalQuadraticSpline(bins: bins, bound: bound)
    return FlowArchitecture { dimension, context in
      (0..<layers).flatMap { index -> [any Bijector] in
        let layer: [any Bijector] = [
          InverseAutoregressive(
            .none(dimension), transformer: spline, network: MADE(hidden: hidden),
            contextDimension: context, name: "flow\(index)"),
          TriangularAffine(
            dimension: dimension, name: "flow\(index).linear", context: network(context)),
        ]
        return index == 0 ? layer : [Reverse()] + layer
      }
    }
  }
}
