import Foundation
import TestSupport
import Testing

@testable import Tensors

/// |L⁻¹ (x − m)|² and its derivatives against substitution written out and against what follows from
/// triangular solves.
@Suite struct QuadraticFormTests {
  private struct Problem {
    let rows, center, triangle: Tensor

    init(_ count: Int, _ n: Int, _ dtype: DType) {
      var generator = SeededGenerator(seed: 31 * count + n)
      rows = Tensor(generator.uniform(count * n, in: -3...3), shape: [count, n]).cast(to: dtype)
        .detached()
      center = Tensor(generator.uniform(n, in: -1...1)).cast(to: dtype).detached()
      // The upper triangle is not to be read.
      let square = Tensor(generator.uniform(n * n, in: -0.4...0.4), shape: [n, n])
      let isUpper = triu(Tensor.ones([n, n]), 1) .== 1
      triangle = `where`(isUpper, Tensor(.nan), square + 2 * Tensor.eye(n)).cast(to: dtype)
        .detached()
    }

    var inputs: [Tensor] { [rows, center, triangle] }

    /// By substitution, one number after another.
    func exact() -> [Double] {
      let n = center.count
      let (x, m, l) = (rows.array(), center.array(), triangle.array())
      return (0..<rows.shape[0]).map { row in
        var z: [Double] = []
        for i in 0..<n {
          let left = (0..<i).reduce(x[row * n + i] - m[i]) { $0 - l[i * n + $1] * z[$1] }
          z.append(left / l[i * n + i])
        }
        return z.reduce(0) { $0 + $1 * $1 }
      }
    }

    /// As a graph of solves.
    static func plain(_ inputs: [Tensor]) -> Tensor {
      let z = triangularSolve(inputs[2], inputs[0] - inputs[1], transposed: true, left: false)
      return square(z).sum(axis: -1)
    }
  }

  private static let sizes = [
    (1, 5), (7, 1), (15, 3), (64, 5), (65, 12), (4097, 2), (9001, 5), (70, 13),
  ]

  @Test(arguments: sizes, [DType.float64, .float32])
  func values(_ size: (Int, Int), _ dtype: DType) {
    let problem = Problem(size.0, size.1, dtype)
    let result = squaredDistances(problem.rows, from: problem.center, problem.triangle)
    #expect(result.dtype == dtype)
    expectClose(
      result.array(), problem.exact(),
      within: dtype == .float64 ? .relative(1e-13) : .relative(2e-5, absolute: 1e-6), "\(size)")
  }

  /// With weights of both signs and none.
  @Test(arguments: sizes) func gradients(_ size: (Int, Int)) {
    let problem = Problem(size.0, size.1, .float64)
    let weights = floor(3 * sin(Tensor.arange(size.0).cast(to: .float64)))
    func slopes(_ form: ([Tensor]) -> Tensor) -> [Tensor] {
      let inputs = problem.inputs.map { Tensor($0.array(), shape: $0.shape) }
      return gradient(of: (weights * form(inputs)).sum(), withRespectTo: inputs)
    }
    let ours = slopes { squaredDistances($0[0], from: $0[1], $0[2]) }
    for (a, b) in zip(ours, slopes(Problem.plain)) {
      expectClose(a.array(), b.array(), within: .relative(1e-11, absolute: 1e-9), "\(size)")
    }
  }

  /// Of a function of the distances, so that the cotangents depend on everything.
  @Test(arguments: [(6, 3), (6, 13)]) func secondDerivatives(_ size: (Int, Int)) {
    let problem = Problem(size.0, size.1, .float64)
    func products(_ form: ([Tensor]) -> Tensor) -> [Tensor] {
      let inputs = problem.inputs.map { Tensor($0.array(), shape: $0.shape) }
      let first = gradient(of: log(1 + form(inputs)).sum(), withRespectTo: inputs)
      let mixed = first.enumerated().reduce(Tensor(0.0)) { sum, slope in
        let lower = slope.offset == 2 ? tril(slope.element) : slope.element
        return sum + sin(lower * 3).sum()
      }
      return gradient(of: mixed, withRespectTo: inputs)
    }
    let ours = products { squaredDistances($0[0], from: $0[1], $0[2]) }
    for (a, b) in zip(ours, products(Problem.plain)) {
      expectClose(a.array(), b.array(), within: .relative(1e-9, absolute: 1e-10), "\(size)")
    }
  }

  /// Rows with infinite elements are infinitely far and move nothing; NaN stays; a row that is not
  /// used may hold anything.
  @Test(arguments: [3, 13]) func brokenRows(_ n: Int) {
    let problem = Problem(5, n, .float64)
    var numbers = problem.rows.array()
    numbers[0] = .infinity
    numbers[n + 1] = -.infinity
    numbers[2 * n + 1] = .nan
    numbers[2 * n + 2] = .infinity
    let rows = Tensor(numbers, shape: [5, n])
    let (center, triangle) = (problem.center, problem.triangle)
    let all = squaredDistances(rows, from: center, triangle)
    let exact = problem.exact()
    expectClose(
      all.array(), [.infinity, .infinity, .nan, exact[3], exact[4]], within: .relative(1e-13))
    let used = Tensor([true, true, false, true, true])
    let slopes = gradient(
      of: `where`(used, all, 0).sum(), withRespectTo: [rows, center, triangle])
    let good = Tensor(Array(numbers[(3 * n)...]), shape: [2, n])
    let expected = gradient(
      of: squaredDistances(good, from: center, triangle).sum(),
      withRespectTo: [good, center, triangle])
    #expect(slopes[0].array()[..<(3 * n)].allSatisfy { $0 == 0 }, "\(slopes[0])")
    expectClose(Array(slopes[0].array()[(3 * n)...]), expected[0].array(), within: .relative(1e-14))
    expectClose(slopes[1].array(), expected[1].array(), within: .relative(1e-13, absolute: 1e-14))
    expectClose(slopes[2].array(), expected[2].array(), within: .relative(1e-13, absolute: 1e-14))
  }

  /// Many problems at once, each as alone.
  @Test(arguments: [3, 13]) func batches(_ n: Int) {
    let problem = Problem(4, n, .float64)
    let shifts = Tensor([0.0, 0.5, -1])
    func form(_ shift: Tensor) -> [Tensor] {
      let inputs = [problem.rows + shift, problem.center * 1, problem.triangle * (1 + shift)]
      let q = squaredDistances(inputs[0], from: inputs[1], inputs[2])
      let slopes = gradient(of: square(q).sum(), withRespectTo: inputs)
      return [q, slopes[0], slopes[1], tril(slopes[2])]
    }
    let one = Tensor(0.25)
    let together = batch(form(one), over: one, values: shifts)
    for index in 0..<3 {
      let alone = form(shifts[index])
      for (a, b) in zip(together, alone) {
        expectClose(a[index].array(), b.array(), within: .relative(1e-11, absolute: 1e-12))
      }
    }
  }
}
