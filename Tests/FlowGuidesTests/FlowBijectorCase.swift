import FlowGuides

/// A bijector with what the law tests need to know of it.
struct FlowBijectorCase: Sendable, CustomStringConvertible {
  let description: String
  let bijector: any Bijector
  let event: Shape
  var context: Shape?
  var tolerance = 1e-10
  var draws = 2
  var spread = 1.0

  init(
    _ description: String, _ bijector: any Bijector, _ event: Shape, context: Shape? = nil,
    tolerance: Double = 1e-10, draws: Int = 2, spread: Double = 1
  ) {
    self.description = description
    self.bijector = bijector
    self.event = event
    self.context = context
    self.tolerance = tolerance
    self.draws = draws
    self.spread = spread
  }

  static let all =
    linear + elementwise + normalizing + shallow + sylvester + autoregressive + conditioned
    + contextual + residual + continuous + images

  private static let linear: [FlowBijectorCase] = [1, 2, 5].flatMap { n -> [FlowBijectorCase] in
    [
      .init("LULinear \(n)", LULinear(dimension: n, name: "f"), [n]),
      .init("QRLinear \(n)", QRLinear(dimension: n, name: "f"), [n]),
      .init("SVDLinear \(n)", SVDLinear(dimension: n, name: "f"), [n]),
      .init(
        "Householder \(n)", Householder(dimension: n, reflections: n, name: "f"), [n]),
      .init("MatrixExponential \(n)", MatrixExponential(dimension: n, name: "f"), [n]),
      .init("TriangularAffine \(n)", TriangularAffine(dimension: n, name: "f"), [n]),
      .init(
        "TriangularAffine upper \(n)",
        TriangularAffine(dimension: n, triangle: .upper, name: "f"), [n]),
    ]
  }

  private static let elementwise: [FlowBijectorCase] = [
    .init("LOFT", LOFT(threshold: 2), [3]), .init("LOFT 100", LOFT(), [3]),
    .init("LeakyTanh", LeakyTanh(slope: 0.05), [3]),
    .init("TailedTanh line", TailedTanh(cut: 1.5, tail: .line), [3]),
    .init("TailedTanh logarithm", TailedTanh(tail: .logarithm), [3]),
    .init("SoftLeakyReLU", SoftLeakyReLU(slope: 0.1), [3]),
    .init("Softclip", Softclip(bound: 5), [3]),
    .init("SoftClamp", SoftClamp(), [3]), .init("CircularShift", CircularShift(), [3]),
    .init("Reverse", Reverse(), [3]),
  ]

  private static let normalizing: [FlowBijectorCase] = [
    .init("DiagonalAffine", DiagonalAffine(dimension: 3, name: "f"), [3]),
    .init("Gate", Gate(dimension: 3, name: "f"), [3]),
    .init("ActNorm", ActNorm(dimension: 3, name: "f"), [3]),
    .init(
      "BatchNorm",
      BatchNorm(mean: Tensor([0.3, -1, 2]), variance: Tensor([1.5, 0.2, 3]), name: "f"),
      [3]),
  ]

  private static let shallow: [FlowBijectorCase] = [1, 2, 5].flatMap { n -> [FlowBijectorCase] in
    [
      .init("Planar \(n)", Planar(dimension: n, name: "f"), [n]),
      .init("Radial \(n)", Radial(dimension: n, name: "f"), [n]),
    ]
  }
}

extension FlowBijectorCase {
  private static let sylvester: [FlowBijectorCase] = [
    .init(
      "Sylvester orthogonal", Sylvester(dimension: 4, form: .orthogonal(columns: 2), name: "f"), [4]
    ),
    .init(
      "Sylvester 1", Sylvester(dimension: 1, form: .triangular(isReversed: false), name: "f"), [1]),
    .init(
      "Sylvester Householder",
      Sylvester(dimension: 3, form: .householder(reflections: 2), name: "f"), [3]),
    .init(
      "Sylvester triangular",
      Sylvester(dimension: 3, form: .triangular(isReversed: false), name: "f"), [3]),
    .init(
      "Sylvester reversed", Sylvester(dimension: 3, form: .triangular(isReversed: true), name: "f"),
      [3]),
    .init("Rotation", Rotation(dimension: 3, name: "f"), [3]),
    .init("Rotation exponential", Rotation(dimension: 4, form: .exponential, name: "f"), [4]),
  ]

  private static let autoregressive: [FlowBijectorCase] = [
    .init("BNAF", BNAF(dimension: 3, hidden: [4, 4], name: "f"), [3]),
    .init("BNAF none", BNAF(dimension: 3, hidden: [4], residual: .none, name: "f"), [3]),
    .init("BNAF normal", BNAF(dimension: 2, hidden: [4, 3], residual: .normal, name: "f"), [2]),
    .init("BNAF 1", BNAF(dimension: 1, hidden: [4], name: "f"), [1]),
  ]

  /// Layers of transformers, in order and out of it, with and without contexts.
  private static let conditioned: [FlowBijectorCase] = [
    .init("Coupling", coupling(.half(4)), [4], spread: 0.5),
    .init("Coupling of arrays", coupling(.half([2, 3]).complement), [2, 3], spread: 0.5),
    .init(
      "Coupling in context", coupling(.alternating(3), context: 2), [3], context: [2], spread: 0.5),
    .init("InverseAutoregressive", masked(.sequence(4)), [4], spread: 0.5),
    .init("InverseAutoregressive reversed", masked(.order([2, 1, 0])), [3], spread: 0.5),
    .init(
      "InverseAutoregressive in context", masked(.sequence(3), context: 2), [3], context: [2],
      spread: 0.5),
    .init("MaskedAutoregressive", masked(.sequence(4)).inv, [4], spread: 0.5),
    .init(
      "MaskedAutoregressive in context",
      MaskedAutoregressive(
        .order([1, 2, 0]), transformer: AffineTransformer(.softClamped), network: made,
        contextDimension: 2, name: "f"), [3], context: [2], spread: 0.5),
  ]

  private static let made = MADE(hidden: [6], activation: .tanh)

  private static func masked(
    _ dependencies: Dependencies, context: Int = 0
  ) -> InverseAutoregressive {
    InverseAutoregressive(
      dependencies, transformer: AffineTransformer(.softClamped), network: made,
      contextDimension: context, name: "f")
  }

  private static func coupling(_ mask: CouplingMask, context: Int = 0) -> Coupling {
    Coupling(
      mask, transformer: AffineTransformer(.softClamped),
      network: MLP(hidden: [5], activation: .tanh), contextDimension: context, name: "f")
  }
}
