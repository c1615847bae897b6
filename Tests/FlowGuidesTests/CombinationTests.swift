import FlowGuides
import TestSupport
import Testing

/// Transformers, ways of conditioning and networks go together as they like.
@Suite struct CombinationTests {
  private static let transformers: [any Transformer] = [
    AffineTransformer(), ShiftTransformer(), ScaleTransformer(),
    RationalQuadraticSpline(bins: 3), LinearRationalSpline(bins: 3), DeepSigmoidal(units: 3),
    UnconstrainedMonotonic(signal: 2, hidden: [8], nodes: 60, name: "integrand"),
  ]

  private static let masked: [any MaskedNetwork] = [
    MADE(hidden: []), MADE(hidden: [6], activation: .tanh), MaskedResidualMLP(width: 6, blocks: 1),
  ]

  private static let free: [any ConditionerNetwork] = [
    MLP(hidden: []), MLP(hidden: [6], activation: .tanh), ResidualMLP(width: 6, blocks: 1),
    GatedMLP(hidden: [6]),
  ]

  /// There and back again, the log determinant that of the Jacobian, at random parameters.
  private static func check(_ layer: some Bijector) {
    let x = RandomKey(5).normal([3]).detached()
    handle(
      {
        let (y, logDet) = layer.forwardAndLogDet(x, context: nil)
        let exact = logDeterminant(jacobian(of: y, x))
        #expect((logDet.scalar() - exact).magnitude < 1e-9 * max(1, exact.magnitude))
        let (back, inverse) = layer.inverseAndLogDet(y.detached(), context: nil)
        expectClose(back, x, within: .relative(1e-8, absolute: 1e-8))
        expectClose(inverse, -logDet, within: .relative(1e-8, absolute: 1e-8))
      }, with: RandomWeights(6, isScaled: true))
  }

  @Test(arguments: transformers.indices, masked.indices)
  func combinations(_ transformer: Int, _ network: Int) {
    func open(_ transformer: some Transformer) {
      Self.check(
        InverseAutoregressive(
          .sequence(3), transformer: transformer, network: Self.masked[network], name: "f"))
      Self.check(
        MaskedAutoregressive(
          .order([2, 0, 1]), transformer: transformer, network: Self.masked[network], name: "f"))
      Self.check(
        Coupling(.half(3), transformer: transformer, network: Self.free[network], name: "f"))
    }
    open(Self.transformers[transformer])
  }

  /// A map and its inverse are one layer read in two directions: the bits are the same.
  @Test func directions() {
    let (x, network) = (RandomKey(1).normal([4, 3]).detached(), MADE(hidden: [6]))
    for transformer in Self.transformers {
      func open(_ transformer: some Transformer) {
        let inverse = InverseAutoregressive(
          .sequence(3), transformer: transformer, network: network, name: "f")
        let masked = MaskedAutoregressive(
          .sequence(3), transformer: transformer, network: network, name: "f")
        handle(
          {
            let (y, logDet) = inverse.forwardAndLogDet(x, context: nil)
            let (same, sameLogDet) = masked.inverseAndLogDet(x, context: nil)
            #expect(y.array() == same.array() && logDet.array() == sameLogDet.array())
            let (back, negated) = inverse.inverseAndLogDet(x, context: nil)
            let (again, sameNegated) = masked.forwardAndLogDet(x, context: nil)
            #expect(back.array() == again.array() && negated.array() == sameNegated.array())
          }, with: RandomWeights(2, isScaled: true))
      }
      open(transformer)
    }
  }

  /// Layers of a transformer are the architecture that is named after it, to the bit.
  @Test func layersOfATransformer() {
    let pairs: [(FlowArchitecture, FlowArchitecture)] = [
      (
        .layers(3, of: AffineTransformer(.softClamped), hidden: [8]),
        .realNVP(layers: 3, hidden: [8])
      ),
      (
        .layers(2, of: AffineTransformer(.softClamped), conditioning: .masked, hidden: [8]),
        .maf(layers: 2, hidden: [8])
      ),
      (
        .layers(
          2, of: AffineTransformer(.tanhClamped), conditioning: .inverseMasked, hidden: [8],
          activation: .relu), .iaf(layers: 2, hidden: [8], activation: .relu)
      ),
    ]
    let x = RandomKey(4).normal([5, 4]).detached()
    for (layers, named) in pairs {
      let values = [layers, named].map { flow in
        handle(
          { Compose(flow.build(dimension: 4)).forward(x).array() },
          with: RandomWeights(3, isScaled: true))
      }
      #expect(values[0] == values[1])
    }
  }
}
