import PPL

extension FlowArchitecture {
  /// A spline for each coordinate, then a triangular affine map, lower and upper in turn. Both
  /// directions of a layer are a few products (flowjax's `triangular_spline_flow`).
  ///
  /// - Parameter hidden: the widths of the network that moves the splines with a context.
  public static func triangularSplines(
    layers: Int = 8, bins: Int = 8, bound: Double = 5, hidden: [Int] = [64, 64]
  ) -> FlowArchitecture {
    precondition(layers > 0, "triangularSplines: layers must be positive, got \(layers)")
    let spline = RationalQuadraticSpline(bins: bins, bound: bound)
    return FlowArchitecture { dimension, context in
      (0..<layers).flatMap { index -> [any Bijector] in
        [
          InverseAutoregressive(
            .none(dimension), transformer: spline, network: MADE(hidden: hidden),
            contextDimension: context, name: "flow\(index)"),
          TriangularAffine(
            dimension: dimension, triangle: index % 2 == 0 ? .lower : .upper,
            name: "flow\(index).linear", context: network(context)),
        ]
      }
    }
  }
}
