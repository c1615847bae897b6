import FlowGuides
import TestSupport
import Testing

@Suite struct ConditionerNetworkTests {
  static let networks: [any ConditionerNetwork] = [
    MLP(hidden: [7, 5], activation: .tanh), MLP(hidden: []),
    ResidualMLP(width: 6, blocks: 2, activation: .tanh), GatedMLP(hidden: [6, 5]),
  ]

  /// Against products and sums written out, at the weights of the sites.
  @Test func values() throws {
    let weights = RandomWeights(1)
    let x = RandomKey(2).normal([4, 3]).detached()
    let context = RandomKey(3).normal([4, 2]).detached()
    let plain = handle(
      { MLP(hidden: [5], activation: .tanh)(x, context: context, start: [0, 0], name: "m") },
      with: weights)
    let m = weights.met
    #expect(m.keys.sorted() == ["m.bias0", "m.bias1", "m.contextWeight", "m.weight0", "m.weight1"])
    let hidden = Tensors.tanh(
      matmul(x, m["m.weight0"]!) + matmul(context, m["m.contextWeight"]!) + m["m.bias0"]!)
    let expected = matmul(hidden, m["m.weight1"]!) + m["m.bias1"]!
    expectClose(plain, expected, within: .relative(1e-13, absolute: 1e-13))

    let residual = handle(
      {
        ResidualMLP(width: 5, blocks: 1, activation: .tanh)(
          x, context: nil, start: [0, 0, 0], name: "r")
      }, with: weights)
    let r = weights.met
    let first = matmul(x, r["r.weight0"]!) + r["r.bias0"]!
    let inner = matmul(Tensors.tanh(first), r["r.weight1"]!) + r["r.bias1"]!
    let second = first + matmul(Tensors.tanh(inner), r["r.weight2"]!) + r["r.bias2"]!
    let outputs = matmul(Tensors.tanh(second), r["r.weight3"]!) + r["r.bias3"]!
    expectClose(residual, outputs, within: .relative(1e-13, absolute: 1e-13))
  }

  /// Gated units against products and sums written out; the context stands behind the coordinates.
  @Test func gatedValues() throws {
    let weights = RandomWeights(1)
    let x = RandomKey(2).normal([4, 3]).detached()
    let context = RandomKey(3).normal([4, 2]).detached()
    let found = handle(
      { GatedMLP(hidden: [5])(x, context: context, start: [0, 0], name: "g") }, with: weights)
    let g = weights.met
    func affine(_ x: Tensor, _ name: String) throws -> Tensor {
      matmul(x, try #require(g["g.\(name).weight"])) + (try #require(g["g.\(name).bias"]))
    }
    let inputs = concat([x, context], along: 1)
    let hidden = try affine(inputs, "value0") * sigmoid(try affine(inputs, "gate0"))
    expectClose(
      found, try affine(hidden, "output"), within: .relative(1e-13, absolute: 1e-13))
  }

  /// Every output depends on every input and every number of the context, and begins where asked.
  @Test func dependence() {
    for network in Self.networks {
      let (x, context) = (RandomKey(5).normal([3]).detached(), RandomKey(6).normal([2]).detached())
      let outputs = handle(
        { network(x, context: context, start: [1, 2, 3, 4], name: "net") }, with: RandomWeights(4))
      for input in [x, context] {
        let slopes = jacobian(of: outputs, input).flatMap { $0 }
        #expect(slopes.count == 4 * input.count && !slopes.contains(0))
      }
      let initial = handle(
        { network(x, context: nil, start: [1, 2, 3, 4], name: "net") }, with: InitialWeights())
      expectClose(initial.array(), [1, 2, 3, 4], within: .relative(0, absolute: 0.1))
    }
  }

  /// Without inputs outputs are constants.
  @Test func withoutInputs() {
    for network in Self.networks {
      let outputs = handle(
        { network(Tensor.zeros([7, 0]), context: nil, start: [0.5, 1], name: "net") },
        with: InitialWeights())
      expectClose(
        outputs.broadcast(to: [7, 2]).selecting(3, along: 0).array(), [0.5, 1],
        within: .relative(0, absolute: 0.1))
    }
  }

  /// A context of its own for each of a batch, before an axis of points that share it.
  @Test func broadcasting() {
    let x = RandomKey(9).normal([6, 4, 3]).detached()
    let context = RandomKey(10).normal([4, 2]).detached()
    for network in Self.networks {
      let weights = RandomWeights(8)
      let outputs = handle(
        { network(x, context: context, start: [0, 0], name: "net") }, with: weights)
      #expect(outputs.shape == [6, 4, 2])
      let one = handle(
        {
          network(
            x.selecting(5, along: 0).selecting(2, along: 0),
            context: context.selecting(2, along: 0),
            start: [0, 0], name: "net")
        }, with: weights)
      expectClose(
        outputs.selecting(5, along: 0).selecting(2, along: 0), one,
        within: .relative(1e-12, absolute: 1e-12))
    }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = MLP(hidden: [3, 0])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ResidualMLP(width: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = GatedMLP(hidden: [0])
      })
  }
}
