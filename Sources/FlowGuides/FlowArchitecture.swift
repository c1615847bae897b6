import Foundation
public import PPL

/// A recipe for a flow, independent of the dimension it will have.
public struct FlowArchitecture: Sendable {
  private let layers:
    @Sendable (_ dimension: Int, _ contextDimension: Int, _ dependencies: Dependencies?) ->
      [any Bijector]
  /// Whether the layers move points only within a box around zero, as splines do.
  private var isConfined = false

  /// Layers of splines move points only within a box; end them with a `DiagonalAffine` where a guide is
  /// to use them.
  ///
  /// - Parameter layers: makes the bijectors, the one next to the base first, for vectors of a
  ///   dimension and context vectors of another, which is 0 without a context.
  public init(
    _ layers: @escaping @Sendable (_ dimension: Int, _ contextDimension: Int) -> [any Bijector]
  ) {
    self.layers = { dimension, contextDimension, dependencies in
      precondition(
        dependencies == nil,
        """
        FlowArchitecture: these layers are made without being told which coordinates depend on which; \
        use dependence: .all, or an architecture of autoregressive layers, such as .iaf
        """)
      return layers(dimension, contextDimension)
    }
  }

  /// One whose layers can be told which coordinates depend on which.
  init(
    following layers:
      @escaping @Sendable (_ dimension: Int, _ contextDimension: Int, Dependencies?) ->
      [any Bijector]
  ) {
    self.layers = layers
  }

  /// The bijectors of a flow of vectors, the one next to the base first.
  ///
  /// - Parameter dependencies: of the coordinates of autoregressive layers, in place of their orders;
  ///   an architecture of other layers has none.
  public func build(
    dimension: Int, contextDimension: Int = 0, dependencies: Dependencies? = nil
  ) -> [any Bijector] {
    precondition(dimension > 0, "FlowArchitecture: dimension must be positive, got \(dimension)")
    precondition(
      contextDimension >= 0,
      "FlowArchitecture: contextDimension must not be negative, got \(contextDimension)")
    precondition(
      dependencies.map { $0.dimension == dimension } ?? true,
      "dependencies of \(dependencies?.dimension ?? 0) coordinates for a flow of \(dimension)")
    return layers(dimension, contextDimension, dependencies)
  }
}

extension FlowArchitecture {
  /// The same layers read backwards: what was fast for data is fast for draws, and the other way
  /// round.
  public var inverse: FlowArchitecture {
    mapped { $0.reversed().map(\.inv) }
  }

  /// The layers that are made of these.
  func mapped(
    _ change: @escaping @Sendable ([any Bijector]) -> [any Bijector]
  ) -> FlowArchitecture {
    var result = FlowArchitecture(following: { dimension, context, dependencies in
      change(build(dimension: dimension, contextDimension: context, dependencies: dependencies))
    })
    result.isConfined = isConfined
    return result
  }

  /// The same, known to move points only within a box around zero.
  var confined: FlowArchitecture {
    var result = self
    result.isConfined = true
    return result
  }

  /// The same layers, and what a guide needs after them: a scale; where they are confined a shift and
  /// a scale of each coordinate to learn, for a posterior has its own place and units.
  ///
  /// - Parameter scale: that of all coordinates, to begin with.
  func scaled(by scale: Double) -> FlowArchitecture {
    FlowArchitecture(following: { dimension, context, dependencies in
      let layers = build(
        dimension: dimension, contextDimension: context, dependencies: dependencies)
      if isConfined {
        let units = DiagonalAffine(
          dimension: dimension, name: "units", initialLogScale: log(scale))
        return layers + [units]
      }
      return scale == 1 ? layers : layers + [Affine(shift: 0, scale: Tensor(floatLiteral: scale))]
    })
  }
}

/// What the parameters of a coordinate are computed from, and so which directions of a layer are
/// one evaluation of its network. The other direction is about as many operations, in sequence.
public enum Conditioning: Sendable {
  /// Half of the coordinates, for the other half: both directions are one evaluation.
  case coupling
  /// The coordinates before in the value: scoring data is one evaluation.
  case masked
  /// The coordinates before in the point: drawing, and scoring what was drawn, is one evaluation.
  case inverseMasked
}

/// Several layers of one kind of transformer.
struct LayerStack: Sendable {
  let layers: Int
  let conditioning: Conditioning
  /// Widths of the networks' hidden layers; nil for two of 64, or of the dimension if it is more.
  let hidden: [Int]?
  let activation: Activation
  private let name: StaticString

  init(
    _ layers: Int, _ conditioning: Conditioning, _ hidden: [Int]?, _ activation: Activation,
    _ name: StaticString
  ) {
    precondition(layers > 0, "\(name): layers must be positive, got \(layers)")
    self.layers = layers
    self.conditioning = conditioning
    self.hidden = hidden
    self.activation = activation
    self.name = name
  }

  /// Layers of one transformer; those of splines are confined.
  func architecture(of transformer: some Transformer) -> FlowArchitecture {
    let flow = FlowArchitecture(following: { dimension, context, dependencies in
      build(dimension, context, dependencies) { _ in transformer }
    })
    return transformer is any IdentityTails ? flow.confined : flow
  }

  /// The layers. Every other one takes the coordinates in reverse order, or the halves the other
  /// way round.
  ///
  /// - Parameters:
  ///   - dependencies: of autoregressive layers, in place of their orders.
  ///   - transformer: from a prefix for the names of parameters that it may have itself.
  ///   - spacer: what stands between two layers.
  func build(
    _ dimension: Int, _ contextDimension: Int, _ dependencies: Dependencies? = nil,
    spacer: (any Bijector)? = nil, _ transformer: (_ name: String) -> any Transformer
  ) -> [any Bijector] {
    (0..<layers).flatMap { index -> [any Bijector] in
      let name = "flow\(index)"
      let layer = layer(
        index, dimension, contextDimension, dependencies, transformer("\(name).transformer"), name)
      return index == 0 ? [layer] : [spacer].compactMap { $0 } + [layer]
    }
  }

  private func layer(
    _ index: Int, _ dimension: Int, _ contextDimension: Int, _ dependencies: Dependencies?,
    _ transformer: some Transformer, _ name: String
  ) -> any Bijector {
    let hidden = hidden ?? [Int](repeating: max(64, dimension), count: 2)
    let network = MADE(hidden: hidden, activation: activation)
    // The last layer of a guide goes in the order of the sites, where later ones depend on earlier.
    let isForward = (conditioning == .inverseMasked ? layers - 1 - index : index) % 2 == 0
    let order = isForward ? Array(0..<dimension) : (0..<dimension).reversed()
    switch conditioning {
    case .coupling:
      precondition(
        dependencies == nil,
        """
        FlowArchitecture: couplings change halves and cannot be told which coordinates depend on \
        which; use dependence: .all, or conditioning: .inverseMasked
        """)
      // A single coordinate has nothing to depend on, and is changed by every layer.
      let mask = CouplingMask.half(dimension)
      return Coupling(
        index % 2 == 0 || dimension == 1 ? mask : mask.complement, transformer: transformer,
        network: MLP(hidden: hidden, activation: activation), contextDimension: contextDimension,
        name: name)
    case .masked:
      let layer = MaskedAutoregressive(
        dependencies ?? .order(order), transformer: transformer, network: network,
        contextDimension: contextDimension, name: name)
      checkWidths(hidden, layer.inverse.network)
      return layer
    case .inverseMasked:
      let layer = InverseAutoregressive(
        dependencies ?? .order(order), transformer: transformer, network: network,
        contextDimension: contextDimension, name: name)
      checkWidths(hidden, layer.network)
      return layer
    }
  }

  /// Stops the program where a layer is so narrow that dependencies would be left out.
  private func checkWidths(_ hidden: [Int], _ network: MaskedPerceptron) {
    let least = network.leastWidth
    precondition(
      hidden.allSatisfy { $0 >= least },
      """
      \(self.name): hidden layers of \(hidden) units are too narrow for \
      \(network.dependencies.dimension) coordinates to depend on each other: make them at least \
      \(least) wide, or hidden: []
      """)
  }
}
