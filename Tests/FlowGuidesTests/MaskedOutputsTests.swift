import PPL
import TestSupport
import Testing

@testable import FlowGuides

/// Networks with so many outputs that products leave out what most of them do not see.
@Suite struct MaskedOutputsTests {
  private static let dimension = 40
  private static let start = (0..<13).map { Double($0) / 8 }

  private static func network(_ dependencies: Dependencies, _ hidden: [Int]) -> MaskedPerceptron {
    MaskedPerceptron(
      MADE(hidden: hidden, activation: .tanh), dependencies, start: start,
      hasContext: hidden.isEmpty,
      name: "net")
  }

  /// Outputs and all derivatives are those of the masked weights, written out. Batches are large
  /// enough for products of blocks.
  @Test(arguments: [[48], []]) func values(_ hidden: [Int]) throws {
    let order = Array((0..<Self.dimension).reversed())
    let network = Self.network(.order(order), hidden)
    let weights = RandomWeights(5, isScaled: true)
    let x = RandomKey(1).normal([16, Self.dimension]).detached()
    let context = hidden.isEmpty ? RandomKey(2).normal([16, 3]).detached() : nil
    let outputs = handle({ network(x, context) }, with: weights)
    let last = hidden.count
    let masks = try network.perceptron.layers.map { try #require($0.mask) }
    func masked(_ layer: Int) throws -> Tensor {
      `where`(masks[layer], try #require(weights.met["net.weight\(layer)"]), 0)
    }
    var value = x
    if last == 1 {
      value = tanh(matmul(x, try masked(0)) + (try #require(weights.met["net.bias0"])))
    }
    value = matmul(value, try masked(last)) + (try #require(weights.met["net.bias\(last)"]))
    if let context {
      value += matmul(context, try #require(weights.met["net.contextWeight"]))
    }
    let expected = value.split(
      [Int](repeating: Self.dimension, count: Self.start.count), along: -1)
    #expect(outputs.count == expected.count)
    let met = [x] + weights.met.keys.sorted().compactMap { weights.met[$0] }
    func slopes(_ tensors: [Tensor]) -> [Tensor] {
      let sum = tensors.enumerated().reduce(Tensor(0)) {
        $0 + (sin($1.element + Double($1.offset))).sum()
      }
      return gradient(of: sum, withRespectTo: met)
    }
    for (output, expected) in zip(outputs + slopes(outputs), expected + slopes(expected)) {
      expectClose(
        output, expected.array(), shape: expected.shape,
        within: .relative(1e-12, absolute: 1e-12))
    }
  }

  /// Inverses and scores go through them too.
  @Test func laws() {
    let layer = InverseAutoregressive(
      .order(Array((0..<Self.dimension).reversed())),
      transformer: RationalQuadraticSpline(bins: 5, bound: 4), network: MADE(hidden: [48]),
      name: "flow")
    handle(
      {
        let x = RandomKey(3).normal([16, Self.dimension]).detached()
        let (y, logDet) = layer.forwardAndLogDet(x, context: nil)
        let (back, other) = layer.inverseAndLogDet(y, context: nil)
        expectClose(back, x.array(), shape: x.shape, within: .relative(1e-9, absolute: 1e-9))
        expectClose(other, (-logDet).array(), shape: logDet.shape, within: .relative(1e-9))
        let score = RandomKey(4).normal(x.shape).detached()
        let found = layer.forwardWithScore(x, score: score, context: nil).score
        let point = y.detached()
        let (x2, logDet2) = layer.inverseAndLogDet(point, context: nil)
        let density = (score * x2).sum() + logDet2.sum()
        let expected = gradient(of: density, withRespectTo: [point])[0]
        expectClose(
          found, expected.array(), shape: expected.shape,
          within: .relative(1e-8, absolute: 1e-8))
      }, with: RandomWeights(6, spread: 0.5, isScaled: true))
  }
}
