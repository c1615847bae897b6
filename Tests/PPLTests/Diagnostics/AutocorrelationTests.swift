import PPL
import TestSupport
import Testing

@Suite struct AutocorrelationTests {
  private static let ramp = Tensor((0..<10).map(Double.init))
  /// Of Pyro's own tests, for 0…9.
  private static let covariances = [
    8.25, 6.416667, 4.25, 1.75, -1.083333, -4.25, -7.75, -11.583333, -15.75, -20.25,
  ]
  private static let correlations = [
    1, 0.777778, 0.515152, 0.212121, -0.131313, -0.515152, -0.939394, -1.404040, -1.909091,
    -2.454545,
  ]

  @Test func ofARamp() {
    let tolerance = Tolerance.relative(0, absolute: 5e-7)
    expectClose(autocovariance(Self.ramp), Self.covariances, within: tolerance)
    expectClose(autocorrelation(Self.ramp), Self.correlations, within: tolerance)
  }

  @Test func fewerLags() {
    expectClose(autocovariance(Self.ramp, lags: 3), autocovariance(Self.ramp).slice(0..<3))
    expectClose(autocorrelation(Self.ramp, lags: 1), [1])
  }

  @Test func alongAnyAxis() {
    let other = Tensor([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    let pair = stack([Self.ramp, other])
    let expected = stack([autocorrelation(Self.ramp), autocorrelation(other)])
    expectClose(autocorrelation(pair, axis: 1), expected)
    expectClose(autocorrelation(pair, axis: -1), expected)
    expectClose(autocorrelation(pair.transposed()), expected.transposed())
    expectClose(
      autocovariance(pair.expandingDims(at: 2), lags: 4, axis: 1),
      stack([autocovariance(Self.ramp, lags: 4), autocovariance(other, lags: 4)])
        .expandingDims(at: 2))
  }

  @Test func ofAConstant() {
    expectClose(autocovariance(Tensor.full([4], 2.5)), [0, 0, 0, 0])
    expectClose(autocorrelation(Tensor.full([4], 2.5)), [1, 1, 1, 1])
  }

  /// The effective sample size of Pyro's own tests, made of these autocovariances: 0…999 as 100
  /// chains of 10, chains whole.
  @Test func effectiveSampleSizeAsInPyro() {
    let chains = Tensor((0..<1000).map(Double.init), shape: [100, 10])
    let covariance = autocovariance(chains, axis: 1).mean(axis: 0).array()
    let within = covariance[0] * 10 / 9
    let means = chains.mean(axis: 1)
    let between = square(means - means.mean()).sum().scalar() / 99
    let total = within * 9 / 10 + between
    let correlation = covariance.enumerated().map { lag, value in
      lag == 0 ? 1 : 1 - (within - value) / total
    }
    let pairs = stride(from: 0, to: 10, by: 2).map { correlation[$0] + correlation[$0 + 1] }
    var least = Double.infinity
    let sum = pairs.reduce(0) { sum, pair in
      least = min(least, max(pair, 0))
      return sum + least
    }
    expectClose([1000 / (2 * sum - 1)], [52.6401859674], within: .relative(1e-11))
  }
}
