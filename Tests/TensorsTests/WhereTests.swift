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
      ("softmax", { exp($0 - $0.logSumExp(axis: 1, keepingAxes: true)) }),
    ]
    for (name, function) in functions { expectZeros(name, [x]) { function($0[0]) } }
  }

  @Test func `hides products and factorizations of bad matrices`() {
    let a = Tensor([-1.0, 0, 0, 0, .nan, 1, 1, .infinity], shape: [2, 2, 2])
    let functions: [(String, (Tensor) -> Tensor)] = [
      ("cholesky", cholesky), ("inverse", inverse), ("logAbsDet", { logAbsDet($0).logAbs }),
      ("solve", { solve($0, Tensor([1.0, 2])) }), ("eigh", { eigh($0).vectors }),
      ("triangularSolve", { triangularSolve($0, Tensor([1.0, 2])) }), ("qr", { qr($0).r }),
    ]
    for (name, function) in functions {
      expectZeros(name, [a], orders: 1...1) { function($0[0]) }
    }
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
