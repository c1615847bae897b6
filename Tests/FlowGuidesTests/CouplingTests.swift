import FlowGuides
import TestSupport
import Testing

@Suite struct CouplingTests {
  private static func points(_ shape: Shape, seed: Int = 1) -> Tensor {
    RandomKey(seed).foldIn("points").normal(shape).detached()
  }

  private static let masks: [(mask: CouplingMask, shape: Shape, kept: [Int])] = [
    (.half(5), [5], [0, 1]), (.half(4), [4], [0, 1]), (.half(1), [1], []),
    (.alternating(5), [5], [1, 3]), (.alternating(1), [1], []),
    (.half(5).complement, [5], [2, 3, 4]), (.keeping([3, 0], of: 4), [4], [0, 3]),
    (.checkerboard([2, 3]), [2, 3], [1, 3, 5]),
    (.checkerboard([2, 2, 3]), [2, 2, 3], [1, 3, 5, 7, 9, 11]),
    (.channels([3, 2, 2]), [3, 2, 2], [0, 1, 2, 3]),
    (.channels([2, 3]).complement, [2, 3], [3, 4, 5]), (.half([3, 2]), [3, 2], [0, 1, 2]),
    (.alternating([2, 2]), [2, 2], [1, 3]), (.keeping([5, 1], of: [2, 3]), [2, 3], [1, 5]),
  ]

  /// What is kept is kept bit by bit in both directions; what is changed depends on all that is kept
  /// and, of the rest, on itself only.
  @Test func structure() {
    for (seed, (mask, shape, kept)) in Self.masks.enumerated() {
      let layer = Coupling(
        mask, transformer: RationalQuadraticSpline(),
        network: MLP(hidden: [8], activation: .tanh), name: "net")
      #expect(layer.eventRank == shape.rank)
      handle(
        {
          let x = Self.points(shape, seed: seed)
          for y in [layer.forward(x), layer.inverse(x)] {
            let (before, after) = (x.array(), y.array())
            for index in kept { #expect(before[index] == after[index]) }
          }
          let rows = jacobian(of: layer.forward(x), x)
          for (i, row) in rows.enumerated() {
            for (j, slope) in row.enumerated() {
              if i == j {
                #expect(kept.contains(i) ? slope == 1 : slope > 0)
              } else {
                #expect(
                  (slope != 0) == (kept.contains(j) && !kept.contains(i)), "\(shape) \(i) \(j)")
              }
            }
          }
        }, with: RandomWeights(seed, isScaled: true))
    }
  }

  /// y_B = x_B eˢ + m with (m, s) a linear function of x_A and the context, written out.
  @Test func values() {
    let layer = Coupling(
      .keeping([2, 0], of: 4), transformer: AffineTransformer(.logScale), network: MLP(hidden: []),
      contextDimension: 1, name: "net")
    let weights = RandomWeights(3)
    let (x, context) = (Tensor([0.3, -1.2, 0.7, 2.1]), Tensor([0.4]))
    let (y, logDet) = handle({ layer.forwardAndLogDet(x, context: context) }, with: weights)
    let m = weights.met
    let outputs =
      (matmul(Tensor([0.3, 0.7]), m["net.weight0"]!)
      + matmul(context, m["net.contextWeight"]!) + m["net.bias0"]!).array()
    let first = Tensor(outputs[2])
    let second = Tensor(outputs[3])
    let expected = [
      0.3, (exp(first) * -1.2).scalar() + outputs[0], 0.7,
      (exp(second) * 2.1).scalar() + outputs[1],
    ]
    expectClose(y, expected, shape: [4], within: .relative(1e-14))
    expectClose(logDet, [outputs[2] + outputs[3]], shape: [], within: .relative(1e-14))
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Coupling(
          .half(1).complement, transformer: AffineTransformer(), network: MLP(hidden: []), name: "n"
        )
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CouplingMask.keeping([4], of: 4)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CouplingMask.keeping([6], of: [2, 3])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CouplingMask.checkerboard([4])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = CouplingMask.channels([1, 4, 4])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let layer = Coupling(
          .half(4), transformer: AffineTransformer(), network: MLP(hidden: []), name: "net")
        _ = layer.forward(Tensor.zeros([5]))
      })
  }
}
