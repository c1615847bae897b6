import FlowGuides

// What the article "From other flow libraries" writes, by what it is.

private let d = 4
private let x = Tensor([0.2, 0.7, 0.4, 0.9])
private let c = Tensor([0.5, -1])
private let alpha = Tensor(0.3)
private let normal = Normal(0, 1).expanded(to: [d])
private let layer = LULinear(dimension: d, name: "lu")
private let adjacency = [
  [false, false, false, false], [true, false, false, false], [false, true, false, false],
  [true, true, false, false],
]

enum OtherLibraries {
  static let data = RandomKey(1).normal([40, d]).detached()

  static let architectures: [FlowArchitecture] = [
    .nice(), .realNVP(), .realNVP(layers: 1), .realNVP(layers: 8),
    FlowArchitecture.realNVP().inverse, .maf(), .maf(layers: 8),
    FlowArchitecture.maf().inverse, FlowArchitecture.maf(layers: 8), .iaf(), .iaf(layers: 1),
    .iaf(layers: 1, hidden: [64, 64]), .nsf(), .nsf(layers: 1), .nsf(conditioning: .masked),
    .nsf(conditioning: .inverseMasked), .nsf(layers: 1, conditioning: .inverseMasked),
    .layers(1, of: LinearRationalSpline(bound: 3), conditioning: .inverseMasked),
    .layers(2, of: LinearRationalSpline()), .layers(2, of: CubicSpline()),
    .layers(2, of: LinearSpline()), .layers(1, of: CubicSpline(), conditioning: .masked),
    .layers(2, of: DeepDenseSigmoidal()),
    .layers(2, of: DeepDenseSigmoidal(), conditioning: .inverseMasked),
    .layers(1, of: Gaussianization(isWeighted: true), conditioning: .masked),
    .naf(), .naf(conditioning: .coupling), .naf(layers: 1, conditioning: .inverseMasked), .unaf(),
    .sospf(), .sospf(layers: 1, conditioning: .inverseMasked), .bpf(), .gf(), .bnaf(),
    .planar(), .planar(layers: 3), .radial(layers: 3), .sylvester(layers: 3),
    .triangularSplines(), .residual(), .residual(logDet: .unbiased(key: RandomKey(0))),
    .residual(network: .proximal(hidden: [64])),
    .residual(network: .convolutional(image: [1, 2, 2], hidden: [8])),
    .ffjord(), .ffjord(trace: .hutchinson(key: RandomKey(0))), .otFlow(),
    .zukoMAF(), .zukoNSF(), .zukoNAF(), .nflowsSplineCoupling(layers: 2, hidden: [8]),
  ]

  /// Of images of 16 pixels.
  static let images: [FlowArchitecture] = [
    .multiscale(image: [1, 4, 4]), .multiscale(image: [1, 4, 4], transformer: ShiftTransformer()),
    .glow(image: [1, 4, 4]),
    .glow(image: [1, 4, 4], transformer: RationalQuadraticSpline()),
  ]

  static let layers: [any Bijector] = [
    layer, layer.inv, Compose([layer, Tanh()]), Affine(shift: 1, scale: 2),
    Permute(RandomKey(0).permutation(d).intArray()), Permute([2, 0, 3, 1]), Reverse(),
    DiagonalAffine(dimension: d, name: "affine"),
    InverseAutoregressive(
      .none(d), transformer: LinearRationalSpline(bound: 3), network: MADE(hidden: []),
      name: "spline"),
    MaskedAutoregressive(
      .order([2, 0, 3, 1]), transformer: AffineTransformer(.softClamped),
      network: MADE(hidden: [64, 64], activation: .relu), name: "ar"),
    MaskedAutoregressive(
      Dependencies.graph(adjacency), transformer: AffineTransformer(), network: MADE(hidden: [64]),
      name: "dag"),
    Coupling(
      .keeping([0, 2], of: d), transformer: AffineTransformer(), network: MLP(hidden: [64]),
      name: "pair"),
    Coupling(
      .half(d), transformer: AffineTransformer(), network: MLP(hidden: [64]), name: "c"),
    InverseAutoregressive(
      .sequence(d), transformer: AffineTransformer(.gated),
      network: MADE(hidden: [16], activation: .relu), name: "iaf"),
    MaskedAutoregressive(
      .sequence(d), transformer: RationalQuadraticSpline(), network: MADE(hidden: [64]), name: "m"),
    InverseAutoregressive(
      .sequence(d), transformer: LinearRationalSpline(), network: MADE(hidden: [64]), name: "i"),
    PositivePower(exp(alpha)), Softclip(bound: 5), CircularShift(bound: .pi), Sin(), Cos(),
    Rotation(dimension: d, form: .exponential, name: "turn"), LULinear(dimension: d, name: "lu"),
    QRLinear(dimension: d, name: "qr"), SVDLinear(dimension: d, name: "svd"),
    Householder(dimension: d, reflections: 2, name: "h"),
    MatrixExponential(dimension: d, name: "m"), BatchNorm(dimension: d, name: "b"),
    ActNorm(dimension: d, name: "a"), LowerCholeskyAffine(loc: x, scaleTril: 2 * Tensor.eye(d)),
    TriangularAffine(dimension: d, name: "t"), Cat([Exp(), Tanh()], lengths: [1, 3]),
    Stack([Exp(), Tanh(), Exp(), Tanh()]), DiscreteCosine(), Haar(),
    ELU(), Exp(), LeakyReLU(), Power(2), Sigmoid(), Softplus(), Tanh(),
    ContinuousFlow(ConvolutionalField(image: [1, 2, 2], name: "v")),
    Partial(LULinear(dimension: 2, name: "f"), 1..<3), Compose([Exp(), Power(2), Exp().inv]),
    TailedTanh(cut: 3, tail: .line), TailedTanh(tail: .logarithm), Cumulative(Cauchy(0, 1)),
    Compose([Sigmoid(), Cumulative(Kumaraswamy(2, 3)), Sigmoid().inv]),
    Residual(dimension: d, network: .lipschitz(hidden: [32]), name: "r"),
  ]

  /// In a context of two numbers.
  static let conditional: [any Bijector] = [
    InverseAutoregressive(
      .none(d), transformer: AffineTransformer(), network: MADE(hidden: [64]),
      contextDimension: 2, name: "each"),
    InverseAutoregressive(
      .none(d), transformer: LinearRationalSpline(), network: MADE(hidden: [8]),
      contextDimension: 2, name: "s"),
    InverseAutoregressive(
      .none(d), transformer: ShiftTransformer(), network: MADE(hidden: [8]),
      contextDimension: 2, name: "add"),
    Planar(dimension: d, name: "p", context: ContextNetwork(dimension: 2, hidden: [8])),
    Gate(dimension: d, name: "g", context: ContextNetwork(dimension: 2)),
  ]

  /// Of images of three channels.
  static let ofImages: [any Bijector] = [
    ChannelWise(LULinear(dimension: 3, name: "conv")), Squeeze(),
  ]

  static let transformers: [any Transformer] = [
    RationalQuadraticSpline(bound: 3), RationalQuadraticSpline(form: .softClamped), SumOfSquares(),
    BernsteinPolynomial(), Gaussianization(), QuadraticSpline(), CircularSpline(),
    DeepDenseSigmoidal(layers: 1),
  ]

  static let masked: [any MaskedNetwork] = [
    MADE(hidden: []), MADE(hidden: [64]), MaskedResidualMLP(width: 64),
  ]

  static let networks: [any ConditionerNetwork] = [
    MLP(hidden: []), MLP(hidden: [64]), ResidualMLP(width: 64), GatedMLP(hidden: [64]),
    ConvolutionalNetwork(height: 4, width: 4, hidden: [8, 8]),
    ConvolutionalNetwork(height: 4, width: 4, channels: 8, blocks: 2),
  ]

  static let bases: [FlowBase] = [
    FlowBase { d, _ in
      Normal(
        param("loc", Tensor.zeros([d])), param("scale", Tensor.ones([d]), constraint: .positive)
      ).toEvent(1)
    },
    .uniform(0, 1), .studentT(degrees: 10), .principalComponents(2), .mixture(components: 3),
    .mixture(components: 3, covariance: .full),
    .mixture(components: 3, covariance: .spherical),
  ]

  static let conditionalBases: [FlowBase] = [
    .conditionalNormal(hidden: [64]), .conditionalNormal(hidden: []),
  ]

  static func flows() -> [NormalizingFlow] {
    let flow = NormalizingFlow(.nice(), dimension: d)
    return [
      NormalizingFlow([layer], base: normal), NormalizingFlow.mixture([flow, flow]),
      NormalizingFlow.gaussianMixture(dimension: d, components: 3),
      NormalizingFlow.gaussianMixture(dimension: d, components: 3, startingAt: data),
      NormalizingFlow.gaussianMixture(dimension: d, components: 3, isTied: true),
      powers(), NormalizingFlow(.ncsf(), dimension: d, base: .uniform(-.pi, .pi)),
    ]
  }

  static func conditionalFlows() -> [(NormalizingFlow, context: Int)] {
    [
      (
        NormalizingFlow(
          .maf(layers: 3, hidden: [64, 64]), dimension: d, contextDimension: 2), 2
      ),
      (NormalizingFlow.gaussianMixture(dimension: d, components: 3, contextDimension: 2), 2),
      (encoder(), 10),
    ]
  }

  static func powers() -> NormalizingFlow {
    // ---- Learned numbers
    let powers = NormalizingFlow { _ in
      let exponent = param("exponent", Tensor.ones([d]), constraint: .positive)
      let base = Normal(0, 1).expanded(to: [d])
      return TransformedDistribution(base, [PositivePower(exponent)]).toEvent(1)
    }
    // ----
    return powers
  }

  static func encoder() -> NormalizingFlow {
    // ---- A shared encoder
    let layers = FlowArchitecture.maf(layers: 2, hidden: [16])
      .build(dimension: d, contextDimension: 2)
    let inner = NormalizingFlow(layers, base: normal, contextDimension: 2)
    let encoded = NormalizingFlow(contextDimension: 10) { context in
      let encoder = MLP(hidden: [16])
      let long = context ?? Tensor.zeros([10])
      let short = encoder(long, context: nil, start: [0, 0], name: "encoder")
      return inner.conditioned(on: short)
    }
    // ----
    return encoded
  }

  static let distributions: [any Distribution] = [
    JointOrderStatistics(Normal(0, 1), count: 5),
    JointOrderStatistics(Normal(0, 1), count: 5, ranks: [1, 2]),
    OrderStatistic(Normal(0, 1), count: 5, rank: 1),
    OrderStatistic(Normal(0, 1), count: 5, rank: 5), Joint([Normal(0, 1), Gamma(2, 1)]),
    GeneralizedNormal(0, 1, 3), Truncated(Normal(0, 1), low: -1, high: 2),
    TransformedDistribution(Uniform(1, 3), [Exp().inv]),
  ]

  /// Statements; what they return is of no interest.
  static func statements() throws -> [Any] {
    let conditional = try conditionalFlows()[0].0.initialized()
    let flow = NormalizingFlow([layer], base: normal)
    return [
      layer.forwardAndLogDet(x, context: nil), layer.isAutoregressive, layer.isVolumePreserving,
      layer.startsNearIdentity, layer.forwardShape([d]), layer.inverseShape([d]),
      try checkLaws(of: layer, event: [d]), clampPreservingGradient(x, -5, 3), clippedSigmoid(x),
      conditional.conditioned(on: c), conditional.conditioned(on: c).logProb(x),
      conditional.conditioned(on: c).sampleAndLogProb([64], key: RandomKey(0), dtype: .float64),
      TransformedDistribution(normal, [Tanh(), Exp()]), sample("z", flow),
      FlowGuide(flow: .iaf()), TraceELBO(estimator: .stickingTheLanding),
      monotoneRoot(of: x) { x in (x + x * x * x, 1 + 3 * x * x) },
      try fit(flow, to: data, epochs: 1, showsProgress: false),
      FlowGuide(flow: .iaf(), base: .studentT()),
    ]
  }

  /// Penalties in a fit.
  static func penalties() {
    let field = ContinuousFlow(NetworkField(dimension: d, hidden: [4], name: "v"))
    let costs = field.costs(of: x)
    factor("cost", -0.01 * (costs.kinetic + costs.roughness).sum())
    scope("ddnf") { factor("cost", -0.01 * costs.kinetic.sum()) }
  }
}
