import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Distributions over categories and over vectors of counts, whose parameters are vectors.
@Suite struct CategoryTests {
  private struct CategoricalGolden: Decodable {
    let values: [Golden.Number]
    let x: [Golden.Number]
    let logProb: [Golden.Number]
    let entropy: Golden.Number
    let mean: Golden.Number
    let variance: Golden.Number
  }

  private struct CountsGolden: Decodable {
    let totalCount: Int
    let values: [Golden.Number]
    let x: [[Int]]
    let logProb: [Golden.Number]
    let mean: [Golden.Number]
    let variance: [Golden.Number]

    var points: Tensor {
      Tensor(x.flatMap { $0.map(Double.init) }, shape: [x.count, values.count])
    }
  }

  enum Form: String, CaseIterable, Sendable {
    case probs = "Probs"
    case logits = "Logits"
  }

  static func categorical(_ values: Tensor, _ form: Form) -> Categorical {
    form == .probs ? Categorical(probs: values) : Categorical(logits: values)
  }

  static func oneHot(_ values: Tensor, _ form: Form) -> OneHotCategorical {
    form == .probs ? OneHotCategorical(probs: values) : OneHotCategorical(logits: values)
  }

  static func multinomial(_ total: Tensor, _ values: Tensor, _ form: Form) -> Multinomial {
    form == .probs ? Multinomial(total, probs: values) : Multinomial(total, logits: values)
  }

  // MARK: Values

  /// mpmath's masses, with probabilities of 0, alone, in a batch of equal rows (which is computed in
  /// another way), and as one-hot vectors.
  @Test(arguments: Form.allCases) func categoricalGoldens(_ form: Form) throws {
    let cases = try Golden.load(
      "distributions/Categorical\(form.rawValue).json", as: [CategoricalGolden].self)
    #expect(cases.count >= 100)
    for golden in cases {
      let values = Tensor(golden.values.map(\.value))
      let x = Tensor(golden.x.map(\.value))
      let expected = golden.logProb.map(\.value)
      let one = Self.categorical(values, form)
      let tolerance = Tolerance.relative(1e-12, absolute: 1e-14)
      let what = "\(form) \(golden.values.map(\.value))"
      expectClose(one.logProb(x), expected, within: tolerance, what)
      let many = Self.categorical(values.broadcast(to: [x.count, values.count]), form)
      expectClose(many.logProb(x), expected, within: tolerance, what)
      let hot = Self.oneHot(values, form)
      let faces = Tensor.eye(values.count)
      expectClose(
        hot.logProb(faces), Array(expected.prefix(values.count)), within: tolerance, what)
      for entropy in [one.entropy, hot.entropy] {
        expectClose(entropy, [golden.entropy.value], within: .relative(1e-12, absolute: 1e-14))
      }
      expectClose(one.mean, [golden.mean.value], within: .relative(1e-12, absolute: 1e-14))
      expectClose(one.variance, [golden.variance.value], within: .relative(1e-10, absolute: 1e-14))
      expectClose(hot.mean, exp(hot.logProb(faces)), within: .relative(1e-12))
    }
  }

  @Test(arguments: Form.allCases) func multinomialGoldens(_ form: Form) throws {
    try Self.checkCounts("Multinomial\(form.rawValue)") { Self.multinomial($0, $1, form) }
  }

  @Test func dirichletMultinomialGoldens() throws {
    try Self.checkCounts("DirichletMultinomial") { DirichletMultinomial($1, $0) }
  }

  private static func checkCounts(
    _ file: String, _ make: (Tensor, Tensor) -> any MomentDistribution
  ) throws {
    let cases = try Golden.load("distributions/\(file).json", as: [CountsGolden].self)
    #expect(cases.count >= 100)
    for golden in cases {
      let values = Tensor(golden.values.map(\.value))
      let distribution = make(Tensor(Double(golden.totalCount)), values)
      let what = "\(file) of \(golden.totalCount), \(golden.values.map(\.value)) at \(golden.x)"
      expectClose(
        distribution.logProb(golden.points), golden.logProb.map(\.value),
        within: .relative(1e-12, absolute: 2e-14), what)
      expectClose(
        distribution.mean, golden.mean.map(\.value), within: .relative(1e-12, absolute: 1e-300),
        what)
      expectClose(
        distribution.variance, golden.variance.map(\.value),
        within: .relative(1e-9, absolute: 1e-300),
        what)
    }
  }

  // MARK: Laws

  /// All vectors of `size` counts with a given sum.
  static func compositions(of total: Int, into size: Int) -> [[Double]] {
    guard size > 1 else { return [[Double(total)]] }
    return (0...total).flatMap { first in
      compositions(of: total - first, into: size - 1).map { [Double(first)] + $0 }
    }
  }

  private static let weights = Tensor([0.2, 0.5, 0.05, 0.25])
  private static let concentration = Tensor([0.7, 2.5, 0.1, 4])
  private static let vectors: [(String, Int, any MomentDistribution)] = [
    ("Multinomial(probs:)", 6, Multinomial(6, probs: weights)),
    ("Multinomial(logits:)", 6, Multinomial(6, logits: log(weights) + 3)),
    ("DirichletMultinomial", 6, DirichletMultinomial(concentration, 6)),
    ("OneHotCategorical", 1, OneHotCategorical(probs: weights)),
  ]

  /// Over all vectors the masses sum to one, and give mean and variance.
  @Test func bruteForce() {
    for (name, total, distribution) in Self.vectors {
      let all = Self.compositions(of: total, into: 4)
      let x = Tensor(all)
      let mass = exp(distribution.logProb(x))
      #expect((mass.sum().scalar() - 1).magnitude < 1e-14, "\(name)")
      let weighted = mass.expandingDims(at: -1)
      let mean = (weighted * x).sum(axis: 0)
      expectClose(distribution.mean, mean, within: .relative(1e-13), name)
      expectClose(
        distribution.variance, (weighted * square(x - mean)).sum(axis: 0), within: .relative(1e-12),
        name)
      #expect(distribution.support.contains(x).all().scalar() == 1)
      guard let stated = distribution as? any EntropyDistribution else { continue }
      let surprise = -(mass * log(mass)).sum().scalar()
      expectClose(stated.entropy, [surprise], shape: [], within: .relative(1e-12), name)
    }
  }

  /// By mpmath, of a large total, and with a category that never occurs.
  @Test func multinomialEntropies() {
    let large = Multinomial(500, probs: Tensor([0.2, 0.5, 0.05, 0.25]))
    expectClose(large.entropy, [10.232854061320445], shape: [], within: .relative(1e-11))
    let probs = Tensor([[0.3, 0, 0.7], [0.5, 0.25, 0.25]])
    expectClose(
      Multinomial(7, probs: probs).entropy, [1.5926972553219096, 2.9842109119682374], shape: [2],
      within: .relative(1e-12))
    #expect(Multinomial(0, probs: probs).entropy.array() == [0, 0])
    checkGradients(of: [Tensor([0.3, -0.4, 1])], order: 1) {
      [Multinomial(5, logits: $0[0]).entropy]
    }
  }

  @Test func outside() {
    for (name, total, distribution) in Self.vectors {
      let wrong = [
        [Double(total) + 1, 0, 0, 0], [Double(total) - 0.5, 0.5, 0, 0],
        [Double(total) + 1, -1, 0, 0],
        [.nan, 0, 0, 0], [.infinity, 0, 0, 0],
      ]
      #expect(
        distribution.logProb(Tensor(wrong)).array().allSatisfy { $0 == -.infinity }, "\(name)")
    }
  }

  /// χ² of 100,000 draws against the exact masses of all vectors, those expected less than ten times
  /// taken together: p > 1e-6. A vector of mass 0.01 drawn 25 % too often or too seldom is caught.
  @Test(arguments: [DType.float64, .float32]) func drawsFollowTheMasses(_ dtype: DType) {
    for (name, total, distribution) in Self.vectors {
      let all = Self.compositions(of: total, into: 4)
      let mass = exp(distribution.logProb(Tensor(all))).array()
      let count = 100_000
      let draws = distribution.sample([count], key: RandomKey(71), dtype: dtype).array()
      var found: [[Double]: Int] = [:]
      for row in 0..<count { found[Array(draws[4 * row..<4 * row + 4]), default: 0] += 1 }
      #expect(Set(found.keys).isSubset(of: Set(all)), "\(name)")
      Self.expectFrequencies(all.map { found[$0] ?? 0 }, mass, count, "\(name) \(dtype)")
    }
  }

  static func expectFrequencies(_ found: [Int], _ mass: [Double], _ count: Int, _ what: String) {
    var (statistic, cells, restFound, restMass) = (0.0, 0, 0.0, 0.0)
    func add(_ found: Double, _ expected: Double) {
      statistic += (found - expected) * (found - expected) / expected
      cells += 1
    }
    for (found, mass) in zip(found, mass) {
      if mass * Double(count) >= 10 {
        add(Double(found), mass * Double(count))
      } else {
        restFound += Double(found)
        restMass += mass
      }
    }
    if restMass * Double(count) >= 10 { add(restFound, restMass * Double(count)) }
    let p = GSL.chiSquareTail(statistic, cells - 1)
    #expect(p > 1e-6, "\(what): χ² \(statistic) of \(cells) cells, p \(p)")
  }

  /// Against GSL's multinomial sampler, category by category: the two-sample statistic of the sum of
  /// 20,000 draws of each, |z| < 4.9 but for one key in a million; a share off by 0.7 % of √n is caught.
  @Test func drawsAgreeWithGSL() {
    let probs = [0.1, 0.4, 0.05, 0.45]
    let (count, total) = (20_000, 50)
    let ours = Multinomial(50, probs: Tensor(probs)).sample(
      [count], key: RandomKey(72), dtype: .float64)
    let theirs = GSL.multinomialDraws(count, total, probs, seed: 5)
    for category in probs.indices {
      let column = ours.selecting(category, along: 1)
      let other = Tensor(stride(from: category, to: theirs.count, by: 4).map { theirs[$0] })
      for (a, b) in [(column, other), (square(column), square(other))] {
        let spread = (square(a - a.mean()).mean() + square(b - b.mean()).mean()).scalar()
        let z = (a.mean() - b.mean()).scalar() / sqrt(spread / Double(count))
        #expect(z.magnitude < 4.9, "category \(category): \(z)")
      }
    }
  }

  /// Categories of a batch of many rows, each with its own probabilities, and of one row.
  @Test(arguments: Form.allCases, [DType.float64, .float32])
  func categoricalDraws(_ form: Form, _ dtype: DType) {
    let rows: [[Double]] = [[0.2, 0, 0.5, 0.3], [0.9, 0.05, 0.05, 0], [0, 0, 1, 0]]
    let table = Tensor(rows).cast(to: dtype)
    let values = form == .probs ? 3 * table : log(table)
    let count = 100_000
    let batch = Self.categorical(values, form).sample([count], key: RandomKey(73), dtype: dtype)
    #expect(batch.dtype == dtype && batch.shape == [count, 3])
    for (index, row) in rows.enumerated() {
      let alone = Self.categorical(values.selecting(index, along: 0), form)
        .sample([count], key: RandomKey(74).foldIn(index), dtype: dtype)
      for draws in [alone, batch.selecting(index, along: 1)] {
        var found = [0, 0, 0, 0]
        for draw in draws.array() { found[Int(draw)] += 1 }
        #expect(zip(found, row).allSatisfy { $1 > 0 || $0 == 0 }, "an impossible category")
        Self.expectFrequencies(found, row, count, "\(form) row \(index) \(dtype)")
      }
    }
  }
}
