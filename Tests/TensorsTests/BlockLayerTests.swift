import TestSupport
import Testing

@testable import Tensors

/// Products of blocks to which a vector is added and whose negative sums become zero, one behind the
/// other as in a network, against plain products with the zeros, sums and `relu`.
@Suite struct BlockLayerTests {
  private struct Network {
    let masks: [Tensor]
    let patterns: [BlockPattern]
    let arguments: [Tensor]

    /// Two layers: x, and the weights and the vector of each.
    init(_ rows: Int, _ dtype: DType = .float64) {
      let widths = [43, 90, 70]
      var generator = SeededGenerator(seed: 8)
      func draw(_ shape: Shape) -> Tensor {
        let values = generator.uniform(shape.elementCount, in: -1...1)
        return Tensor(values, shape: shape, dtype: dtype)
      }
      let isFilled = (0..<2).map { layer in
        (0..<widths[layer] * widths[layer + 1]).map { element in
          let (row, column) = element.quotientAndRemainder(dividingBy: widths[layer + 1])
          return row * widths[layer + 1] <= column % (widths[layer + 1] / 2) * 2 * widths[layer]
        }
      }
      masks = (0..<2).map { Tensor(isFilled[$0], shape: [widths[$0], widths[$0 + 1]]) }
      patterns = (0..<2).map {
        BlockPattern(rows: widths[$0], columns: widths[$0 + 1], isFilled: isFilled[$0])
      }
      var arguments = [draw([rows, widths[0]])]
      for layer in 0..<2 {
        arguments += [draw([widths[layer], widths[layer + 1]]), draw([widths[layer + 1]])]
      }
      self.arguments = arguments
    }

    func blocks(_ a: [Tensor]) -> Tensor {
      let hidden = matmul(
        a[0], `where`(masks[0], a[1], 0), within: patterns[0], adding: a[2], rectifies: true)
      return matmul(hidden, `where`(masks[1], a[3], 0), within: patterns[1], adding: a[4])
    }

    func plain(_ a: [Tensor]) -> Tensor {
      let hidden = relu(matmul(a[0], `where`(masks[0], a[1], 0)) + a[2])
      return matmul(hidden, `where`(masks[1], a[3], 0)) + a[4]
    }
  }

  private static func loss(_ outputs: Tensor) -> Tensor { sin(outputs).sum() }

  /// Batches of which some, and of which no, products are large enough for blocks.
  @Test(arguments: [300, 29], [DType.float64, .float32])
  func `layers and their derivatives`(_ rows: Int, _ dtype: DType) {
    let network = Network(rows, dtype)
    let a = network.arguments
    let found = network.blocks(a)
    let expected = network.plain(a)
    let tolerance = Tolerance.relative(1e-6, absolute: dtype == .float64 ? 1e-11 : 1e-4)
    expectClose(found, expected, within: tolerance)
    let slopes = gradient(of: Self.loss(found), withRespectTo: a)
    let others = gradient(of: Self.loss(expected), withRespectTo: a)
    for (slope, other) in zip(slopes, others) { expectClose(slope, other, within: tolerance) }
  }

  @Test func `second derivatives`() {
    let network = Network(60)
    let a = network.arguments
    func seconds(_ output: Tensor) -> [Tensor] {
      let first = gradient(of: Self.loss(output), withRespectTo: a)
      let sum = first.reduce(Tensor(0)) { $0 + cos($1 * 2).sum() }
      return gradient(of: sum, withRespectTo: a)
    }
    for (found, expected) in zip(seconds(network.blocks(a)), seconds(network.plain(a))) {
      expectClose(found, expected, within: .relative(1e-9, absolute: 1e-9))
    }
  }

  /// Of any argument.
  @Test(arguments: 0..<5) func `many at once`(_ argument: Int) {
    let network = Network(60)
    let a = network.arguments
    func results(_ a: [Tensor]) -> [Tensor] {
      let output = network.blocks(a)
      return [output] + gradient(of: Self.loss(output), withRespectTo: a)
    }
    let values = stack([a[argument], 1 - a[argument]])
    let batched = batch(results(a), over: a[argument], values: values)
    for index in 0..<2 {
      var single = a
      single[argument] = values[index]
      for (all, expected) in zip(batched, results(single)) {
        expectClose(all[index], expected, within: .relative(1e-11, absolute: 1e-11))
      }
    }
  }

  /// Rows whose result a `where` dropped have no derivative, whatever is in them; a sum that is not a
  /// number stays one.
  @Test func `rows with holes`() {
    let network = Network(300)
    let isWhole = Tensor((0..<300).map { $0 % 7 != 2 }).expandingDims(at: 1)
    func slopes(_ hole: Double) -> (output: Tensor, ofWeights: [Tensor]) {
      var a = network.arguments
      a[0] = Tensor(`where`(isWhole, a[0], Tensor(hole)).array(), shape: a[0].shape)
      let output = network.blocks(a)
      let loss = `where`(isWhole, square(output), 0).sum()
      return (output, gradient(of: loss, withRespectTo: Array(a.dropFirst())))
    }
    let expected = slopes(0).ofWeights
    for hole in [Double.nan, .infinity] {
      let (output, found) = slopes(hole)
      #expect(output[2].array().contains { $0.isNaN })
      for (slope, other) in zip(found, expected) {
        expectClose(slope, other, within: .relative(1e-9, absolute: 1e-9))
      }
    }
  }
}
