import CGSL
import CTensorKernels
import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Draws by rejection against distribution functions of GSL and closed forms. Every comparison
/// allows a correct sampler to fail for one key in a million; the keys are fixed.
@Suite struct RandomDrawTests {
  private static let count = 200_000
  private let key = RandomKey(7)

  // MARK: Distributions

  /// Kolmogorov–Smirnov: with n = 200,000 the distance is below 0.0061 but for one key in a million;
  /// a distribution function off by 0.0122 somewhere is caught.
  private static func distance(_ draws: [Double], _ cdf: (Double) -> Double) -> Double {
    let sorted = draws.sorted()
    let n = Double(sorted.count)
    return sorted.enumerated().reduce(0) { worst, item in
      let p = cdf(item.element)
      return p.isNaN
        ? .infinity : max(worst, p - Double(item.offset) / n, Double(item.offset + 1) / n - p)
    }
  }
  private static let bound = sqrt(log(2 / 1e-6) / Double(2 * count))

  @Test(
    arguments: [1e-3, 0.05, 0.4, 0.99, 1, 1.7, 8, 250, 1e4, 1e5], [DType.float64, .float32])
  func gamma(_ shape: Double, _ dtype: DType) {
    let key = key.foldIn("\(shape)")
    let draws = key.gamma(Tensor(shape, dtype: dtype), [Self.count])
    #expect(draws.dtype == dtype)
    let rounded = Tensor(shape, dtype: dtype).scalar()
    // Draws of tiny shapes that are given as the least normal number are compared as logarithms.
    if shape > (dtype == .float64 ? 0.03 : 0.3) {
      let distance = Self.distance(draws.array()) { gsl_cdf_gamma_P($0, rounded, 1) }
      #expect(distance < Self.bound, "\(distance)")
    }
    let logs = key.logGamma(Tensor(shape, dtype: dtype), [Self.count]).array()
    let distance = Self.distance(logs) { logX in
      let x = exp(logX)
      // P(a, x) → xᵃ / Γ(a + 1).
      return x > 1e-250
        ? gsl_cdf_gamma_P(x, rounded, 1) : exp(rounded * logX - lgamma(rounded + 1))
    }
    #expect(distance < Self.bound, "\(distance)")
  }

  /// The first four moments of standardised draws, which see the tails: |z| < 5.2.
  ///
  /// n = 200,000: a mean off by 0.024 sd, a variance by 3.4 %, are caught.
  @Test(arguments: [0.4, 1.7, 8, 250, 1e6, 1e12, 1e17])
  func gammaMoments(_ shape: Double) {
    let draws = key.gamma(Tensor(shape), [Self.count]).array()
    let z = draws.map { ($0 - shape) / sqrt(shape) }
    let n = Double(z.count)
    let mean = z.reduce(0, +) / n
    #expect(mean.magnitude < 5.2 / sqrt(n), "\(mean)")
    let excess = 6 / shape
    let variance = z.reduce(0) { $0 + $1 * $1 } / n
    #expect((variance - 1).magnitude < 5.2 * sqrt((2 + excess) / n), "\(variance)")
  }

  /// Counts of whole numbers against expectation: Pearson's χ² over cells of at least 50 expected,
  /// against GSL's quantile of one in a million. n = 200,000: of some fifty cells, one of
  /// probability 0.05 that is too likely by a tenth adds 100 to χ², whose bound is then 121.
  private func expectCounts(
    _ draws: [Double], in values: ClosedRange<Int>, _ mass: (Int) -> Double, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let n = Double(draws.count)
    var counts: [Int: Double] = [:]
    for draw in draws {
      guard let whole = Int(exactly: draw) else {
        Issue.record("\(what): \(draw)", sourceLocation: sourceLocation)
        return
      }
      counts[whole, default: 0] += 1
    }
    var (statistic, cells) = (0.0, 0)
    var (expectedRest, seenRest) = (n, n)
    for k in values {
      let expected = n * mass(k)
      guard expected >= 50 else { continue }
      let seen = counts[k] ?? 0
      statistic += (seen - expected) * (seen - expected) / expected
      cells += 1
      expectedRest -= expected
      seenRest -= seen
    }
    if expectedRest > 20 {
      statistic += (seenRest - expectedRest) * (seenRest - expectedRest) / expectedRest
      cells += 1
    }
    let bound = gsl_cdf_chisq_Qinv(1e-6, Double(max(cells - 1, 1)))
    #expect(statistic < bound, "\(what): χ² \(statistic)", sourceLocation: sourceLocation)
    #expect(
      (seenRest - expectedRest).magnitude < 6 * sqrt(max(expectedRest, 0)) + 12, "\(what): rest",
      sourceLocation: sourceLocation)
  }

  @Test(
    arguments: [0.01, 0.8, 4, 9.99, 10, 11, 17, 30, 200, 5000], [DType.float64, .float32])
  func poisson(_ rate: Double, _ dtype: DType) {
    let rate = Tensor(rate, dtype: dtype).scalar()
    let draws = key.foldIn("\(rate)").poisson(Tensor(rate, dtype: dtype), [Self.count])
    expectCounts(
      draws.array(), in: 0...Int(2 * rate + 40),
      { exp(Double($0) * log(rate) - rate - lgamma(Double($0) + 1)) },
      "rate \(rate), \(dtype)")
  }

  @Test(
    arguments: [
      (1, 0.3), (7, 0.5), (19, 0.51), (20, 0.5), (21, 0.5), (40, 0.26), (40, 0.74), (100, 0.02),
      (100, 0.98), (1000, 0.3), (30000, 0.0003), (30000, 0.4),
    ])
  func binomial(_ count: Int, _ p: Double) {
    let n = Double(count)
    let draws = key.foldIn("\(count) \(p)").binomial(Tensor(n), Tensor(p), [Self.count])
    expectCounts(
      draws.array(), in: 0...count,
      { k in
        let x = Double(k)
        let choose = lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1)
        return exp(choose + x * log(p) + (n - x) * log1p(-p))
      }, "\(count), \(p)")
  }

  /// Large means, where cells are many: standardised draws are nearly normal. A skewness of 1e-3
  /// is too small to see; a mean off by 0.022 sd or a variance by 3.1 % is caught.
  @Test(arguments: [1e5, 1e9, 1e14])
  func largeMeans(_ mean: Double) {
    let poisson = key.poisson(Tensor(mean), [Self.count]).array().map { ($0 - mean) / sqrt(mean) }
    let binomial = key.binomial(Tensor(4 * mean), 0.25, [Self.count]).array()
      .map { ($0 - mean) / sqrt(0.75 * mean) }
    for z in [poisson, binomial] {
      let n = Double(z.count)
      #expect((z.reduce(0, +) / n).magnitude < 4.9 / sqrt(n))
      #expect((z.reduce(0) { $0 + $1 * $1 } / n - 1).magnitude < 4.9 * sqrt(2.01 / n))
      #expect(Self.distance(z) { gsl_cdf_ugaussian_P($0) } < Self.bound + 1 / sqrt(mean))
    }
  }

  /// The distribution function by quadrature of the density on a grid.
  @Test(arguments: [0, 1e-9, 0.2, 1, 3.7, 40, 1e5, 1e12])
  func vonMises(_ concentration: Double) {
    let draws = key.foldIn("\(concentration)").vonMises(Tensor(concentration), [Self.count])
      .array()
    #expect(draws.allSatisfy { $0.magnitude <= .pi })
    // In units of the width; a trapezoid sum of a smooth function.
    let width = min(Double.pi, 12 / sqrt(max(concentration, 1e-3)))
    let steps = 40_000
    var table = [0.0]
    func density(_ i: Int) -> Double {
      let half = sin(0.5 * width * (2 * Double(i) / Double(steps) - 1))
      return exp(-2 * concentration * half * half)
    }
    for i in 0..<steps { table.append(table[i] + density(i) + density(i + 1)) }
    let distance = Self.distance(draws) { x in
      let place = (x / width + 1) / 2 * Double(steps)
      let cell = min(max(Int(place), 0), steps - 1)
      let part = place - Double(cell)
      return (table[cell] * (1 - part) + table[cell + 1] * part) / table[steps]
    }
    #expect(distance < Self.bound, "\(distance)")
  }

  // MARK: Streams

  /// Neighbours are not correlated, nor draws of different methods under one key: n = 200,000, a
  /// correlation of 0.022 is caught.
  @Test func independence() {
    let x = key.gamma(Tensor(2.0), [Self.count]).array().map { gsl_cdf_gamma_P($0, 2, 1) }
    let y = key.gamma(Tensor(0.3), [Self.count]).array().map { gsl_cdf_gamma_P($0, 0.3, 1) }
    let z = key.vonMises(Tensor(0.0), [Self.count]).array().map { $0 / .pi }
    func correlation(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
      let n = Double(a.count)
      let (ma, mb) = (a.reduce(0, +) / n, b.reduce(0, +) / n)
      var (aa, ab, bb) = (0.0, 0.0, 0.0)
      for (p, q) in zip(a, b) {
        aa += (p - ma) * (p - ma)
        ab += (p - ma) * (q - mb)
        bb += (q - mb) * (q - mb)
      }
      return ab / sqrt(aa * bb)
    }
    let limit = 4.9 / sqrt(Double(Self.count) - 32)
    for lag in [1, 2, 4, 8, 16, 32] {
      for draws in [x, y, z] {
        #expect(correlation(draws.dropLast(lag), draws.dropFirst(lag)).magnitude < limit)
      }
    }
    #expect(correlation(x[...], z[...]).magnitude < limit)
  }

  @Test func `the draws depend on neither plan, shape nor threads`() {
    let shapes = Tensor((0..<5000).map { 0.1 + 0.003 * Double($0) })
    let alone = key.gamma(shapes).array()
    ctk_set_thread_count(1)
    let serial = key.gamma(shapes * 1).array()
    ctk_set_thread_count(4)
    let parallel = (key.gamma(shapes + 0) * 1).array()
    let (x, y) = (key.gamma(exp(log(shapes)) * 0 + shapes), key.normal([5000]))
    eval([x, y, x.sum()])
    #expect(serial == alone && parallel == alone && x.array() == alone)
    #expect(key.gamma(shapes.reshaped(to: [50, 100])).array() == alone)
    #expect(key.gamma(shapes[0..<700]).array() == Array(alone[..<700]))
  }

  @Test func `literals take the dtype asked for`() {
    #expect(key.gamma(2, [3], dtype: .float32).dtype == .float32)
    #expect(key.gamma(2, [3]).dtype == .float64)
    #expect(key.binomial(5, Tensor(0.5, dtype: .float32), [3]).dtype == .float32)
    #expect(key.poisson(Tensor([1, 2, 3])).shape == [3])
  }

  // MARK: Derivatives

  /// dx/da = −(∂P/∂a) / p: GSL's distribution function by differences of order four.
  @Test(arguments: [0.2, 0.9, 3, 45, 300])
  func gammaSlope(_ shape: Double) {
    let shapes = Tensor([Double](repeating: shape, count: 40))
    let draws = key.gamma(shapes)
    let slopes = gradient(of: draws.sum(), withRespectTo: shapes).array()
    let logSlopes = gradient(of: key.logGamma(shapes).sum(), withRespectTo: shapes).array()
    let h = 1e-3 * shape
    for (index, x) in draws.array().enumerated() where x > 1e-30 {
      func cdf(_ a: Double) -> Double { gsl_cdf_gamma_P(x, a, 1) }
      let near = (cdf(shape + h) - cdf(shape - h)) / (2 * h)
      let far = (cdf(shape + 2 * h) - cdf(shape - 2 * h)) / (4 * h)
      let density = exp((shape - 1) * log(x) - x - lgamma(shape))
      let expected = -(4 * near - far) / 3 / density
      #expect((slopes[index] / expected - 1).magnitude < 1e-6, "\(shape), \(x)")
      #expect((logSlopes[index] * x / slopes[index] - 1).magnitude < 1e-9, "\(shape), \(x)")
    }
  }

  /// A shared concentration gets the sum over its draws.
  @Test func `gradients are summed over broadcast axes`() {
    let shape = Tensor(1.5)
    let many = Tensor([Double](repeating: 1.5, count: 6), shape: [2, 3])
    let each = gradient(of: key.gamma(many).sum(), withRespectTo: many)
    expectClose(
      gradient(of: key.gamma(shape, [2, 3]).sum(), withRespectTo: shape), each.sum(),
      within: .relative(1e-14))
  }

  /// Logarithms of draws far below the least number still have their slope: d log x/da of
  /// P = xᵃ / Γ(a + 1).
  @Test func tinyShapes() {
    let a = Tensor([1e-4, 1e-3, 5e-3])
    let draws = key.logGamma(a)
    let slopes = gradient(of: draws.sum(), withRespectTo: a).array()
    for (index, (shape, logX)) in zip(a.array(), draws.array()).enumerated() where logX < -40 {
      let digammaOfOnePlus = -0.57721566490153286 + shape * 1.6449340668482264
      #expect(
        (slopes[index] / ((digammaOfOnePlus - logX) / shape) - 1).magnitude < 1e-6, "\(shape)")
    }
    #expect(draws.array().contains { $0 < -750 })
  }
}
