import Foundation
import PPL
import TestSupport
import Testing

@Suite struct ELPDTests {
  @Test func leaveOneOutAsInArviZ() throws {
    let golden = try DiagnosticsGolden.load().likelihood
    let elpd = loo(golden.tensor, relativeEfficiency: 0.8)
    let tolerance = Tolerance.relative(1e-10)
    expectClose(elpd.pointwise, golden.loo.pointwise, within: tolerance)
    expectClose(elpd.kHats, try #require(golden.loo.kHats), within: tolerance)
    expectClose(
      [elpd.value, elpd.standardError, elpd.effectiveParameters],
      [golden.loo.value, try #require(golden.loo.error), golden.loo.parameters],
      within: tolerance)
  }

  /// ArviZ divides the variance by n, Pyro and the paper by n − 1: 199/200 of ours.
  @Test func waicAsInArviZ() throws {
    let golden = try DiagnosticsGolden.load().likelihood
    let elpd = waic(golden.tensor)
    let variances = zip(elpd.pointwise, golden.waic.pointwise).map { 200 * ($1 - $0) }
    expectClose(
      [variances.reduce(0, +), elpd.effectiveParameters * 199 / 200],
      [elpd.effectiveParameters, golden.waic.parameters], within: .relative(1e-10))
    expectClose(
      [elpd.value + elpd.effectiveParameters / 200], [golden.waic.value],
      within: .relative(1e-10))
  }

  /// Of Pyro's own tests: −log 1, …, −log 100 as 25 draws of 4 data, on its scale.
  @Test func waicAsInPyro() {
    let likelihood = Tensor((1...100).map { -log(Double($0)) }, shape: [25, 4])
    let elpd = waic(likelihood)
    let tolerance = Tolerance.relative(0, absolute: 5e-7)
    expectClose(
      elpd.pointwise.map { -2 * $0 }, [7.486945, 7.748096, 7.856743, 7.923974], within: tolerance)
    expectClose(
      [-2 * elpd.value, elpd.effectiveParameters], [31.015758, 3.540088], within: tolerance)
    #expect(elpd.kHats.isEmpty)
    #expect(elpd.unreliable == [0, 1, 2, 3])
    expectClose(
      waic(likelihood.reshaped(to: [25, 2, 2])).pointwise, elpd.pointwise, within: .bits)
  }

  /// A normal mean with a flat prior has exact leave-one-out densities.
  @Test func leaveOneOutIsExact() {
    let data = [0.3, -1.2, 0.8, 1.5, -0.4, 0.1]
    let (count, draws) = (6.0, 20_000)
    let mean = data.reduce(0, +) / count
    let mu = mean + RandomKey(1).normal([draws, 1]) / count.squareRoot()
    let likelihood = -0.5 * square(Tensor(data) - mu) - 0.5 * log(2 * Double.pi)
    let elpd = loo(likelihood)
    let exact = data.map { datum -> Double in
      let others = (count * mean - datum) / (count - 1)
      return normalLogDensity(datum, others, (1 + 1 / (count - 1)).squareRoot())
    }
    // ArviZ's largest error on thirty such sets of draws was 0.013.
    expectClose(elpd.pointwise, exact, within: .relative(0, absolute: 0.025))
    #expect(elpd.unreliable.isEmpty)
  }

  @Test func aDatumOfNoDensity() {
    let likelihood = Tensor([-1.0, -2, -1.5, -.infinity], shape: [2, 2])
    let elpd = loo(likelihood)
    #expect(elpd.pointwise[0].isFinite == true)
    #expect(elpd.pointwise[1].isNaN && elpd.kHats[1] == .infinity)
    #expect(elpd.unreliable.contains(1))
  }

  @Test func description() {
    let likelihood = Tensor([-1.0, -1, -1, -1], shape: [2, 2])
    #expect(
      "\(waic(likelihood))" == "elpd -2.00 ± 0.00, effective parameters 0.00")
  }
}
