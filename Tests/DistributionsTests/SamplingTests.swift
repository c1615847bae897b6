import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Draws against distribution functions and samplers of GSL. Every comparison allows a correct
/// sampler to fail for one key in a million; the keys are fixed.
@Suite struct SamplingTests {
  static let count = 100_000
  /// Sup |F̂ − F| exceeds this with probability 1e-6 at most: 2 exp(−2nε²), ε = 0.0085.
  static let bound = sqrt(log(2 / 1e-6) / Double(2 * count))

  /// Kolmogorov–Smirnov and χ² over 2 n^0.4 = 200 bins of equal probability.
  ///
  /// n = 100,000. A distribution function off by 0.017 somewhere (a normal shifted by 0.043 sd)
  /// passes the first, a density whose relative error is 6 % in the quadratic mean (a scale off by
  /// 4 %, or one bin in 200 that never comes) the second, for fewer than one key in a million.
  @Test(arguments: DistributionCase.continuous, [DType.float64, .float32])
  func continuous(_ subject: DistributionCase, _ dtype: DType) {
    for (index, parameters) in subject.draws(2).enumerated() {
      let draws = subject.distribution(parameters, dtype: dtype)
        .sample([Self.count], key: RandomKey(11).foldIn(index), dtype: dtype).array()
      let scores = draws.map { subject.cdf($0, parameters) }
      let what = "\(subject) of \(parameters), \(dtype)"
      let distance = Self.distance(scores)
      #expect(distance < Self.bound, "\(what): \(distance)")
      let tail = Self.uniformTail(scores)
      #expect(tail >= 1e-6, "\(what): χ² has tail probability \(tail)")
    }
  }

  /// The supremum of |F̂ − F| over uniform scores; infinite if any is NaN or outside [0, 1].
  static func distance(_ scores: [Double]) -> Double {
    guard scores.allSatisfy({ $0 >= 0 && $0 <= 1 }) else { return .infinity }
    let sorted = Tensor(scores).sorted()
    let count = Double(scores.count)
    let steps = Tensor.arange(scores.count).cast(to: .float64) / count
    return maximum(sorted - steps, steps + 1 / count - sorted).max().scalar()
  }

  private static func uniformTail(_ scores: [Double]) -> Double {
    let bins = Int((2 * pow(Double(scores.count), 0.4)).rounded())
    var counts = [Double](repeating: 0, count: bins)
    for score in scores {
      guard score >= 0, score <= 1 else { return 0 }
      counts[min(bins - 1, Int(score * Double(bins)))] += 1
    }
    let expected = Double(scores.count) / Double(bins)
    let chiSquare = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    return GSL.chiSquareTail(chiSquare, bins - 1)
  }

  /// χ² over the values themselves, those expected fewer than 10 times put together.
  ///
  /// n = 100,000: masses of k values with a relative error of 2.4 % · k^¼ in the quadratic mean are
  /// caught but for one key in a million.
  @Test(arguments: DistributionCase.discrete, [DType.float64, .float32])
  func discrete(_ subject: DistributionCase, _ dtype: DType) {
    for (index, parameters) in subject.draws(2).enumerated() {
      let distribution = subject.distribution(parameters, dtype: dtype)
      let draws =
        distribution
        .sample([Self.count], key: RandomKey(12).foldIn(index), dtype: dtype)
      let what = "\(subject) of \(parameters), \(dtype)"
      #expect(distribution.support.contains(draws).all().scalar() == 1, "\(what)")
      let tail = Self.massTail(draws.array(), subject, parameters)
      #expect(tail >= 1e-6, "\(what): χ² has tail probability \(tail)")
    }
  }

  private static func massTail(
    _ draws: [Double], _ subject: DistributionCase, _ parameters: [Double]
  ) -> Double {
    let frequencies = Dictionary(draws.map { ($0, 1.0) }, uniquingKeysWith: +)
    let count = Double(draws.count)
    var bins: [(observed: Double, expected: Double)] = []
    let (lower, upper) = subject.support.bounds(parameters)
    var value = lower
    var open = (observed: 0.0, expected: 0.0)
    var covered = (observed: 0.0, expected: 0.0)
    while value <= upper, covered.expected < count - 10 {
      let observed = frequencies[value] ?? 0
      let expected = count * subject.density(value, parameters)
      open = (open.observed + observed, open.expected + expected)
      covered = (covered.observed + observed, covered.expected + expected)
      if open.expected >= 10 {
        bins.append(open)
        open = (0, 0)
      }
      value += 1
    }
    // What is left over at the end, and all values beyond.
    let rest = (
      observed: open.observed + count - covered.observed,
      expected: open.expected + count - covered.expected
    )
    if let last = bins.popLast() {
      bins.append((last.observed + rest.observed, last.expected + rest.expected))
    }
    guard bins.count > 1 else { return 0 }
    let chiSquare = bins.reduce(0) {
      $0 + ($1.observed - $1.expected) * ($1.observed - $1.expected) / $1.expected
    }
    return GSL.chiSquareTail(chiSquare, bins.count - 1)
  }

  /// Against GSL's sampler, driven by two generators of its own: two samples of n = 100,000 differ
  /// by more than √2 ε = 0.012 for one pair in a million; 0.024 is caught.
  @Test(arguments: DistributionCase.all.filter { $0.sampler != nil }, GSL.Engine.allCases)
  func twoSamples(_ subject: DistributionCase, _ engine: GSL.Engine) throws {
    let sampler = try #require(subject.sampler)
    for (index, parameters) in subject.draws(2).enumerated() {
      let draws = subject.distribution(parameters)
        .sample([Self.count], key: RandomKey(18).foldIn(index), dtype: .float64)
      let others = GSL.draws(Self.count, by: engine, seed: 19 + index) { sampler($0, parameters) }
      let distance = Self.distance(draws, Tensor(others))
      #expect(distance < Self.bound * 2.0.squareRoot(), "\(subject) of \(parameters): \(distance)")
    }
  }

  /// The supremum of |F̂₁ − F̂₂|.
  static func distance(_ a: Tensor, _ b: Tensor) -> Double {
    let (a, b) = (a.sorted(), b.sorted())
    let all = concat([a, b])
    func ranks(_ sample: Tensor) -> Tensor {
      searchSorted(sample, all, right: true).cast(to: .float64) / Double(sample.count)
    }
    return abs(ranks(a) - ranks(b)).max().scalar()
  }

  @Test func certainCoins() {
    let key = RandomKey(13)
    let draws = Bernoulli(probs: Tensor([0, 1])).sample([1000], key: key, dtype: .float64)
    #expect(draws.sum(axis: 0).array() == [0, 1000])
  }

  // MARK: Draws and keys

  /// A draw and its density together are those got apart.
  @Test(arguments: DistributionCase.all, [DType.float64, .float32])
  func jointDraws(_ subject: DistributionCase, _ dtype: DType) {
    let tolerance = dtype == .float64 ? 1e-10 : 1e-3
    for (index, parameters) in subject.draws(5).enumerated() {
      let distribution = subject.distribution(parameters, dtype: dtype)
      let key = RandomKey(15).foldIn(index)
      let (value, logProb) = distribution.sampleAndLogProb([500], key: key, dtype: dtype)
      expectClose(value, distribution.sample([500], key: key, dtype: dtype), "\(subject)")
      expectClose(
        logProb, distribution.logProb(value), within: .relative(tolerance, absolute: tolerance),
        "\(subject) of \(parameters)")
    }
  }

  /// The same key draws the same, another key something else.
  @Test(arguments: DistributionCase.all) func keys(_ subject: DistributionCase) {
    let distribution = subject.distribution(subject.draws(1)[0])
    let key = RandomKey(16)
    let first = distribution.sample([64], key: key, dtype: .float64).array()
    #expect(first == distribution.sample([64], key: key, dtype: .float64).array())
    #expect(first != distribution.sample([64], key: key.foldIn(1), dtype: .float64).array())
  }

  /// Batch elements are drawn independently, also where their parameters are shared: the
  /// correlation of n = 100,000 pairs is within 4.9 / √n = 0.0155 but for one key in a million; one
  /// of 0.031 is caught.
  @Test(arguments: DistributionCase.all) func independence(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    let distribution = subject.distribution(parameters).expanded(to: [2])
    let draws = distribution.sample([Self.count], key: RandomKey(17), dtype: .float64)
    // Uniform scores have all moments; those of a coin are its values.
    let scores = Tensor(draws.array().map { subject.cdf($0, parameters) }, shape: draws.shape)
    let left = scores.selecting(0, along: 1)
    let bound = 4.9 / sqrt(Double(Self.count))
    let correlation = Self.correlation(left, scores.selecting(1, along: 1))
    #expect(correlation.magnitude < bound, "\(subject): \(correlation)")
    let lagged = Self.correlation(
      left.slice(0..<(Self.count - 1)), left.slice(1..<Self.count))
    #expect(lagged.magnitude < bound, "\(subject): \(lagged)")
  }

  private static func correlation(_ x: Tensor, _ y: Tensor) -> Double {
    let (dx, dy) = (x - x.mean(), y - y.mean())
    return ((dx * dy).sum() / sqrt(square(dx).sum() * square(dy).sum())).scalar()
  }
}
