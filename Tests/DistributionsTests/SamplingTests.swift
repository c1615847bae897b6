import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Draws against distribution functions of GSL. Every comparison allows a correct sampler to fail for
/// one key in a million; the keys are fixed.
@Suite struct SamplingTests {
  static let count = 500_000

  /// Kolmogorov–Smirnov: sup |F̂ − F| exceeds ε with probability at most 2 exp(−2nε²).
  ///
  /// n = 500,000, rate 1e-6: ε = 0.0038. A sampler whose distribution function is off by 0.0076
  /// somewhere (a normal shifted by 0.019 sd, a scale off by 3.2 %) passes for fewer than one key
  /// in a million.
  @Test(arguments: DistributionCase.continuous, [DType.float64, .float32])
  func kolmogorovSmirnov(_ subject: DistributionCase, _ dtype: DType) {
    let bound = sqrt(log(2 / 1e-6) / Double(2 * Self.count))
    for (index, parameters) in subject.draws(2).enumerated() {
      let draws = subject.distribution(parameters, dtype: dtype)
        .sample([Self.count], key: RandomKey(11).foldIn(index), dtype: dtype).array()
      let distance = Self.distance(draws) { subject.cdf($0, parameters) }
      #expect(distance < bound, "\(subject) of \(parameters), \(dtype): \(distance)")
    }
  }

  static func distance(_ draws: [Double], _ cdf: (Double) -> Double) -> Double {
    let sorted = draws.sorted()
    let count = Double(sorted.count)
    return sorted.enumerated().reduce(0) { worst, item in
      let p = cdf(item.element)
      guard !p.isNaN else { return .infinity }
      return max(worst, p - Double(item.offset) / count, Double(item.offset + 1) / count - p)
    }
  }

  /// The number of ones is binomial: |z| < 4.9 fails for one key in a million.
  ///
  /// n = 500,000: a probability off by 0.007 is caught but for one key in a million.
  @Test(arguments: DistributionCase.all.filter(\.isDiscrete), [DType.float64, .float32])
  func frequencies(_ subject: DistributionCase, _ dtype: DType) {
    for (index, parameters) in (subject.draws(3)).enumerated() {
      let draws = subject.distribution(parameters, dtype: dtype)
        .sample([Self.count], key: RandomKey(12).foldIn(index), dtype: dtype).array()
      #expect(draws.allSatisfy { $0 == 0 || $0 == 1 })
      let p = subject.density(1, parameters)
      let ones = draws.reduce(0, +)
      let below = gsl_cdf_binomial_P(UInt32(ones), p, UInt32(Self.count))
      let above = gsl_cdf_binomial_Q(UInt32(max(ones, 1) - 1), p, UInt32(Self.count))
      #expect(min(below, above) > 0.5e-6, "\(subject) of \(parameters): \(ones)")
    }
  }

  @Test func certainCoins() {
    let key = RandomKey(13)
    let draws = Bernoulli(probs: Tensor([0, 1])).sample([1000], key: key, dtype: .float64)
    #expect(draws.sum(axis: 0).array() == [0, 1000])
  }

  /// Mean and variance, where they are stated, agree with GSL's quantiles by quadrature and with
  /// the draws: |z| < 4.9 fails for one key in a million.
  ///
  /// n = 500,000: a mean off by 0.014 sd, a variance of a normal off by 2 %, are caught.
  @Test func moments() {
    for (subject, mean, variance) in Self.stated {
      for (index, parameters) in subject.draws(3).enumerated() {
        let exact = Self.exactMoments(subject, parameters)
        let stated = (mean(parameters).scalar(), variance(parameters).scalar())
        #expect((stated.0 - exact.mean).magnitude < 1e-7, "\(subject) of \(parameters)")
        #expect((stated.1 - exact.variance).magnitude < 1e-6, "\(subject) of \(parameters)")
        let draws = subject.distribution(parameters)
          .sample([Self.count], key: RandomKey(14).foldIn(index), dtype: .float64).array()
        Self.expectMoments(draws, exact, "\(subject) of \(parameters)")
      }
    }
  }

  private typealias Parameterised = @Sendable ([Double]) -> Tensor
  private static let stated: [(DistributionCase, Parameterised, Parameterised)] = [
    (
      .normal, { Normal(Tensor($0[0]), Tensor($0[1])).mean },
      { Normal(Tensor($0[0]), Tensor($0[1])).variance }
    ),
    (
      .logNormal, { LogNormal(Tensor($0[0]), Tensor($0[1])).mean },
      { LogNormal(Tensor($0[0]), Tensor($0[1])).variance }
    ),
    (
      .bernoulliProbs, { Bernoulli(probs: Tensor($0[0])).mean },
      { Bernoulli(probs: Tensor($0[0])).variance }
    ),
    (
      .bernoulliLogits, { Bernoulli(logits: Tensor($0[0])).mean },
      { Bernoulli(logits: Tensor($0[0])).variance }
    ),
  ]

  private struct Moments {
    var mean: Double
    var variance: Double
    /// The fourth central moment.
    var fourth: Double
  }

  private static func exactMoments(_ subject: DistributionCase, _ parameters: [Double]) -> Moments {
    func expectation(_ f: @escaping (Double) -> Double) -> Double {
      if subject.isDiscrete {
        return [0.0, 1].reduce(0) { $0 + subject.density($1, parameters) * f($1) }
      }
      let (interval, point) = subject.support.chart
      return GSL.integral(over: interval) { t in
        let (x, slope) = point(t)
        let density = subject.density(x, parameters)
        return density == 0 ? 0 : density * slope * f(x)
      }.value
    }
    let mean = expectation { $0 }
    return Moments(
      mean: mean, variance: expectation { ($0 - mean) * ($0 - mean) },
      fourth: expectation { pow($0 - mean, 4) })
  }

  private static func expectMoments(_ draws: [Double], _ exact: Moments, _ what: String) {
    let count = Double(draws.count)
    let mean = draws.reduce(0, +) / count
    let variance = draws.reduce(0) { $0 + ($1 - exact.mean) * ($1 - exact.mean) } / count
    let meanError = sqrt(exact.variance / count)
    let varianceError = sqrt((exact.fourth - exact.variance * exact.variance) / count)
    #expect((mean - exact.mean).magnitude < 4.9 * meanError, "\(what)")
    #expect((variance - exact.variance).magnitude < 4.9 * varianceError, "\(what)")
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
  /// correlation of n = 500,000 pairs is within 4.9 / √n = 0.007 but for one key in a million; one
  /// of 0.014 is caught.
  @Test(arguments: DistributionCase.all) func independence(_ subject: DistributionCase) {
    let parameters = subject.draws(1)[0]
    let distribution = subject.distribution(parameters).expanded(to: [2])
    let draws = distribution.sample([Self.count], key: RandomKey(17), dtype: .float64)
    // Uniform scores have all moments; those of a coin are its values.
    let scores = draws.array().map { subject.cdf($0, parameters) }
    let columns = [0, 1].map { column in
      stride(from: column, to: scores.count, by: 2).map { scores[$0] }
    }
    let correlation = Self.correlation(columns[0], columns[1])
    #expect(correlation.magnitude < 4.9 / sqrt(Double(Self.count)), "\(subject): \(correlation)")
    let lagged = Self.correlation(Array(columns[0].dropLast()), Array(columns[0].dropFirst()))
    #expect(lagged.magnitude < 4.9 / sqrt(Double(Self.count)), "\(subject): \(lagged)")
  }

  static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let count = Double(x.count)
    let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      xx += (a - meanX) * (a - meanX)
      xy += (a - meanX) * (b - meanY)
      yy += (b - meanY) * (b - meanY)
    }
    return xy / sqrt(xx * yy)
  }
}
