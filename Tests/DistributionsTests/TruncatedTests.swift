import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Truncation far out in a tail; expected values by mpmath with 60 digits.
@Suite struct TruncatedTests {
  private struct Far: Sendable {
    let low, high: Double?
    let x, logProb, cdf: Double
    /// Of probabilities 0.1 and 0.75.
    let quantiles: [Double]
  }

  private static let far = [
    Far(
      low: 10, high: 11, x: 10.5, logProb: -2.812628307621548, cdf: 0.9943568366344191,
      quantiles: [10.010428094472182, 10.136363243136666]),
    Far(
      low: -40, high: -38, x: -39, logProb: -34.861722514384546, cdf: 1.855225098024383e-17,
      quantiles: [-38.06050436690295, -38.00756459702744]),
    Far(
      low: 30, high: nil, x: 30.25, logProb: -4.128944576861476, cdf: 0.999468352888619,
      quantiles: [30.00350792324418, 30.046123260403522]),
    Far(
      low: nil, high: -35, x: -35.25, logProb: -5.22508727128216, cdf: 0.00015249847282752902,
      quantiles: [-35.06567305843649, -35.0082118325845]),
    Far(
      low: -1, high: 2, x: 0.5, logProb: -0.8437722388802101, cdf: 0.6508804213366272,
      quantiles: [-0.7046478210947452, 0.7474407239640593]),
  ]

  /// Both ways of truncating a normal distribution, placed anywhere.
  private static func make(_ far: Far, generic: Bool, loc: Double, scale: Double)
    -> any QuantileDistribution
  {
    func bound(_ z: Double?) -> Tensor? { z.map { Tensor(loc + scale * $0) } }
    let (low, high) = (bound(far.low), bound(far.high))
    return generic
      ? Truncated(Normal(Tensor(loc), Tensor(scale)), low: low, high: high)
      : TruncatedNormal(Tensor(loc), Tensor(scale), low: low, high: high)
  }

  @Test(arguments: [false, true]) func farOut(generic: Bool) {
    for (loc, scale) in [(0.0, 1.0), (4, 0.5), (-64, 8)] {
      for far in Self.far {
        let distribution = Self.make(far, generic: generic, loc: loc, scale: scale)
        let x = Tensor(loc + scale * far.x)
        let what = "\(far.low ?? -.infinity) to \(far.high ?? .infinity)"
        expectClose(
          [distribution.logProb(x).scalar() + log(scale)], [far.logProb],
          within: .relative(1e-12), what)
        expectClose([distribution.cdf(x).scalar()], [far.cdf], within: .relative(1e-11), what)
        let quantiles = distribution.icdf(Tensor([0.1, 0.75])).array()
        expectClose(
          quantiles.map { ($0 - loc) / scale }, far.quantiles, within: .relative(1e-13), what)
      }
    }
  }

  /// Draws lie between the bounds and follow the distribution function, at which they are uniform:
  /// with n = 50,000 the Kolmogorov–Smirnov distance is below 0.012 but for one key in a million.
  @Test(arguments: [false, true], [DType.float64, .float32])
  func drawsFarOut(generic: Bool, dtype: DType) {
    for (index, far) in Self.far.enumerated() {
      let (low, high) = (
        far.low.map { Tensor($0, dtype: dtype) }, far.high.map { Tensor($0, dtype: dtype) }
      )
      let (loc, scale) = (Tensor(0, dtype: dtype), Tensor(1, dtype: dtype))
      let distribution: any QuantileDistribution =
        generic
        ? Truncated(Normal(loc, scale), low: low, high: high)
        : TruncatedNormal(loc, scale, low: low, high: high)
      let draws = distribution.sample([50_000], key: RandomKey(31).foldIn(index), dtype: dtype)
      #expect(draws.dtype == dtype)
      #expect(distribution.support.contains(draws).all().scalar() == 1)
      let exact = Self.make(far, generic: false, loc: 0, scale: 1)
      let distance = SamplingTests.distance(exact.cdf(draws.cast(to: .float64)).array())
      #expect(distance < sqrt(log(2 / 1e-6) / 100_000), "\(index), \(dtype): \(distance)")
    }
  }

  /// Derivatives of densities and draws by all parameters far out, against finite differences.
  @Test(arguments: [false, true]) func gradientsFarOut(generic: Bool) {
    for (low, high) in [(10.0, 11.0), (-40, -38), (-1, 2)] {
      let parameters = [Tensor(0.0), Tensor(1.0), Tensor(low), Tensor(high)]
      func make(_ p: [Tensor]) -> any QuantileDistribution {
        generic
          ? Truncated(Normal(p[0], p[1]), low: p[2], high: p[3])
          : TruncatedNormal(p[0], p[1], low: p[2], high: p[3])
      }
      let points = Tensor([low + 0.2, low + 0.5, high - 0.2])
      checkGradients(of: parameters, relative: 1e-6, "\(low) to \(high)") {
        [make($0).logProb(points)]
      }
      checkGradients(of: parameters, relative: 1e-6, "draws from \(low) to \(high)") {
        [make($0).icdf(Tensor([0.1, 0.4, 0.8]))]
      }
    }
  }

  /// Bounds close together, where differences of probabilities have few digits left.
  @Test func narrow() {
    let distribution = TruncatedNormal(low: 0.5, high: 0.5 + 0x1p-30)
    expectClose(
      [distribution.logProb(Tensor(0.5)).scalar()], [30 * log(2.0) + 0x1p-32],
      within: .relative(1e-12))
    expectClose(
      [distribution.icdf(Tensor(0.25)).scalar() - 0.5], [0x1p-32], within: .relative(1e-6))
  }

  // MARK: Other bases

  /// Windows of any width, on both sides of the median: closed forms of densities at their lower end.
  @Test(arguments: [0x1p-40, 0x1p-20, 0x1p-9, 0x1p-7, 0x1p-5, 0x1p-2, 1])
  func windows(width: Double) {
    let exponential = { (low: Tensor) in Truncated(Exponential(2), low: low, high: 3 + width) }
    let below = { (alpha: Double, start: Double) in -expm1(-alpha * log1p(width / start)) }
    let part = 4 * -expm1(-width) - width * exp(-width)
    let cases: [(any Distribution, x: Double, density: Double)] = [
      (exponential(3), 3, 2 / -expm1(-2 * width)),
      (Truncated(Pareto(1.5, 3), low: 2, high: 2 + Tensor(width)), 2, 1.5 / below(3, 2)),
      (Truncated(Pareto(1.5, 0.5), low: 2, high: 2 + Tensor(width)), 2, 0.25 / below(0.5, 2)),
      (Truncated(Gamma(2, 1), low: 3, high: 3 + Tensor(width)), 3, 3 / part),
    ]
    for (distribution, x, density) in cases {
      expectClose(
        [distribution.logProb(Tensor(x)).scalar()], [log(density)],
        within: .relative(1e-12, absolute: 1e-12), "\(distribution), \(width)")
    }
    for low in [-2.5, -0.25, 0.5, 2] {
      let bounds = (low: Tensor(low), high: Tensor(low + width))
      let exact = TruncatedNormal(low: bounds.low, high: bounds.high)
      let middle = Tensor(low + width / 2)
      let truncated = Truncated(Normal(0, 1), low: bounds.low, high: bounds.high)
      expectClose(
        [truncated.logProb(middle).scalar()], [exact.logProb(middle).scalar()],
        within: .relative(1e-12, absolute: 1e-12), "\(low), \(width)")
      expectClose(
        [truncated.cdf(middle).scalar()], [exact.cdf(middle).scalar()], within: .relative(1e-12),
        "\(low), \(width)")
    }
    let low = Tensor(3.0)
    let slope = gradient(of: exponential(low).logProb(Tensor(3.0)), withRespectTo: low)
    expectClose(slope, [2 / -expm1(-2 * width)], within: .relative(1e-11), "\(width)")
  }

  /// The part of an exponential distribution above a bound is the distribution moved there.
  @Test func exponentialTail() {
    let distribution = Truncated(Exponential(2), low: 400)
    let x = Tensor([400, 400.5, 405])
    expectClose(
      distribution.logProb(x), Exponential(2).logProb(x - 400).array(), within: .relative(1e-11))
    expectClose(
      distribution.icdf(Tensor([0, 0.3, 0.99])),
      (400 + Exponential(2).icdf(Tensor([0, 0.3, 0.99]))).array(), within: .relative(1e-14))
    expectClose(
      distribution.cdf(Tensor([399, 400.5, .infinity])).array(), [0, 1 - exp(-1), 1],
      within: .relative(1e-11))
    #expect(distribution.support == .atLeast(400))
  }

  /// GSL's gamma distribution between two bounds.
  @Test func gamma() {
    let distribution = Truncated(Gamma(2.5, 0.8), low: 1, high: 6)
    func below(_ x: Double) -> Double { gsl_cdf_gamma_P(x, 2.5, 1 / 0.8) }
    let mass = below(6) - below(1)
    for x in [1.0, 2.5, 5.9] {
      let density = GSL.gammaDensity(x, 2.5, 0.8) / mass
      expectClose(
        [exp(distribution.logProb(Tensor(x)).scalar())], [density], within: .relative(1e-11))
      expectClose(
        [distribution.cdf(Tensor(x)).scalar()], [(below(x) - below(1)) / mass],
        within: .relative(1e-11))
    }
    let p = [0.01, 0.5, 0.98]
    expectClose(
      distribution.icdf(Tensor(p)).array().map { (below($0) - below(1)) / mass }, p,
      within: .relative(1e-10))
    #expect(distribution.logProb(Tensor([0.9, 6.1])).array() == [-.infinity, -.infinity])
    #expect(Truncated(Gamma(2, 1), high: 3).support == .interval(0, 3))
  }

  /// A base without tails of its own.
  @Test func halfCauchy() {
    let distribution = Truncated(HalfCauchy(1), high: 1)
    expectClose(
      distribution.icdf(Tensor([0, 0.5, 1])).array(), [0, tan(Double.pi / 8), 1],
      within: .relative(1e-12))
    expectClose(
      [distribution.logProb(Tensor(0.0)).scalar()], [log(4 / Double.pi)], within: .relative(1e-12))
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Truncated(Normal(0, 1))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = TruncatedNormal(0, 1, low: 2, high: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Truncated(Normal(0, 1), low: 2, high: 2)
      })
  }

  @Test func batches() {
    let distribution = Truncated(Normal(Tensor([0, 1]), 1), low: Tensor([[0.0], [1], [2]]))
    #expect(distribution.batchShape == [3, 2])
    #expect(distribution.sample([4], key: RandomKey(1), dtype: .float64).shape == [4, 3, 2])
    #expect(distribution.expanded(to: [5, 3, 2]).logProb(Tensor(3.0)).shape == [5, 3, 2])
  }
}
