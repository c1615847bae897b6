import FlowGuides

/// An architecture with what its tests need to know of it.
struct ArchitectureCase: Sendable, CustomStringConvertible {
  let description: String
  let architecture: FlowArchitecture
  /// The error of values, where they are found by approximation.
  let tolerance: Double
  /// The only dimension there is, for images.
  let dimension: Int?
  /// Whether its parameters start at random.
  let isRandom: Bool
  let takesContext: Bool
  let leastDimension: Int

  /// Whether it can start as the identity; those that cannot start near it.
  var startsAsIdentity: Bool {
    !["bnaf", "bnaf normal", "proximal", "otFlow", "naf of Zuko"].contains(description)
  }

  init(
    _ description: String, _ architecture: FlowArchitecture, tolerance: Double = 1e-9,
    dimension: Int? = nil, isRandom: Bool = true, takesContext: Bool = true, leastDimension: Int = 1
  ) {
    self.description = description
    self.architecture = architecture
    self.tolerance = tolerance
    self.dimension = dimension
    self.isRandom = isRandom
    self.takesContext = takesContext
    self.leastDimension = leastDimension
  }

  /// Those of some dimensions that it can have, or its own.
  func dimensions(_ wanted: Int...) -> [Int] {
    dimension.map { [$0] } ?? wanted.filter { $0 >= leastDimension }
  }

  func build(_ dimension: Int, context: Int = 0) -> Compose {
    Compose(architecture.build(dimension: dimension, contextDimension: context))
  }

  /// The flow applied to standard normal noise.
  func density(_ dimension: Int) -> TransformedDistribution<Independent<Normal>> {
    TransformedDistribution(
      Normal(0, 1).expanded(to: [dimension]).toEvent(1), [build(dimension)])
  }

  /// Every architecture on all numbers.
  static let all = conditioned + transformed + images + shallow + peers

  /// Layers whose parameters come from networks of coordinates.
  private static let conditioned: [ArchitectureCase] = [
    .init("nice", .nice(hidden: [8])),
    .init("realNVP", .realNVP(hidden: [8])),
    .init("realNVP asymmetric", .realNVP(layers: 3, hidden: [], form: .asymmetric)),
    .init("maf", .maf(hidden: [8], activation: .tanh)),
    .init("maf inverse", FlowArchitecture.maf(layers: 2, hidden: [8]).inverse),
    .init("iaf", .iaf(layers: 2, hidden: [8, 8])),
    .init("iaf gated", .iaf(layers: 3, hidden: [6], form: .gated)),
    .init("nsf", .nsf(bins: 4, hidden: [8])),
    .init("nsf masked", .nsf(layers: 2, conditioning: .masked, bins: 4, hidden: [8])),
    .init("nsf inverse", .nsf(layers: 2, conditioning: .inverseMasked, bins: 4, hidden: [8])),
    .init("naf", .naf(units: 4, hidden: [8])),
    .init("naf coupling", .naf(conditioning: .coupling, units: 4, hidden: [8])),
    .init("unaf", .unaf(layers: 2, signal: 3, integrand: [8], hidden: [8])),
    .init("sospf", .sospf(polynomials: 2, degree: 2, hidden: [8])),
    .init("bpf", .bpf(degree: 6, hidden: [8])),
    .init("gf", .gf(layers: 2, components: 3, hidden: [8]), isRandom: false),
    .init("glow", .glow(layers: 2, hidden: [8])),
  ]

  /// Layers of transformers that have no architecture of their own.
  private static let transformed: [ArchitectureCase] = [
    .init(
      "linear rational splines",
      .layers(2, of: LinearRationalSpline(bins: 4), conditioning: .masked, hidden: [8])),
    .init(
      "dense sigmoidal units", .layers(2, of: DeepDenseSigmoidal(units: 3, layers: 2), hidden: [8])),
    .init(
      "mixtures of normals",
      .layers(
        1, of: Gaussianization(components: 3, isWeighted: true), conditioning: .masked,
        hidden: [8])),
  ]

  private static let images: [ArchitectureCase] = [
    .init(
      "glow of images", .glow(image: [1, 2, 2], scales: 1, steps: 2, hidden: [4]), dimension: 4),
    .init(
      "glow of splines",
      .glow(
        image: [1, 2, 2], scales: 1, steps: 1, transformer: RationalQuadraticSpline(bins: 4),
        hidden: [4]), dimension: 4),
    .init(
      "multiscale", .multiscale(image: [1, 2, 2], scales: 1, couplings: 2, hidden: [4]),
      dimension: 4),
  ]

  private static let shallow: [ArchitectureCase] = [
    .init("planar", .planar(layers: 3)),
    .init("radial", .radial(layers: 3)),
    // In one dimension the direction of a column is nothing.
    .init("sylvester", .sylvester(layers: 2, columns: 2), leastDimension: 2),
    .init(
      "triangular splines", .triangularSplines(layers: 2, bins: 4, hidden: [6]), isRandom: false),
    .init("bnaf", .bnaf(layers: 2, hidden: [3])),
    .init("bnaf normal", .bnaf(hidden: [4, 3], residual: .normal)),
    .init("residual", .residual(layers: 2, network: .lipschitz(hidden: [6]))),
    .init("proximal", .residual(layers: 2, network: .proximal(hidden: [12]))),
    .init("ffjord", .ffjord(hidden: [5], tolerance: 1e-9), tolerance: 1e-6),
    .init("otFlow", .otFlow(width: 3, tolerance: 1e-9), tolerance: 1e-6),
  ]

  private static let peers: [ArchitectureCase] = [
    .init("maf of Zuko", .zukoMAF(layers: 2, hidden: [8]), takesContext: false),
    .init("nsf of Zuko", .zukoNSF(layers: 2, bins: 4, hidden: [8]), takesContext: false),
    .init(
      "naf of Zuko", .zukoNAF(layers: 1, signal: 3, monotone: [12, 12], hidden: [8]),
      takesContext: false),
    .init("affine of Pyro", .pyroAffineAutoregressive(hidden: [8]), takesContext: false),
    .init(
      "splines of nflows", .nflowsSplineCoupling(layers: 2, bins: 4, bound: 3, hidden: [8]),
      takesContext: false, leastDimension: 2),
  ]

  /// Those of default sizes.
  static let defaults: [ArchitectureCase] = [
    .init("nice", .nice()), .init("realNVP", .realNVP()), .init("maf", .maf()),
    .init("iaf", .iaf()), .init("iaf gated", .iaf(form: .gated)), .init("nsf", .nsf()),
    .init("nsf masked", .nsf(conditioning: .masked)),
    .init("nsf inverse", .nsf(conditioning: .inverseMasked)), .init("naf", .naf()),
    .init("unaf", .unaf()), .init("sospf", .sospf()), .init("bpf", .bpf()), .init("gf", .gf()),
    .init("glow", .glow()), .init("planar", .planar()), .init("radial", .radial()),
    .init("glow of images", .glow(image: [1, 4, 4]), dimension: 16),
    .init("multiscale", .multiscale(image: [1, 4, 4]), dimension: 16),
    .init("dense sigmoidal units", .layers(2, of: DeepDenseSigmoidal())),
    .init(
      "mixtures of normals",
      .layers(2, of: Gaussianization(isWeighted: true), conditioning: .masked)),
    .init("sylvester", .sylvester()), .init("triangular splines", .triangularSplines()),
    .init("bnaf", .bnaf()), .init("residual", .residual()),
    .init("ffjord", .ffjord(), tolerance: 1e-6), .init("otFlow", .otFlow(), tolerance: 1e-6),
  ]

  /// On angles, not on all numbers.
  static let circular = ArchitectureCase("ncsf", .ncsf(layers: 2, bins: 4, hidden: [8]))
}
