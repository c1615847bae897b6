import TestSupport
import Testing

@testable import Distributions

/// Batches, dtypes and keys of distributions of vectors and matrices.
@Suite struct MultivariateShapeTests {
  @Test(arguments: MultivariateCase.all, [[], [1], [3], [2, 3], [2, 1]] as [Shape])
  func shapes(_ subject: MultivariateCase, _ batch: Shape) {
    let distribution = subject.distribution(batch)
    let event = distribution.eventShape
    #expect(distribution.batchShape == batch)
    #expect(distribution.support.eventRank == event.rank)
    for shape in [[], [1], [2, 3]] as [Shape] {
      let (value, logProb) = distribution.sampleAndLogProb(
        shape, key: RandomKey(31), dtype: .float64)
      #expect(value.shape == shape + batch + event && logProb.shape == shape + batch, "\(subject)")
      #expect(distribution.logProb(value).shape == shape + batch, "\(subject) \(shape)")
    }
    if let moments = distribution as? any MomentDistribution {
      #expect(moments.mean.shape == batch + event && moments.variance.shape == batch + event)
    }
    if let entropies = distribution as? any EntropyDistribution {
      #expect(entropies.entropy.shape == batch, "\(subject)")
    }
  }

  /// Each element of a batch is the distribution of its own parameters, also where several draws
  /// share them.
  @Test(arguments: MultivariateCase.all) func elements(_ subject: MultivariateCase) {
    let coordinates = subject.draw([2, 3])
    let whole = subject.make(coordinates)
    let values = whole.sample([4], key: RandomKey(32), dtype: .float64).detached()
    let logProb = whole.logProb(values)
    for (i, j) in [(0, 0), (0, 2), (1, 1)] {
      let one = subject.make(coordinates.map { $0[i][j] })
      for draw in [0, 3] {
        expectClose(
          logProb[draw][i][j], one.logProb(values[draw][i][j]),
          within: .relative(1e-12, absolute: 1e-12), "\(subject) \(draw) \(i) \(j)")
      }
      guard let stated = one as? any MomentDistribution,
        let all = whole as? any MomentDistribution
      else { continue }
      expectClose(all.mean[i][j], stated.mean, within: .relative(1e-13, absolute: 1e-15))
      expectClose(all.variance[i][j], stated.variance, within: .relative(1e-13, absolute: 1e-15))
    }
  }

  /// Parameters of different batches broadcast against each other and against the value.
  @Test func broadcasting() {
    let factors = triangle(Tensor(Array(stride(from: -0.9, to: 0.9, by: 0.1)), shape: [2, 3, 3]))
    let locs = Tensor((0..<12).map(Double.init), shape: [4, 1, 3])
    let distribution = MultivariateNormal(locs, scaleTril: factors)
    #expect(distribution.batchShape == [4, 2])
    let x = Tensor([1.0, 2, 3])
    let logProb = distribution.logProb(x)
    #expect(logProb.shape == [4, 2])
    for (i, j) in [(0, 0), (3, 1), (2, 0)] {
      let one = MultivariateNormal(locs[i][0], scaleTril: factors[j])
      expectClose(logProb[i][j], one.logProb(x), within: .relative(1e-13))
    }
    let spread = MultivariateNormal(0, scaleTril: factors.expandingDims(at: 1))
    #expect(spread.batchShape == [2, 1])
    let column = spread.logProb(Tensor((0..<9).map { Double($0) / 9 }, shape: [3, 3]))
    #expect(column.shape == [2, 3])
    expectClose(
      column[1][2],
      MultivariateNormal(0, scaleTril: factors[1])
        .logProb(Tensor([6.0 / 9, 7.0 / 9, 8.0 / 9])), within: .relative(1e-13))
  }

  @Test(arguments: MultivariateCase.all) func expansion(_ subject: MultivariateCase) throws {
    let single = subject.distribution()
    let expanded = single.expanded(to: [2, 3])
    let event = single.eventShape
    #expect(expanded.batchShape == [2, 3] && expanded.eventShape == event)
    let x = single.sample([], key: RandomKey(33), dtype: .float64).detached()
    expectClose(
      expanded.logProb(x), [Double](repeating: single.logProb(x).scalar(), count: 6),
      shape: [2, 3], within: .relative(1e-12, absolute: 1e-12), "\(subject)")
    let draws = expanded.sample([5], key: RandomKey(34), dtype: .float64)
    try #require(draws.shape == [5, 2, 3] + event)
    // Copies of one draw would show in every event; certain elements are the same in all.
    let events = Set(draws.reshaped(to: [30, event.elementCount]).rows)
    #expect(events.count == 30, "\(subject): copies instead of draws")
    if let moments = expanded as? any MomentDistribution {
      #expect(moments.mean.shape == [2, 3] + event && moments.variance.shape == [2, 3] + event)
    }
  }

  /// A draw and its density together are those got apart; the same key draws the same.
  @Test(arguments: MultivariateCase.all, [DType.float64, .float32])
  func jointDraws(_ subject: MultivariateCase, _ dtype: DType) {
    let distribution = subject.distribution([2], dtype: dtype)
    let (value, logProb) = distribution.sampleAndLogProb(
      [200], key: RandomKey(35), dtype: dtype)
    #expect(value.dtype == dtype && logProb.dtype == dtype, "\(subject)")
    expectClose(value, distribution.sample([200], key: RandomKey(35), dtype: dtype), "\(subject)")
    let tolerance = dtype == .float64 ? 1e-9 : 3e-3
    // Rounding changes the logarithm of a small determinant by as much more as it is smaller.
    let isMatrix = dtype == .float32 && subject.name == "LKJ"
    let weight = isMatrix ? minimum(1, 1000 * exp(slogdet(value).logAbs)) : 1
    expectClose(
      weight * logProb, weight * distribution.logProb(value),
      within: .relative(tolerance, absolute: tolerance), "\(subject)")
    let other = distribution.sample([200], key: RandomKey(36), dtype: dtype)
    #expect(value.array() != other.array())
  }

  /// Single precision computes the same function with its own rounding.
  @Test(arguments: MultivariateCase.all) func singlePrecision(_ subject: MultivariateCase) {
    let narrow = subject.distribution(dtype: .float32)
    let x = narrow.sample([50], key: RandomKey(37), dtype: .float32).detached()
    let wide = subject.make(subject.draw(dtype: .float32).map { $0.cast(to: .float64) })
    let result = narrow.logProb(x)
    #expect(result.dtype == .float32)
    // Rounded to single precision a point of these leaves its set by more than double allows.
    let thin = ["Projected", "LKJ", "ZeroSum", "Logistic"]
    guard !thin.contains(where: subject.name.hasPrefix) else { return }
    expectClose(
      result.array(), wide.logProb(x.cast(to: .float64)).array(),
      within: .relative(1e-4, absolute: 1e-4), "\(subject)")
  }

  /// Squares of far points overflow in single precision; the density and its derivative do not.
  @Test func farPoints() {
    let l = Tensor([[2, 0], [0.5, 1]])
    let x = Tensor([[1e25, -3e24], [1e12, 0], [-2e36, 1e30], [0, 1e-30]])
    func student(_ dtype: DType) -> (logProb: Tensor, slope: Tensor) {
      let df = Tensor(3.5, dtype: dtype)
      let point = x.cast(to: dtype)
      let logProb = MultivariateStudentT(df, 0, scaleTril: l.cast(to: dtype)).logProb(point)
      return (logProb, gradient(of: logProb.sum(), withRespectTo: df))
    }
    let (narrow, wide) = (student(.float32), student(.float64))
    expectClose(narrow.logProb.array(), wide.logProb.array(), within: .relative(1e-5))
    expectClose(narrow.slope.array(), wide.slope.array(), within: .relative(1e-5))
  }

  private static let literals: [(String, any Distribution)] = [
    ("MultivariateNormal", MultivariateNormal([0, 1], covariance: [[2, 0.5], [0.5, 1]])),
    ("precision", MultivariateNormal(0, precision: [[2, 0.5], [0.5, 1]])),
    ("scaleTril", MultivariateNormal([0, 1], scaleTril: [[2, 0], [0.5, 1]])),
    ("LowRankMultivariateNormal", LowRankMultivariateNormal([0, 1], [[1], [0.5]], [1, 2])),
    ("MultivariateStudentT", MultivariateStudentT(3, [0, 1], scaleTril: [[2, 0], [0.5, 1]])),
    ("LogisticNormal", LogisticNormal([0, 1], 1)), ("LKJCholesky", LKJCholesky(3, 2)),
    ("LKJ", LKJ(3, 2)), ("Wishart", Wishart(4, covariance: [[2, 0.5], [0.5, 1]])),
    ("InverseWishart", InverseWishart(4, scaleMatrix: [[2, 0.5], [0.5, 1]])),
    (
      "MatrixNormal",
      MatrixNormal(0, scaleTrilRow: [[2, 0], [0.5, 1]], scaleTrilColumn: [[1]])
    ),
    ("ProjectedNormal", ProjectedNormal([1, 2])), ("ZeroSumNormal", ZeroSumNormal(2, [3])),
    ("GaussianRandomWalk", GaussianRandomWalk(2, steps: 3)),
  ]

  /// Literal parameters take the dtype asked for, and that of the value.
  @Test(arguments: [DType.float32, .float64]) func literalsFollow(_ dtype: DType) {
    for (name, distribution) in Self.literals {
      let (value, logProb) = distribution.sampleAndLogProb([3], key: RandomKey(42), dtype: dtype)
      #expect(value.dtype == dtype && logProb.dtype == dtype, "\(name)")
      #expect(distribution.logProb(value).dtype == dtype, "\(name)")
    }
  }

  @Test func invalidParameters() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = MultivariateNormal(0, covariance: [[1, 2], [2, 1]])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = MultivariateNormal(0, scaleTril: [[1, 2], [0, 1]])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = MultivariateNormal([0, 0, 0], scaleTril: [[1, 0], [0, 1]])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LowRankMultivariateNormal(0, [[1], [1]], [1, 0])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Wishart(1, scaleTril: [[1, 0], [0, 1]])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LKJ(1, 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LKJCholesky(3, 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ZeroSumNormal(1, [1])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = MultivariateNormal(0, scaleTril: [[1, 0], [0, 1]]).logProb(Tensor([1.0, 2, 3]))
      })
  }
}

extension Tensor {
  /// The rows of a matrix.
  fileprivate var rows: [[Double]] {
    let elements = array()
    let width = shape[1]
    return (0..<shape[0]).map { Array(elements[($0 * width)..<(($0 + 1) * width)]) }
  }
}
