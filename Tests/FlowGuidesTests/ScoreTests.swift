import FlowGuides
import TestSupport
import Testing

/// Scores of draws against derivatives of the density found by inverting the flow.
@Suite struct ScoreTests {
  private static let architectures: [ArchitectureCase] =
    ArchitectureCase.all + [
      .init("iaf deep", .iaf(layers: 3, hidden: [16, 16, 16], activation: .tanh)),
      .init("iaf linear", .iaf(layers: 2, hidden: [])),
      .init(
        "naf inverse", .naf(layers: 2, conditioning: .inverseMasked, units: 4, hidden: [8, 8])),
    ]

  @Test(arguments: architectures) func scores(_ subject: ArchitectureCase) {
    for dimension in subject.dimensions(1, 2, 5, 7) {
      let bijectors = subject.architecture.build(dimension: dimension)
      let base = StudentT(4).expanded(to: [dimension]).toEvent(1)
      let flow = TransformedDistribution(base, bijectors)
      let close = 0.1 * subject.tolerance
      handle(
        {
          let (value, logProb, score) = flow.sampleWithScore(
            [6], key: RandomKey(1), dtype: .float64)
          let (same, sameLogProb) = flow.sampleAndLogProb(
            [6], key: RandomKey(1), dtype: .float64)
          expectClose(value, same, within: .relative(1e-14, absolute: 1e-14))
          expectClose(logProb, sameLogProb, within: .relative(1e-13, absolute: 1e-13))
          let point = value.detached()
          let slope = gradient(of: flow.logProb(point).sum(), withRespectTo: point)
          expectClose(
            score, slope, within: .relative(close, absolute: close), "\(dimension)")
        }, with: RandomWeights(2, spread: 0.5, isScaled: true))
    }
  }

  /// Residual networks, graphs of dependencies and contexts.
  @Test func scoresOfNetworks() {
    let graph = (0..<6).map { i in (0..<6).map { j in j < i && (i + j) % 2 == 1 } }
    let reversed = Dependencies.order([5, 4, 3, 2, 1, 0])
    let layers: [(String, InverseAutoregressive, Int)] = [
      (
        "residual",
        InverseAutoregressive(
          .sequence(6), transformer: AffineTransformer(),
          network: MaskedResidualMLP(width: 16, blocks: 2), name: "f"), 0
      ),
      (
        "graph",
        InverseAutoregressive(
          .graph(graph), transformer: RationalQuadraticSpline(bins: 4),
          network: MADE(hidden: [12, 12]), name: "f"), 0
      ),
      (
        "context",
        InverseAutoregressive(
          reversed, transformer: AffineTransformer(.gated), network: MADE(hidden: [12]),
          contextDimension: 2, name: "f"), 2
      ),
      (
        "independent",
        InverseAutoregressive(
          .none(6), transformer: DeepSigmoidal(units: 3), network: MADE(hidden: [12]), name: "f"),
        0
      ),
    ]
    for (name, layer, contextDimension) in layers {
      let context =
        contextDimension > 0 ? RandomKey(3).normal([4, contextDimension]).detached() : nil
      let (x, before) = (
        RandomKey(4).normal([4, 6]).detached(), RandomKey(5).normal([4, 6]).detached()
      )
      handle(
        {
          let (y, _, score) = layer.forwardWithScore(x, score: before, context: context)
          let point = y.detached()
          let (back, logDet) = layer.inverseAndLogDet(point, context: context)
          let slope = gradient(of: (before * back).sum() + logDet.sum(), withRespectTo: point)
          expectClose(score, slope, within: .relative(1e-10, absolute: 1e-10), "\(name)")
        }, with: RandomWeights(6, spread: 0.7, isScaled: true))
    }
  }
}
