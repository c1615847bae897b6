import FlowGuides

// Layers in a context of two numbers, and layers that take more than a few operations.

private let network = ContextNetwork(dimension: 2, hidden: [4])

extension FlowBijectorCase {
  private static func inContext(
    _ bijector: some Bijector, _ event: Shape = [3]
  ) -> FlowBijectorCase {
    FlowBijectorCase("\(type(of: bijector)) in context", bijector, event, context: [2])
  }

  static let contextual: [FlowBijectorCase] = [
    inContext(LULinear(dimension: 3, name: "f", context: network)),
    inContext(QRLinear(dimension: 3, name: "f", context: network)),
    inContext(SVDLinear(dimension: 3, name: "f", context: network)),
    inContext(Householder(dimension: 3, reflections: 2, name: "f", context: network)),
    inContext(MatrixExponential(dimension: 3, name: "f", context: network)),
    inContext(TriangularAffine(dimension: 3, name: "f", context: network)),
    inContext(Rotation(dimension: 3, name: "f", context: network)),
    inContext(Gate(dimension: 3, name: "f", context: network)),
    inContext(Planar(dimension: 3, name: "f", context: network)),
    inContext(Radial(dimension: 3, name: "f", context: network)),
    inContext(
      Sylvester(dimension: 3, form: .orthogonal(columns: 2), name: "f", context: network)),
    inContext(BNAF(dimension: 3, hidden: [4], name: "f", context: network)),
  ]
}

extension FlowBijectorCase {
  static let residual: [FlowBijectorCase] = [
    .init("Residual", Residual(dimension: 3, network: .lipschitz(hidden: [8, 8]), name: "f"), [3]),
    .init(
      "Residual 1",
      Residual(dimension: 1, network: .lipschitz(hidden: [8], activation: .tanh), name: "f"), [1]),
    .init(
      "Residual proximal", Residual(dimension: 3, network: .proximal(hidden: [4, 5]), name: "f"),
      [3]),
    .init(
      "Residual convolutional",
      Residual(
        dimension: 8, network: .convolutional(image: [2, 2, 2], hidden: [3]), name: "f"), [8]),
    .init(
      "Residual convolutional in context",
      Residual(
        dimension: 6, network: .convolutional(image: [1, 3, 2], hidden: [2]), name: "f",
        context: network), [6], context: [2]),
    .init(
      "Residual in context",
      Residual(dimension: 2, network: .lipschitz(hidden: [6]), name: "f", context: network), [2],
      context: [2]),
    .init(
      "Residual proximal in context",
      Residual(dimension: 2, network: .proximal(hidden: [6]), name: "f", context: network), [2],
      context: [2]),
  ]
}

extension FlowBijectorCase {
  static let continuous: [FlowBijectorCase] = [
    .init(
      "ContinuousFlow",
      ContinuousFlow(
        NetworkField(dimension: 2, hidden: [6], name: "f"), duration: 0.3, tolerance: 1e-9), [2],
      tolerance: 1e-6, draws: 1),
    .init(
      "ContinuousFlow 1",
      ContinuousFlow(
        NetworkField(dimension: 1, hidden: [4, 4], name: "f"), duration: 0.3, tolerance: 1e-9), [1],
      tolerance: 1e-6, draws: 1),
    .init(
      "ContinuousFlow potential",
      ContinuousFlow(
        PotentialField(dimension: 2, width: 4, name: "f"), duration: 0.3, tolerance: 1e-9), [2],
      tolerance: 1e-6, draws: 1),
    .init(
      "ContinuousFlow convolutional",
      ContinuousFlow(
        ConvolutionalField(image: [1, 2, 2], hidden: [2], name: "f"), duration: 0.3,
        tolerance: 1e-9), [4], tolerance: 1e-6, draws: 1),
    .init(
      "ContinuousFlow convolutional in context",
      ContinuousFlow(
        ConvolutionalField(image: [1, 1, 2], hidden: [2], name: "f", context: network),
        duration: 0.3, tolerance: 1e-9), [2], context: [2], tolerance: 1e-6, draws: 1),
    .init(
      "ContinuousFlow in context",
      ContinuousFlow(
        NetworkField(dimension: 2, hidden: [5], name: "f", context: network), duration: 0.3,
        tolerance: 1e-9), [2], context: [2], tolerance: 1e-6, draws: 1),
    .init(
      "ContinuousFlow potential in context",
      ContinuousFlow(
        PotentialField(dimension: 2, width: 4, name: "f", context: network), duration: 0.3,
        tolerance: 1e-9), [2], context: [2], tolerance: 1e-6, draws: 1),
  ]
}

extension FlowBijectorCase {
  static let images: [FlowBijectorCase] = [
    .init("Squeeze", Squeeze(), [2, 4, 2]),
    .init("unsqueeze", Squeeze().inv, [4, 1, 2]),
    .init("ChannelWise", ChannelWise(LULinear(dimension: 3, name: "f")), [3, 2, 2]),
    .init(
      "ChannelWise in context",
      ChannelWise(Planar(dimension: 2, name: "f", context: network)), [2, 2, 1], context: [2]),
    .init("Partial", Partial(LULinear(dimension: 2, name: "f"), 1..<3), [4]),
    .init(
      "Partial in context",
      Partial(Planar(dimension: 2, name: "f", context: network), 0..<2), [3], context: [2]),
    .init(
      "Partial of images",
      Partial(ChannelWise(LULinear(dimension: 2, name: "f")), 0..<2, along: -3),
      [4, 1, 2]),
  ]
}
