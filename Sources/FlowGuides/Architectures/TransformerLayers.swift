extension FlowArchitecture {
  /// Layers of any transformer: splines of every kind, deep dense sigmoidal flows, shifts, and those
  /// of one's own.
  ///
  ///     .layers(3, of: LinearRationalSpline(), conditioning: .masked)
  ///     .layers(2, of: DeepDenseSigmoidal(), conditioning: .coupling)
  ///
  /// - Parameters:
  ///   - transformer: the same in all layers; so are parameter sites of its own, as those of an
  ///     `UnconstrainedMonotonic` (`unaf` gives each layer another one).
  ///   - hidden: the widths of each network's hidden layers.
  public static func layers(
    _ count: Int, of transformer: some Transformer, conditioning: Conditioning = .coupling,
    hidden: [Int]? = nil, activation: Activation = .elu
  ) -> FlowArchitecture {
    LayerStack(count, conditioning, hidden, activation, "layers").architecture(of: transformer)
  }
}
