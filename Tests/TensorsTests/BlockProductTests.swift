import TestSupport
import Testing

@testable import Tensors

/// Products with a matrix that is zero off some blocks, large enough to be computed block by block,
/// against sums taken one by one.
@Suite struct BlockProductTests {
  /// Where a matrix is not zero.
  enum Layout: CaseIterable {
    /// As a masked layer's weights between hidden units: later columns see more rows.
    case staircase
    /// As those of a masked layer's outputs, several for each coordinate.
    case staircases
    /// Columns and rows of zeros between blocks of all sizes.
    case islands

    func isFilled(_ row: Int, _ column: Int, _ rows: Int, _ columns: Int) -> Bool {
      switch self {
      case .staircase: row * columns < (column - column % 6) * rows
      case .staircases: 3 * row * columns < 3 * column % columns * rows
      case .islands: row % 60 < 25 && column % 40 >= 17 && row / 60 != column / 40
      }
    }
  }

  struct Size: CustomTestStringConvertible {
    let m, rows, columns: Int
    var testDescription: String { "\(m) × \(rows) × \(columns)" }
  }
  private static let sizes = [
    Size(m: 300, rows: 43, columns: 90), Size(m: 97, rows: 130, columns: 87),
  ]

  private struct Subject {
    let size: Size
    let isFilled: [Bool]
    let x, b, weights: [Double]

    init(_ layout: Layout, _ size: Size) {
      self.size = size
      var generator = SeededGenerator(seed: 3)
      isFilled = (0..<size.rows * size.columns).map {
        layout.isFilled($0 / size.columns, $0 % size.columns, size.rows, size.columns)
      }
      x = generator.uniform(size.m * size.rows, in: -1...1)
      b = generator.uniform(size.rows * size.columns, in: -1...1)
      weights = generator.uniform(size.m * size.columns, in: -1...1)
    }

    func tensors(_ dtype: DType) -> (x: Tensor, b: Tensor, weights: Tensor) {
      (
        Tensor(x, shape: [size.m, size.rows], dtype: dtype),
        Tensor(b, shape: [size.rows, size.columns], dtype: dtype),
        Tensor(weights, shape: [size.m, size.columns], dtype: dtype)
      )
    }

    func product(_ x: Tensor, _ b: Tensor) -> Tensor {
      let (rows, columns) = (size.rows, size.columns)
      let mask = Tensor(isFilled, shape: [rows, columns])
      let pattern = BlockPattern(rows: rows, columns: columns, isFilled: isFilled)
      return matmul(x, `where`(mask, b, 0), within: pattern)
    }

    /// x B, and the derivatives of its sum with weights: by x and by B.
    func sums() -> (product: [Double], ofX: [Double], ofB: [Double]) {
      let (m, rows, columns) = (size.m, size.rows, size.columns)
      var product = [Double](repeating: 0, count: m * columns)
      var ofX = [Double](repeating: 0, count: m * rows)
      var ofB = [Double](repeating: 0, count: rows * columns)
      for k in 0..<rows {
        for j in 0..<columns where isFilled[k * columns + j] {
          for i in 0..<m {
            product[i * columns + j] += x[i * rows + k] * b[k * columns + j]
            ofX[i * rows + k] += weights[i * columns + j] * b[k * columns + j]
            ofB[k * columns + j] += weights[i * columns + j] * x[i * rows + k]
          }
        }
      }
      return (product, ofX, ofB)
    }
  }

  @Test(arguments: Layout.allCases, sizes)
  func `products and their derivatives are the sums`(_ layout: Layout, _ size: Size) {
    let subject = Subject(layout, size)
    let expected = subject.sums()
    for dtype in [DType.float64, .float32] {
      let (x, b, weights) = subject.tensors(dtype)
      let product = subject.product(x, b)
      let slopes = gradient(of: (product * weights).sum(), withRespectTo: [x, b])
      let tolerance = Tolerance.relative(1e-6, absolute: dtype == .float64 ? 1e-12 : 2e-5)
      expectClose(product, expected.product, shape: [size.m, size.columns], within: tolerance)
      expectClose(slopes[0], expected.ofX, shape: x.shape, within: tolerance)
      expectClose(slopes[1], expected.ofB, shape: b.shape, within: tolerance)
    }
  }

  /// Runs as long as a vector: shorter ones leave out more, and vectors of doubles are shorter.
  @Test(arguments: [Layout.staircase, .staircases])
  func `doubles leave out more terms`(_ layout: Layout) {
    let isFilled = (0..<256 * 256).map { layout.isFilled($0 / 256, $0 % 256, 256, 256) }
    let pattern = BlockPattern(rows: 256, columns: 256, isFilled: isFilled)
    func terms(_ panels: [BlockPattern.Panel]) -> Int {
      panels.reduce(0) { sum, panel in
        let columns = panel.runs.reduce(0) { $0 + $1.count }
        return sum + columns * panel.filled.reduce(0) { $0 + $1.count }
      }
    }
    let (doubles, floats) = (pattern.sides(.float64), pattern.sides(.float32))
    for (few, more) in [
      (doubles.columns.panels, floats.columns.panels), (doubles.rows.panels, floats.rows.panels),
    ] {
      #expect(isFilled.count { $0 } <= terms(few))
      #expect(20 * terms(few) <= 19 * terms(more))
    }
  }

  /// The same through plain products with the zeros.
  @Test(arguments: Layout.allCases)
  func `second derivatives`(_ layout: Layout) {
    let subject = Subject(layout, Self.sizes[1])
    let (x, b, weights) = subject.tensors(.float64)
    func slopes(_ product: (Tensor, Tensor) -> Tensor) -> [Tensor] {
      let loss = (square(product(x, b)) * weights).sum()
      let first = gradient(of: loss, withRespectTo: [x, b])
      return gradient(of: sin(first[0]).sum() + sin(first[1]).sum(), withRespectTo: [x, b])
    }
    let mask = Tensor(subject.isFilled, shape: b.shape)
    let expected = slopes { matmul($0, `where`(mask, $1, 0)) }
    for (actual, expected) in zip(slopes(subject.product), expected) {
      expectClose(actual, expected, within: .relative(1e-10, absolute: 1e-9))
    }
  }

  @Test func `many at once`() {
    let subject = Subject(.staircase, Self.sizes[0])
    let (x, b, weights) = subject.tensors(.float64)
    func results(_ x: Tensor, _ b: Tensor) -> [Tensor] {
      let product = subject.product(x, b)
      return [product] + gradient(of: (product * weights).sum(), withRespectTo: [x, b])
    }
    let (xs, bs) = (stack([x, 2 - x]), stack([b, 2 - b]))
    let overX = batch(results(x, b), over: x, values: xs)
    let overB = batch(results(x, b), over: b, values: bs)
    for index in 0..<2 {
      for (number, expected) in results(xs[index], b).enumerated() {
        expectClose(overX[number][index], expected, within: .relative(1e-12, absolute: 1e-12))
      }
      for (number, expected) in results(x, bs[index]).enumerated() {
        expectClose(overB[number][index], expected, within: .relative(1e-12, absolute: 1e-12))
      }
    }
  }

  /// Rows whose result a `where` dropped have no derivative, whatever is in them.
  @Test(arguments: [DType.float64, .float32])
  func `rows with holes are hidden`(_ dtype: DType) {
    let subject = Subject(.staircases, Self.sizes[0])
    let (x, b, _) = subject.tensors(dtype)
    let isWhole = Tensor((0..<x.shape[0]).map { $0 % 7 != 2 }).expandingDims(at: 1)
    func slope(_ hole: Double) -> Tensor {
      let x = Tensor(
        `where`(isWhole, x, Tensor(hole, dtype: dtype)).array(), shape: x.shape, dtype: dtype)
      let loss = `where`(isWhole, square(subject.product(x, b)), 0).sum()
      return gradient(of: loss, withRespectTo: b)
    }
    let expected = slope(0)
    expectClose(slope(.nan), expected, within: .relative(1e-6, absolute: 1e-4))
    expectClose(slope(.infinity), expected, within: .relative(1e-6, absolute: 1e-4))
  }
}
