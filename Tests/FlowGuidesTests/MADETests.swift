import FlowGuides
import TestSupport
import Testing

@Suite struct MADETests {
  private static let dimensions = [1, 2, 3, 5, 10, 20]

  private static func point(_ dimension: Int, seed: Int = 1) -> Tensor {
    Tensor(RandomKey(seed).foldIn("point").normal([dimension]).array())
  }

  private static func network(
    _ dimension: Int, _ hidden: [Int] = [32, 32], outputs: Int = 2, activation: Activation = .tanh
  ) -> MADE {
    MADE(
      dimension: dimension, hidden: hidden, outputs: outputs, activation: activation,
      name: "net", dtype: .float64)
  }

  /// The masks, read off the derivatives with respect to the weights, are Pyro's.
  @Test func masks() throws {
    for golden in try Golden.load("flows.json", as: FlowGoldens.self).made {
      let weights = RandomWeights(3)
      let x = Self.point(golden.dimension)
      let network = Self.network(golden.dimension, golden.hidden)
      let outputs = handle({ network(x) }, with: weights)
      let total = outputs.map { $0.sum() }.reduce(Tensor.zeros([]), +)
      for (layer, rows) in golden.masks.enumerated() {
        let weight = try #require(weights.met["net.weight\(layer)"])
        #expect(weight.shape == [rows[0].count, rows.count])
        let slopes = gradient(of: total, withRespectTo: weight).rows()
        for (unit, row) in rows.enumerated() {
          let connected = slopes.map { $0[unit] != 0 }
          #expect(connected == row.map { $0 == "1" }, "\(golden.hidden) \(layer) \(unit)")
        }
      }
    }
  }

  /// Output i depends on every input before i and on no other, whatever the weights.
  @Test(arguments: dimensions, Activation.all)
  func autoregressive(_ dimension: Int, _ activation: Activation) {
    for seed in 1...3 {
      let x = Self.point(dimension, seed: seed)
      let network = Self.network(dimension, activation: activation)
      let outputs = handle({ network(x) }, with: RandomWeights(seed))
      #expect(outputs.count == 2)
      for output in outputs {
        for (row, slopes) in jacobian(of: output, x).enumerated() {
          for (column, slope) in slopes.enumerated() {
            // Rectifiers may all be off on a path; tanh never is.
            let mayVanish = activation == .relu || column >= row
            #expect(column < row ? (slope != 0 || mayVanish) : slope == 0)
          }
        }
      }
    }
  }

  @Test(arguments: [1, 3]) func outputs(_ count: Int) {
    let x = Self.point(4)
    let outputs = handle({ Self.network(4, outputs: count)(x) }, with: RandomWeights(5))
    #expect(outputs.map(\.shape) == [Shape](repeating: [4], count: count))
    #expect(Set(outputs.flatMap { $0.array() }).count == 4 * count)
  }

  /// Rows of a batch do not see each other.
  @Test(arguments: [[1], [4], [2, 3]] as [Shape]) func batches(_ batch: Shape) {
    let weights = RandomWeights(6)
    let points = RandomKey(7).normal(batch + [5])
    let network = Self.network(5)
    let together = handle({ network(points) }, with: weights)
    #expect(together.allSatisfy { $0.shape == batch + [5] })
    let rows = points.reshaped(to: [batch.elementCount, 5])
    for index in 0..<batch.elementCount {
      let alone = handle({ network(rows.selecting(index, along: 0)) }, with: weights)
      for (whole, part) in zip(together, alone) {
        let row = whole.reshaped(to: [batch.elementCount, 5]).selecting(index, along: 0)
        expectClose(row, part, within: .relative(1e-13, absolute: 1e-13))
      }
    }
  }

  /// The first output is a constant; with one dimension that is all there is.
  @Test func firstOutputIsConstant() {
    for dimension in Self.dimensions {
      let weights = RandomWeights(8)
      let network = Self.network(dimension)
      let values = [1, 2].map { seed in
        handle({ network(Self.point(dimension, seed: seed)) }, with: weights)
          .map { $0.array()[0] }
      }
      #expect(values[0] == values[1] && values[0][0] != 0)
    }
  }

  /// Outputs start near zero, so that a flow starts near the identity.
  @Test func initialValues() {
    struct Key: Handler {
      func process(_ site: inout Site) {
        if site.kind == .param { site.key = RandomKey(9).foldIn(site.name) }
      }
    }
    let network = Self.network(10)
    let outputs = handle({ network(3 * Self.point(10)) }, with: Key())
    #expect(outputs.flatMap { $0.array() }.allSatisfy { $0.magnitude < 0.05 })
    #expect(outputs.flatMap { $0.array() }.contains { $0 != 0 })
  }

  @Test func gradients() {
    let weights = RandomWeights(10)
    let network = Self.network(3, [6])
    let x = Self.point(3)
    _ = handle({ network(x) }, with: weights)
    let names = weights.met.keys.sorted()
    checkGradients(of: [x] + names.map { weights.met[$0]! }) { inputs in
      let values = Dictionary(uniqueKeysWithValues: zip(names, inputs.dropFirst()))
      return handle({ network(inputs[0]) }, with: Substitute(values: values))
    }
  }

  @Test func misuse() async {
    await #expect(processExitsWith: .failure) {
      _ = MADE(dimension: 0, hidden: [3], outputs: 2, name: "net", dtype: .float64)
    }
    await #expect(processExitsWith: .failure) {
      _ = MADE(dimension: 3, hidden: [0], outputs: 2, name: "net", dtype: .float64)
    }
    await #expect(processExitsWith: .failure) { _ = FlowArchitecture.iaf(layers: 0) }
  }
}
