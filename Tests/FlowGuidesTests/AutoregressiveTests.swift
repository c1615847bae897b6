import FlowGuides
import Foundation
import TestSupport
import Testing

@Suite struct AutoregressiveTests {
  private static func points(_ shape: Shape, seed: Int = 1) -> Tensor {
    RandomKey(seed).foldIn("points").normal(shape).detached()
  }

  /// A linear conditioner, at the numbers of torch: transformers given what it computes.
  @Test func goldens() throws {
    let golden = try Golden.load("flows.json", as: FlowGoldens.self).layers
    let weights: [String: Tensor] = [
      "net.weight0": concat(
        [Tensor(golden.shift).transposed(), Tensor(golden.scale).transposed()], along: 1),
      "net.bias0": Tensor(golden.shiftBias + golden.scaleBias),
    ]
    #expect(golden.points.count == 5)
    for point in golden.points {
      for (form, value) in [(AffineForm.logScale, point.logScale), (.gated, point.gated)] {
        let layer = InverseAutoregressive(
          .sequence(3), transformer: AffineTransformer(form), network: MADE(hidden: []),
          name: "net")
        handle(
          {
            let (y, logDet) = layer.forwardAndLogDet(Tensor(point.x), context: nil)
            expectClose(y, value.y, shape: [3], within: .relative(1e-10), "\(form)")
            expectClose(logDet, [value.logDet], shape: [], within: .relative(1e-10), "\(form)")
            let (x, inverse) = layer.inverseAndLogDet(Tensor(value.y), context: nil)
            expectClose(x, point.x, within: .relative(1e-10, absolute: 1e-10), "\(form)")
            expectClose(inverse, [-value.logDet], within: .relative(1e-10), "\(form)")
          }, with: Substitute(values: weights))
      }
    }
  }

  private static let recipes: [any MaskedNetwork] = [
    MADE(hidden: []), MADE(hidden: [9]), MADE(hidden: [9, 12, 7]), MaskedResidualMLP(width: 8),
    MADE(hidden: [3, 2]),
  ]

  /// Stage by stage is what sweeps over all coordinates come to: x ← T⁻¹(y; network(x)) until
  /// nothing changes.
  @Test(arguments: [1, 2, 3, 5, 12], [0, 2]) func sweeps(_ dimension: Int, _ context: Int) {
    var generator = SeededGenerator(seed: dimension)
    let order = generator.uniform(dimension, in: 0...1).enumerated()
      .sorted { $0.element < $1.element }.map(\.offset)
    let graph = (0..<dimension).map { i in (0..<dimension).map { $0 < i && ($0 * i) % 3 < 2 } }
    for (seed, recipe) in Self.recipes.enumerated() {
      for dependencies in [Dependencies.order(order), .graph(graph), .none(dimension)] {
        let layer = InverseAutoregressive(
          dependencies, transformer: AffineTransformer(.softClamped), network: recipe,
          contextDimension: context, name: "net")
        handle(
          {
            let y = Self.points([4, dimension], seed: seed)
            let given = context > 0 ? Self.points([4, context], seed: seed + 9) : nil
            let (x, logDet) = layer.inverseAndLogDet(y, context: given)
            // At an approximation x the map and its slopes give T⁻¹(y) = x + (y − T(x)) / T′(x).
            var swept = y
            for _ in 0..<dimension {
              let point = swept.detached()
              let value = layer.forward(point, context: given)
              let slopes = Self.diagonal(of: value, point)
              swept = (point + (y - value) / slopes).detached()
            }
            let tolerance = Tolerance.relative(1e-10, absolute: 1e-10)
            expectClose(x, swept, within: tolerance, "\(recipe)")
            let forward = layer.forwardAndLogDet(swept, context: given).logDet
            expectClose(logDet, -forward, within: tolerance, "\(recipe)")
          }, with: RandomWeights(seed, isScaled: true))
      }
    }
  }

  /// ∂yᵢ/∂xᵢ for each point of a batch.
  private static func diagonal(of y: Tensor, _ x: Tensor) -> Tensor {
    let columns = (0..<x.shape[1]).map { index in
      gradient(of: y.selecting(index, along: 1).sum(), withRespectTo: x).selecting(index, along: 1)
    }
    return stack(columns, along: 1)
  }

  /// What depends on what is what the dependencies say, in both directions and both layers; the
  /// diagonal is positive and other entries are exactly zero.
  @Test func jacobians() {
    let adjacency = [
      [false, false, true, false], [true, false, true, false], [false, false, false, false],
      [false, true, false, false],
    ]
    for (seed, dependencies) in [
      Dependencies.sequence(4), .order([3, 1, 0, 2]), .graph(adjacency),
    ].enumerated() {
      let layer = InverseAutoregressive(
        dependencies, transformer: RationalQuadraticSpline(), network: MADE(hidden: [16]),
        name: "net")
      let masked = MaskedAutoregressive(
        dependencies, transformer: RationalQuadraticSpline(), network: MADE(hidden: [16]),
        name: "net")
      handle(
        {
          let x = Self.points([4], seed: seed)
          let direct = jacobian(of: layer.forward(x), x)
          let scored = jacobian(of: masked.inverse(x), x)
          #expect(direct == scored)
          let inverse = jacobian(of: layer.inverse(x), x)
          let orders: [[Int]] = [[0, 1, 2, 3], [3, 1, 0, 2], [2, 0, 1, 3]]
          let rank = orders[seed].indices.map { orders[seed].firstIndex(of: $0) ?? 0 }
          for i in 0..<4 {
            #expect(direct[i][i] > 0 && inverse[i][i] > 0)
            for j in 0..<4 where j != i {
              if seed == 2 { #expect((direct[i][j] != 0) == adjacency[i][j]) }
              if rank[j] > rank[i] { #expect(direct[i][j] == 0 && inverse[i][j] == 0) }
            }
          }
        }, with: RandomWeights(seed, isScaled: true))
    }
  }

  /// More coordinates than two words of a set have bits: what depends on what, the round trip and the
  /// score.
  @Test func manyCoordinates() {
    let d = 130
    for order in [Array(0..<d), Array((0..<d).reversed())] {
      let layer = InverseAutoregressive(
        .order(order), transformer: AffineTransformer(.softClamped), network: MADE(hidden: [140]),
        name: "net")
      handle(
        {
          let x = Self.points([d])
          for (i, row) in jacobian(of: layer.forward(x), x).enumerated() {
            let rank = order.firstIndex(of: i) ?? 0
            let parents = Set(row.indices.filter { row[$0] != 0 && $0 != i })
            #expect(parents == Set(order[..<rank]) && row[i] > 0, "\(i)")
          }
          let (batch, before) = (Self.points([3, d], seed: 2), Self.points([3, d], seed: 3))
          let (y, logDet, score) = layer.forwardWithScore(batch, score: before, context: nil)
          let point = y.detached()
          let (back, inverse) = layer.inverseAndLogDet(point, context: nil)
          let close = Tolerance.relative(1e-9, absolute: 1e-9)
          expectClose(back, batch, within: close)
          expectClose(inverse, -logDet, within: close)
          let slope = gradient(of: (before * back).sum() + inverse.sum(), withRespectTo: point)
          expectClose(score, slope, within: .relative(1e-8, absolute: 1e-8))
        }, with: RandomWeights(8, isScaled: true))
    }
  }

  /// A thousand coordinates, there and back.
  @Test func aThousandCoordinates() {
    let layer = MaskedAutoregressive(
      .sequence(1000), transformer: AffineTransformer(.softClamped), network: MADE(hidden: [1000]),
      name: "net")
    handle(
      {
        let x = Self.points([2, 1000])
        let (y, logDet) = layer.forwardAndLogDet(x, context: nil)
        let (back, inverse) = layer.inverseAndLogDet(y.detached(), context: nil)
        expectClose(back, x, within: .relative(1e-9, absolute: 1e-9))
        expectClose(inverse, -logDet, within: .relative(1e-9, absolute: 1e-9))
      }, with: RandomWeights(8, spread: 0.5, isScaled: true))
  }

  /// The gated form cannot expand.
  @Test func gateContracts() {
    let layer = InverseAutoregressive(
      .sequence(5), transformer: AffineTransformer(.gated), network: MADE(hidden: [8]), name: "net")
    let logDet = handle(
      { layer.forwardAndLogDet(3 * Self.points([200, 5]), context: nil).logDet },
      with: RandomWeights(4))
    #expect(logDet.max().scalar() < 0)
  }

  /// A context that counts for nothing leaves the flow as it is without one. (Units that see only the
  /// context take the place of others; without hidden layers there are none.)
  @Test func contextOfNoWeight() {
    let layers = [0, 2].map { context in
      InverseAutoregressive(
        .sequence(3), transformer: AffineTransformer(), network: MADE(hidden: []),
        contextDimension: context, name: "net")
    }
    let (x, context) = (Self.points([6, 3]), Self.points([6, 2], seed: 3))
    let weights = RandomWeights(5, isScaled: true)
    let without = handle({ layers[0].forward(x) }, with: weights)
    let with = handle({ layers[1].forward(x, context: context) }, with: weights)
    let unheard = Substitute(values: ["net.contextWeight": Tensor.zeros([2, 6])])
    let weightless = handle(
      { handle({ layers[1].forward(x, context: context) }, with: weights) }, with: unheard)
    expectClose(weightless, without)
    #expect(abs(with - without).min().scalar() > 0)
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let layer = InverseAutoregressive(
          .sequence(3), transformer: AffineTransformer(), network: MADE(hidden: []), name: "net")
        _ = layer.forward(Tensor.zeros([4]))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let layer = InverseAutoregressive(
          .sequence(3), transformer: AffineTransformer(), network: MADE(hidden: []),
          contextDimension: 2, name: "net")
        _ = layer.forward(Tensor.zeros([3]))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let layer = MaskedAutoregressive(
          .sequence(3), transformer: AffineTransformer(), network: MADE(hidden: []),
          contextDimension: 2, name: "net")
        _ = layer.inverse(Tensor.zeros([3]), context: Tensor.zeros([3]))
      })
  }
}
