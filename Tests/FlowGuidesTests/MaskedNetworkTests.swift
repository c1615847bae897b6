import TestSupport
import Testing

@testable import FlowGuides

@Suite struct MaskedNetworkTests {
  private static let dimensions = [1, 2, 3, 5, 10, 20]

  private static func point(_ dimension: Int, seed: Int = 1) -> Tensor {
    RandomKey(seed).foldIn("point").normal([dimension]).detached()
  }

  private static func network(
    _ dependencies: Dependencies, _ network: some MaskedNetwork = MADE(hidden: [32, 32]),
    outputs: Int = 2, hasContext: Bool = false
  ) -> MaskedPerceptron {
    MaskedPerceptron(
      network, dependencies, start: (0..<outputs).map { 0.1 * Double($0) }, hasContext: hasContext,
      name: "net")
  }

  /// A graph of the given size: coordinates depend on some of those before them in an order.
  private static func graph(_ dimension: Int, seed: Int) -> [[Bool]] {
    var generator = SeededGenerator(seed: seed)
    let ranks = (0..<dimension).sorted { ($0 * 7 + seed) % dimension < ($1 * 7 + seed) % dimension }
    return (0..<dimension).map { i in
      (0..<dimension).map { j in
        let isDrawn = generator.uniform(1, in: 0...1)[0] < 0.5
        return ranks[j] < ranks[i] && isDrawn
      }
    }
  }

  /// Which inputs outputs depend on, read off the Jacobian.
  private static func dependence(_ output: Tensor, _ x: Tensor) -> [[Bool]] {
    jacobian(of: output, x).map { row in row.map { $0 != 0 } }
  }

  /// The masks, read off the derivatives with respect to the weights, are Pyro's, whose inputs begin
  /// with the context.
  @Test func masks() throws {
    let goldens = try Golden.load("flows.json", as: FlowGoldens.self).made
    #expect(goldens.count == 11)
    for golden in goldens {
      let network = Self.network(
        .order(golden.order), MADE(hidden: golden.hidden, activation: .tanh),
        hasContext: golden.context > 0)
      let found = connections(of: network, golden.dimension, context: golden.context)
      let connected = found.map { $0.map { row in row.map { $0 ? "1" : "0" }.joined() } }
      #expect(connected == golden.masks, "\(golden.hidden)")
    }
  }

  /// Output i depends on every input before i and on no other, whatever the weights, at widths that
  /// the architectures choose.
  @Test(arguments: dimensions) func autoregressive(_ dimension: Int) {
    let before = (0..<dimension).map { i in (0..<dimension).map { $0 < i } }
    let networks: [any MaskedNetwork] = [
      MADE(hidden: [64, 64]), MADE(hidden: []), MaskedResidualMLP(width: 24, blocks: 2),
      MADE(hidden: [20, 30, 40], activation: .tanh), MADE(hidden: [32], activation: .softplus),
    ]
    for (seed, recipe) in networks.enumerated() {
      let x = Self.point(dimension, seed: seed)
      let network = Self.network(.sequence(dimension), recipe)
      let outputs = handle({ network(x, nil) }, with: RandomWeights(seed, isScaled: true))
      #expect(outputs.count == 2)
      for output in outputs { #expect(Self.dependence(output, x) == before, "\(recipe)") }
    }
  }

  /// The same for any order and any graph: what the adjacency says, exactly.
  @Test(arguments: [1, 2, 5, 9], [false, true]) func graphs(_ dimension: Int, _ hasContext: Bool) {
    for seed in 1...4 {
      let adjacency = Self.graph(dimension, seed: seed)
      let x = Self.point(dimension, seed: seed)
      let context = hasContext ? RandomKey(seed).normal([2]).detached() : nil
      let network = Self.network(
        .graph(adjacency), MADE(hidden: [40, 40], activation: .tanh), hasContext: hasContext)
      let outputs = handle({ network(x, context) }, with: RandomWeights(seed))
      for output in outputs {
        let full = output.broadcast(to: [dimension])
        #expect(Self.dependence(full, x) == adjacency)
        guard let context else { continue }
        let seen = Self.dependence(full, context)
        #expect(seen == [[Bool]](repeating: [true, true], count: dimension))
      }
    }
  }

  @Test func stages() {
    #expect(Dependencies.sequence(4).stages == [0, 1, 2, 3])
    #expect(Dependencies.order([2, 0, 3, 1]).stages == [1, 3, 0, 2])
    #expect(Dependencies.none(3).stages == [0, 0, 0])
    let tree = [
      [false, false, false, false], [true, false, false, false], [true, false, false, false],
      [false, true, false, false],
    ]
    #expect(Dependencies.graph(tree).stages == [0, 1, 1, 2])
    #expect(Dependencies.sequence(200).parents[130].count == 130)
  }

  /// The outputs of the first coordinate are constants; they begin at the values asked for, and so
  /// do approximately all others.
  @Test func initialValues() {
    for dimension in Self.dimensions {
      let network = Self.network(.sequence(dimension), outputs: 3)
      let outputs = handle({ network(3 * Self.point(dimension), nil) }, with: InitialWeights())
      #expect(outputs.map { $0.array()[0] } == [0, 0.1, 0.2])
      let deviation = zip(outputs, [0, 0.1, 0.2]).map { abs($0 - $1).max().scalar() }.max() ?? 1
      #expect(deviation < 0.1)
      #expect((deviation == 0) == (dimension == 1))
    }
  }

  /// Rows of a batch do not see each other, and each has its own context.
  @Test(arguments: [[1], [4], [2, 3]] as [Shape]) func batches(_ batch: Shape) {
    let weights = RandomWeights(6)
    let points = RandomKey(7).normal(batch + [5]).detached()
    let contexts = RandomKey(8).normal(batch + [2]).detached()
    let network = Self.network(.sequence(5), hasContext: true)
    let together = handle({ network(points, contexts) }, with: weights)
    let count = batch.elementCount
    for index in 0..<count {
      func row(_ tensor: Tensor) -> Tensor {
        tensor.reshaped(to: [count, tensor.count / count]).selecting(index, along: 0)
      }
      let alone = handle({ network(row(points), row(contexts)) }, with: weights)
      for (whole, part) in zip(together, alone) {
        #expect(whole.shape == batch + [5])
        expectClose(row(whole), part, within: .relative(1e-12, absolute: 1e-12))
      }
    }
  }

  @Test func gradients() {
    let recipes: [any MaskedNetwork] = [
      MADE(hidden: [6], activation: .tanh),
      MaskedResidualMLP(width: 4, blocks: 1, activation: .tanh),
    ]
    for recipe in recipes {
      let weights = RandomWeights(10)
      let network = Self.network(.sequence(3), recipe, hasContext: true)
      let (x, context) = (Self.point(3), Self.point(2, seed: 2))
      _ = handle({ network(x, context) }, with: weights)
      let names = weights.met.keys.sorted()
      checkGradients(of: [x, context] + names.map { weights.met[$0]! }) { inputs in
        let values = Dictionary(uniqueKeysWithValues: zip(names, inputs.dropFirst(2)))
        return handle({ network(inputs[0], inputs[1]) }, with: Substitute(values: values))
      }
    }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = MADE(hidden: [0])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Dependencies.sequence(0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Dependencies.order([0, 2])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Dependencies.graph([[false, true], [true, false]])
      })
  }
}
