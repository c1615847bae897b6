import CGSL
import Foundation
import TestSupport
import Testing

@testable import Distributions

/// What the laws of all distributions do not say about single ones.
@Suite struct RealLineTests {
  /// Single precision neither overflows nor loses the tail: far points and huge scales.
  @Test func singlePrecisionTails() {
    let far = Tensor([Float(-1e30), 1e30])
    for distribution in [Cauchy(0, 1), StudentT(1, 0, 1)] as [any Distribution] {
      // −log π − 2 log 1e30
      expectClose(
        distribution.logProb(far), [-139.2998, -139.2998], within: .relative(1e-5))
      #expect(distribution.logProb(far).dtype == .float32)
    }
    expectClose(
      Laplace(0, Tensor([Float(1e30)])).logProb(far), [-70.7708, -70.7708],
      within: .relative(1e-5))
  }

  /// Student's with one degree of freedom is Cauchy's, with very many the normal distribution.
  @Test func limitsOfStudent() {
    let x = Tensor([-40.0, -3, 0, 0.2, 1, 9])
    expectClose(
      StudentT(1, 0.5, 2).logProb(x), Cauchy(0.5, 2).logProb(x), within: .relative(1e-13))
    expectClose(StudentT(1, 0.5, 2).cdf(x), Cauchy(0.5, 2).cdf(x), within: .relative(1e-12))
    let p = Tensor([1e-20, 1e-3, 0.3, 0.5, 0.9])
    expectClose(
      StudentT(1).icdf(p), Cauchy(0, 1).icdf(p), within: .relative(1e-12, absolute: 1e-15))
    let near = Tensor([-3.0, 0, 0.2, 1, 2.5])
    expectClose(
      StudentT(1e12).logProb(near), Normal(0, 1).logProb(near), within: .relative(1e-9))
  }

  /// Quantiles and their derivatives: at fixed probability, against differences.
  @Test(arguments: [0.3, 2.5, 4.5, 40]) func studentQuantiles(_ df: Double) {
    let p = Tensor([0.05, 0.2, 0.6, 0.95])
    checkGradients(of: [Tensor(df), p], order: 1, relative: 1e-6, step: 1e-4) {
      [StudentT($0[0], 0.5, 2).icdf($0[1]), HalfStudentT($0[0], 2).icdf($0[1])]
    }
  }

  @Test(arguments: DistributionCase.realLine.filter { $0.name != "VonMises" })
  func quantileSlopes(_ subject: DistributionCase) throws {
    let parameters = subject.draws(1)[0]
    let inputs = parameters.map { Tensor($0) } + [Tensor([0.01, 0.3, 0.6, 0.95])]
    checkGradients(of: inputs, order: 1, relative: 1e-6, step: 1e-4, "\(subject)") { inputs in
      let distribution = subject.make(Array(inputs.dropLast()))
      let quantiles = distribution as? any QuantileDistribution
      return [quantiles?.icdf(inputs[inputs.count - 1]) ?? Tensor(.nan)]
    }
  }

  /// The derivative of a distribution function at the median, where steps of its computation are
  /// not smooth.
  @Test func slopesAtTheMode() {
    let x = Tensor(0.0)
    for distribution in [StudentT(3), Laplace(0, 1), Cauchy(0, 1), SoftLaplace(0, 1)]
      as [any CumulativeDistribution]
    {
      let slope = gradient(of: distribution.cdf(x), withRespectTo: x).scalar()
      let density = exp(distribution.logProb(x)).scalar()
      #expect((slope - density).magnitude < 1e-15, "\(distribution): \(slope), \(density)")
    }
  }

  // MARK: Angles

  /// I₁/I₀ for the concentration 2 is 0.697774657964007982…
  @Test func circularMoments() {
    let angles = VonMises(Tensor([1.0, 7, -4]), 2)
    expectClose(
      angles.circularMean, [1, 7 - 2 * .pi, -4 + 2 * .pi], shape: [3], within: .relative(1e-14))
    expectClose(
      angles.circularVariance, [Double](repeating: 1 - 0.697774657964007982, count: 3),
      shape: [3], within: .relative(1e-14))
  }

  /// Locations a turn apart are the same, and the density joins at ±π.
  @Test func turns() {
    let x = Tensor([-3.0, -1, 0, 2, 3.1])
    let (here, there) = (VonMises(1.5, 3), VonMises(Tensor(1.5 + 4 * .pi), 3))
    expectClose(there.logProb(x), here.logProb(x), within: .relative(1e-13))
    expectClose(there.cdf(x), here.cdf(x), within: .relative(1e-12))
    let ends = here.logProb(Tensor([-.pi, .pi])).array()
    #expect((ends[0] - ends[1]).magnitude < 1e-14)
  }

  /// From almost flat to almost a point: the Kolmogorov–Smirnov distance of n = 100,000 draws from
  /// the limits, a uniform and a normal distribution, is within 0.0085 but for one key in a million.
  @Test(arguments: [DType.float64, .float32]) func extremeConcentrations(_ dtype: DType) {
    let key = RandomKey(51)
    let count = SamplingTests.count
    let flat = VonMises(0, Tensor(1e-8, dtype: dtype)).sample([count], key: key, dtype: dtype)
    let scores = flat.array().map { ($0 + .pi) / (2 * .pi) }
    #expect(SamplingTests.distance(scores) < SamplingTests.bound)
    let sharp = VonMises(1, Tensor(1e6, dtype: dtype)).sample([count], key: key, dtype: dtype)
    let normal = sharp.array().map { GSL.normalCDF($0, 1, 1e-3) }
    #expect(SamplingTests.distance(normal) < SamplingTests.bound)
  }

  /// Heavier tails than Laplace's, which the laws leave out: a draw's derivative by the shape is that at
  /// fixed probability, −(∂F/∂shape) / p(x), by differences of GSL's functions.
  @Test func heavyGeneralizedNormal() {
    let shape = Tensor(0.5)
    for key in 0..<8 {
      let x = GeneralizedNormal(0, 1, shape).sample([], key: RandomKey(key), dtype: .float64)
      let slope = gradient(of: x, withRespectTo: shape).scalar()
      let point = x.scalar()
      let step = 1e-4
      let rise =
        gsl_cdf_exppow_P(point, 1, 0.5 + step) - gsl_cdf_exppow_P(point, 1, 0.5 - step)
      let exact = -rise / (2 * step) / GSL.exponentialPowerDensity(point, 1, 0.5)
      #expect((slope - exact).magnitude < 1e-5 * max(1, exact.magnitude), "\(slope) \(exact)")
    }
  }

  /// The derivative of a distribution function spread over a batch is the sum of all densities.
  @Test func slopeOfExpansions() {
    let x = Tensor(0.5)
    for distribution in [
      GeneralizedNormal(0, 1, 3).expanded(to: [3]), StudentT(3).expanded(to: [3]),
    ] as [any CumulativeDistribution] {
      let slope = gradient(of: distribution.cdf(x).sum(), withRespectTo: x)
      let densities = exp(distribution.logProb(x)).array()
      expectClose(slope, [densities.reduce(0, +)], within: .relative(1e-12))
    }
  }

  /// A bad order of bounds, by literal and by element.
  @Test func boundsInOrder() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Uniform(2, 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Uniform(Tensor([0, 3]), Tensor([1, 2]))
      })
    let ordered = Uniform(Tensor([0.0, 10]), Tensor([1.0, 11]))
    #expect(ordered.batchShape == [2])
  }
}
