import TestSupport
import Testing

@testable import Tensors

/// The branch of a `where` that is not taken never reaches a derivative, whatever its value there.
@Suite struct WhereTests {
  private static let hostile: [Double] = [
    -.infinity, -1e308, -3, -1, -0.5, -0.0, 0, .leastNonzeroMagnitude, 0.5, 1, 2, 1e308, .infinity,
    .nan,
  ]

  /// First and second derivatives at points that are all masked out.
  private func expectZeros(
    _ what: String, _ inputs: [Tensor], orders: ClosedRange<Int> = 1...2,
    _ function: ([Tensor]) -> Tensor, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let value = function(inputs)
    let never = Tensor([Bool](repeating: false, count: value.count), shape: value.shape)
    for loss in [`where`(never, value, 1), `where`(.!never, 1, value)] {
      let first = gradient(of: loss.sum(), withRespectTo: inputs)
      let second = gradient(
        of: first.map { $0.sum() }.reduce(Tensor(0.0), +), withRespectTo: inputs)
      for (order, results) in [(1, first), (2, second)] where orders.contains(order) {
        for (index, result) in results.enumerated() {
          let wrong = zip(inputs[index].array(), result.array()).filter { !($0.1 == 0) }
          #expect(
            wrong.isEmpty, "\(what), order \(order): \(wrong)", sourceLocation: sourceLocation)
        }
      }
    }
  }

  @Test(arguments: UnaryOperation.all.map(\.name))
  func `hides functions of one number`(_ name: String) throws {
    let operation = try #require(UnaryOperation.all.first { $0.name == name })
    expectZeros(name, [Tensor(Self.hostile)]) { operation($0[0]) }
  }

  @Test(arguments: BinaryOperation.all.map(\.name))
  func `hides functions of two numbers`(_ name: String) throws {
    let operation = try #require(BinaryOperation.all.first { $0.name == name })
    guard !["and", "or", "xor", "foldIn"].contains(name) else { return }
    let count = Self.hostile.count
    let a = Tensor(Self.hostile).expandingDims(at: 1).broadcast(to: [count, count])
    let b = Tensor(Self.hostile).broadcast(to: [count, count])
    expectZeros(name, [Tensor(a.array(), shape: a.shape), Tensor(b.array(), shape: b.shape)]) {
      operation($0[0], $0[1])
    }
  }

  @Test func `hides special functions`() {
    let functions: [(String, (Tensor) -> Tensor)] = [
      ("digamma", digamma), ("trigamma", trigamma), ("lbeta", { lbeta($0, 2) }),
      ("gammainc", { gammainc(1.5, $0) }), ("betainc", { betainc(1.5, 2, $0) }),
      ("erfInverse", erfInverse), ("normalQuantile", normalQuantile), ("logit", logit),
      ("logNormalCDF", logNormalCDF), ("xlogy", { xlogy($0, $0) }), ("besselK1", besselK1),
      ("besselY0", besselY0), ("lambertW", lambertW), ("logBesselI0", logBesselI0),
      ("expi", expi), ("exp1", exp1),
      ("logSumExp", { $0.logSumExp(axes: [], keepingAxes: true) }),
    ]
    for (name, function) in functions {
      expectZeros(name, [Tensor(Self.hostile)]) { function($0[0]) }
    }
  }

  @Test func `hides reductions and running ones`() {
    let rows = Tensor(Self.hostile).expandingDims(at: 1).broadcast(to: [Self.hostile.count, 3])
    let x = Tensor(rows.array(), shape: rows.shape)
    let functions: [(String, (Tensor) -> Tensor)] = [
      ("sum", { $0.sum(axis: 1) }), ("max", { $0.max(axis: 1) }), ("min", { $0.min(axis: 1) }),
      ("product", { $0.product(axes: [1]) }), ("mean", { log($0.mean(axis: 1)) }),
      ("logSumExp", { $0.logSumExp(axis: 1) }), ("cumulativeSum", { $0.cumulativeSum() }),
      ("cumulativeProduct", { $0.cumulativeProduct() }), ("sorted", { $0.sorted() }),
      ("cumulativeLogSumExp", { $0.cumulativeLogSumExp() }), ("median", { $0.median() }),
      ("softmax", { $0.softmax(axis: 1) }), ("logSoftmax", { $0.logSoftmax(axis: 1) }),
    ]
    for (name, function) in functions { expectZeros(name, [x]) { function($0[0]) } }
  }

  @Test func `hides products and factorizations of bad matrices`() {
    let a = Tensor([-1.0, 0, 0, 0, .nan, 1, 1, .infinity], shape: [2, 2, 2])
    let functions: [(String, (Tensor) -> Tensor)] = [
      ("cholesky", cholesky), ("inverse", inverse), ("slogdet", { slogdet($0).logAbs }),
      ("solve", { solve($0, Tensor([1.0, 2])) }), ("eigh", { eigh($0).vectors }),
      ("triangularSolve", { triangularSolve($0, Tensor([1.0, 2])) }), ("qr", { qr($0).r }),
      ("logdet", logdet), ("determinant", determinant), ("lu", { lu($0).upper }),
      ("svd", { svd($0).s }), ("svd's vectors", { svd($0).vt }),
    ]
    for (name, function) in functions {
      expectZeros(name, [a], orders: 1...1) { function($0[0]) }
    }
  }

  @Test func `hides matrix products`() {
    let count = Self.hostile.count
    let rows = Tensor(Self.hostile).expandingDims(at: 1).broadcast(to: [count, 3])
    let a = Tensor(rows.array(), shape: rows.shape)
    let b = Tensor(rows.transposed().array(), shape: [3, count])
    expectZeros("matmul", [a, b]) { matmul($0[0], $0[1]) }
    expectZeros("matmul of stacks", [a, b]) {
      matmul(stack([$0[0], 2 * $0[0]]), stack([$0[1], $0[1]]))
    }
    expectZeros("matmul of a stack and one", [a, b]) { matmul(stack([$0[0], $0[0]]), $0[1]) }
    expectZeros("matmul with a vector", [a, Tensor([1.0, .nan, 2])]) { matmul($0[0], $0[1]) }
  }

  /// Rows of a table with holes, as many as are computed in fused loops, and a few.
  @Test(arguments: [3, 700, 5000], [DType.float32, .float64])
  func `hides rows with holes from a regression`(_ count: Int, _ dtype: DType) {
    func table(_ hole: Double) -> Tensor {
      Tensor(
        (0..<count * 2).map { $0 % 6 == 3 ? hole : Double($0 % 11) - 5 }, shape: [count, 2],
        dtype: dtype)
    }
    let isWhole = Tensor((0..<count).map { $0 % 3 != 1 })
    let weights = Tensor([0.25, -0.5], dtype: dtype)
    func loss(_ x: Tensor, _ w: Tensor) -> Tensor {
      `where`(isWhole, square(matmul(x, w) - 1), 0).sum()
    }
    for hole in [Double.nan, .infinity] {
      let (x, filled) = (table(hole), table(0))
      let first = gradient(of: loss(x, weights), withRespectTo: [x, weights])
      let expected = gradient(of: loss(filled, weights), withRespectTo: [filled, weights])
      expectClose(first[1], expected[1], within: .relative(1e-6))
      expectClose(first[0], expected[0], within: .relative(1e-6))
      // The gradient through the product with the transposed table, and the second derivative.
      let slope = gradient(
        of: matmul(first[1], Tensor([1.0, 3], dtype: dtype)), withRespectTo: weights)
      let filledSlope = gradient(
        of: matmul(expected[1], Tensor([1.0, 3], dtype: dtype)), withRespectTo: weights)
      expectClose(slope, filledSlope, within: .relative(1e-6))
    }
  }

  @Test func `hides matrix products that are batched`() {
    let x = Tensor([[1.0, .nan], [2, 3], [.infinity, 1]])
    let isWhole = Tensor([false, true, false])
    let w = Tensor([0.5, 2])
    let slope = gradient(of: `where`(isWhole, exp(matmul(x, w)), 0).sum(), withRespectTo: w)
    let many = batch([slope], over: w, values: Tensor([[0.5, 2.0], [-1, 0]]))[0]
    let values = [1096.6331584284585, 0.1353352832366127]
    expectClose(
      many, [2 * values[0], 3 * values[0], 2 * values[1], 3 * values[1]], shape: [2, 2],
      within: .ulps(4))
  }

  /// What is used shows its infinities.
  @Test func `does not hide infinite factors that count`() {
    let x = Tensor([[1.0, .nan], [2, 3]])
    let w = Tensor([0.5, 2])
    let y = `where`(Tensor([true, true]), matmul(x, w), 0).sum()
    let slope = gradient(of: y, withRespectTo: w).array()
    #expect(slope[0] == 3 && slope[1].isNaN)
    #expect(gradient(of: matmul(x, w).sum(), withRespectTo: w).array()[1].isNaN)
  }

  @Test func `keeps the taken branch's derivatives`() {
    let x = Tensor([-1.0, 0, 2, 3])
    let y = `where`(x .> 0, log(x) * sqrt(x), square(x))
    let first = gradient(of: y.sum(), withRespectTo: x)
    // d/dx log x · √x = (1 + log x / 2) / √x.
    let expected = [-2, 0, 0.9521713170536843, 0.8944923194884079]
    expectClose(first, expected, within: .ulps(4))
    checkGradients(of: [Tensor([-1.0, 0.7, 2, 3])]) { x in
      [`where`(x[0] .> 0, log(x[0]) * sqrt(x[0]), square(x[0]))]
    }
  }

  @Test func `nested hides both branches`() {
    let x = Tensor([-1.0, 0, 1])
    let y = `where`(x .> 0, log(x), `where`(x .< 0, 1 / x, sqrt(x - 1)))
    let first = gradient(of: `where`(x .!= 0, y, 0).sum(), withRespectTo: x)
    expectClose(first, [-1, 0, 1], shape: [3])
    expectClose(gradient(of: first.sum(), withRespectTo: x), [-2, 0, -1], shape: [3])
  }

  @Test func `a mask of one element hides all`() {
    let x = Tensor([0.0, -1])
    let y = `where`(Tensor(false), log(x).sum(), 3)
    expectClose(gradient(of: y, withRespectTo: x), [0, 0], shape: [2])
  }

  @Test func `clamp hides what is outside`() {
    let x = Tensor([-.infinity, -2, 0.5, 2, .infinity])
    expectClose(gradient(of: square(clamp(x, -1, 1)), withRespectTo: x), [0, 0, 1, 0, 0])
  }
}
