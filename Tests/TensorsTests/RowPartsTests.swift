import CTensorKernels
import TestSupport
import Testing

@testable import Tensors

/// What is computed for some rows of a batch at a time is what comes out when every node is computed
/// alone, whole.
@Suite struct RowPartsTests {
  struct Subject: Sendable, CustomStringConvertible {
    let name: String
    /// Outputs for a batch of so many rows.
    let make: @Sendable (Int, inout SeededGenerator) -> [Tensor]
    var description: String { name }
  }

  private static let width = 64

  private static func draw(_ shape: Shape, _ generator: inout SeededGenerator) -> Tensor {
    Tensor(generator.uniform(shape.elementCount, in: -1...1), shape: shape)
  }

  /// Layers of a network, with something done to what is between them.
  private static func network(
    _ input: Tensor, _ generator: inout SeededGenerator, width: Int = width,
    between: (Tensor) -> Tensor = { $0 }
  ) -> (output: Tensor, weights: [Tensor]) {
    var hidden = input
    var weights: [Tensor] = []
    for _ in 0..<4 {
      let matrix = draw([hidden.shape[hidden.rank - 1], width], &generator) / 8
      let bias = draw([width], &generator)
      weights += [matrix, bias]
      hidden = between(tanh(matmul(hidden, matrix) + bias))
    }
    return (hidden, weights)
  }

  /// A value and its derivatives.
  private static func withGradients(_ outputs: [Tensor], _ arguments: [Tensor]) -> [Tensor] {
    let loss = outputs.map { sin($0).sum() }.reduce(Tensor(0), +)
    return outputs + [loss] + gradient(of: loss, withRespectTo: arguments)
  }

  static let subjects = [
    Subject(name: "network") { rows, generator in
      let x = draw([rows, width], &generator)
      let (output, weights) = network(x, &generator)
      return withGradients([output], weights + [x])
    },
    // Masked weights look like rows of the batch.
    Subject(name: "as many units as rows") { rows, generator in
      let x = draw([rows, rows], &generator)
      let mask = draw([rows, rows], &generator) .> 0
      var (hidden, weights) = (x, [x])
      for _ in 0..<3 {
        weights.append(draw([rows, rows], &generator) / 16)
        hidden = tanh(matmul(hidden, `where`(mask, weights[weights.count - 1], 0)))
      }
      return withGradients([hidden], Array(weights.prefix(2)))
    },
    Subject(name: "blocks") { rows, generator in
      let isFilled = (0..<width * width).map { $0 / width <= $0 % width }
      let mask = Tensor(isFilled, shape: [width, width])
      let pattern = BlockPattern(rows: width, columns: width, isFilled: isFilled)
      var (hidden, weights) = (draw([rows, width], &generator), [Tensor]())
      for _ in 0..<4 {
        weights += [draw([width, width], &generator), draw([width], &generator)]
        let matrix = `where`(mask, weights[weights.count - 2], 0)
        hidden = matmul(
          hidden, matrix, within: pattern, adding: weights[weights.count - 1], rectifies: true)
      }
      return withGradients([hidden], weights)
    },
    Subject(name: "whole rows") { rows, generator in
      let (output, weights) = network(draw([rows, width], &generator), &generator) { hidden in
        let normalized = hidden - hidden.logSumExp(axis: 1).expandingDims(at: 1)
        let parts = [
          normalized.sliced(along: 1, start: 40, count: 24), hidden.flipped(along: 1),
          normalized.max(axis: 1).expandingDims(at: 1),
        ]
        return concat(parts, along: 1).sliced(along: 1, start: 1, count: width, step: 1)
      }
      return withGradients([output, output.sum(axis: 1)], weights)
    },
    Subject(name: "sums over the batch") { rows, generator in
      let (output, weights) = network(draw([rows, width], &generator), &generator)
      let others = [
        output.sum(axis: 0), output.mean(), output.max(axis: 0), output.product(axes: [0]),
      ]
      return withGradients([output], weights) + others
    },
    // What comes after the mean is done whole.
    Subject(name: "other rows afterwards") { rows, generator in
      let output = network(draw([rows, width], &generator), &generator).output
      let centred = (output - output.mean(axis: 0)).flipped(along: 0)
      let first = output[0..<1].broadcast(to: output.shape)
      let before = output[1..<rows] - output[0..<rows - 1]
      return [centred, output.transposed() * 2, output * first, before]
    },
    Subject(name: "matrices in rows") { rows, generator in
      let each = draw([rows, width, width], &generator)
      let (output, weights) = network(draw([rows, 3, width], &generator), &generator) { hidden in
        matmul(hidden, each / 8)
      }
      return withGradients([output], weights + [each])
    },
    // Units × batch, as where autoregressive flows are inverted.
    Subject(name: "rows along the last axis") { rows, generator in
      let x = draw([rows, 12, 8], &generator).transposed(to: [2, 1, 0])
      var hidden = x.reshaped(to: [96, rows])
      var weights: [Tensor] = []
      for _ in 0..<4 {
        weights.append(draw([96, 96], &generator) / 8)
        let product = matmul(weights[weights.count - 1], hidden)
        let halves = [product.sliced(along: 0, start: 40, count: 56), exp(product[0..<40])]
        let each = concat(halves, along: 0).reshaped(to: [48, 2, rows])
        let scale = each.selecting(1, along: 1).flipped(along: 0)
        hidden = concat([each.selecting(0, along: 1) * tanh(scale), scale], along: 0)
      }
      let back = hidden.transposed().flipped(along: 1)
      return withGradients([back, hidden.sum(axis: 0)], weights + [x])
    },
    Subject(name: "columns of a matrix") { rows, generator in
      let x = draw([width, rows], &generator).transposed()
      let (output, weights) = network(x, &generator)
      let keys = RandomKey(tensor: RandomKey(5).bits([rows]))
      return withGradients([output * keys.normal([rows, width])], weights)
    },
  ]

  private static func run(_ outputs: [Tensor]) -> (values: [[Double]], parts: Int) {
    let (values, plan) = evaluatedAnew(outputs)
    return (values, plan.parts.first?.bodies.count ?? 1)
  }

  @Test(arguments: subjects, [256, 307])
  func `is what whole batches give`(_ subject: Subject, _ rows: Int) {
    var generators = (SeededGenerator(seed: 3), SeededGenerator(seed: 3))
    let (found, parts) = Self.run(subject.make(rows, &generators.0))
    let expected = evaluatedSingly(subject.make(rows, &generators.1))
    #expect(parts > 1)
    for (number, (value, wanted)) in zip(found, expected).enumerated() {
      let largest = wanted.lazy.map(\.magnitude).max() ?? 0
      expectClose(
        value, wanted, within: .relative(1e-11, absolute: 1e-12 * max(1, largest)),
        "output \(number)")
    }
  }

  /// More rows are cut into more parts, which more threads than parts share.
  @Test func `the number of threads does not change a bit`() async {
    await #expect(processExitsWith: .success) {
      for (number, subject) in RowPartsTests.subjects.enumerated() {
        func results() -> [[Double]] {
          var generator = SeededGenerator(seed: 4)
          let outputs = subject.make(520, &generator)
          // Without derivatives there is less to be summed.
          let (values, parts) = RowPartsTests.run(number == 0 ? [outputs[0]] : outputs)
          #expect(number == 0 ? parts == 4 : parts > 1, "\(subject)")
          return values
        }
        ctk_set_thread_count(7)
        let expected = results()
        for threads in [1, 2, 3, 4] as [Int32] {
          ctk_set_thread_count(threads)
          for (actual, wanted) in zip(results(), expected) {
            expectClose(actual, wanted, within: .bits, "\(subject), \(threads) threads")
          }
        }
      }
    }
  }

  /// Few rows, few products, little work.
  @Test func `what would not pay is whole`() {
    var generator = SeededGenerator(seed: 5)
    #expect(Self.run(Self.subjects[0].make(255, &generator)).parts == 1)
    let x = Self.draw([512, 8], &generator)
    #expect(Self.run([Self.network(x, &generator, width: 8).output]).parts == 1)
    let (a, b) = (Self.draw([512, 300], &generator), Self.draw([300, 300], &generator))
    #expect(Self.run([tanh(matmul(a, b)), matmul(a, b.transposed())]).parts == 1)
    // A cut through the units of a layer, for a batch of 64, ends where they are summed.
    let hidden = tanh(matmul(Self.draw([64, 700], &generator), Self.draw([700, 300], &generator)))
    let sums = (0..<3).map { _ in matmul(hidden, Self.draw([300, 30], &generator)) }
    let last = Self.network(concat(sums, along: 1), &generator, width: 250)
    #expect(Self.run([last.output]).parts == 1)
  }

  /// A batch axis inside another is not cut, and rows without elements are in nobody's way.
  @Test func `axes that cannot be cut`() {
    func products(_ generator: inout SeededGenerator) -> [Tensor] {
      let x = Self.draw([4, 256, 16, 16], &generator)
      return (0..<3).map { _ in matmul(x, Self.draw([16, 16], &generator)) }
    }
    func none(_ generator: inout SeededGenerator) -> [Tensor] {
      let rows = Self.draw([512, Self.width], &generator)
      let empty = (rows.sliced(along: 1, start: 0, count: 0) * 2).sum(axis: 1)
      return [Self.network(rows, &generator).output, empty]
    }
    for make in [products, none] {
      var generators = (SeededGenerator(seed: 7), SeededGenerator(seed: 7))
      let found = Self.run(make(&generators.0)).values
      for (value, wanted) in zip(found, evaluatedSingly(make(&generators.1))) {
        expectClose(value, wanted, within: .relative(1e-11, absolute: 1e-12))
      }
    }
  }

  /// A plan of many rows that is run again on other values, by several callers at once.
  @Test func `callers do not disturb each other`() async throws {
    var generator = SeededGenerator(seed: 6)
    let width = Self.width
    let weights = (0..<4).map { _ in Self.draw([width, width], &generator) / 8 }
    let function = try compile(for: [Self.draw([512, width], &generator)]) { inputs in
      [weights.reduce(inputs[0]) { tanh(matmul($0, $1)) }]
    }
    let inputs = (0..<6).map { _ in Self.draw([512, width], &generator) }
    let alone = inputs.map { function([$0])[0].array() }
    let together = await withTaskGroup(of: (Int, [Double]).self) { group in
      for (index, input) in inputs.enumerated() {
        group.addTask { (index, function([input])[0].array()) }
      }
      return await group.reduce(into: [Int: [Double]]()) { $0[$1.0] = $1.1 }
    }
    for (index, value) in alone.enumerated() { #expect(together[index] == value) }
  }
}
