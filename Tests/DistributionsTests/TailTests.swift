import Foundation
import TestSupport
import Testing

@testable import Distributions

/// Both tails of all distributions that state theirs.
@Suite struct TailTests {
  private static let cases = DistributionCase.all.filter {
    $0.distribution($0.draws(1)[0]) is any TailDistribution
  }

  @Test func enumerated() { #expect(Self.cases.count >= 10) }

  /// Where both probabilities are far from 0, they are those of the registry's distribution function.
  @Test(arguments: cases) func middles(_ subject: DistributionCase) throws {
    for parameters in subject.draws(5) {
      let tails = try #require(subject.distribution(parameters) as? any TailDistribution)
      let points = subject.points(parameters, probabilities: [1e-3, 0.1, 0.4, 0.5, 0.7, 0.99])
      let cdf = points.map { subject.cdf($0, parameters) }
      expectClose(
        tails.logCDF(Tensor(points)), cdf.map { log($0) },
        within: .relative(1e-9, absolute: 1e-11), "\(subject) of \(parameters)")
      expectClose(
        tails.logSurvival(Tensor(points)), cdf.map { log1p(-$0) },
        within: .relative(1e-9, absolute: 1e-11), "\(subject) of \(parameters)")
    }
  }

  /// Far out the quantiles are those of the logarithms, and what these fall by is the density over the
  /// probability that is left.
  @Test(arguments: cases) func farOut(_ subject: DistributionCase) throws {
    let logs = Tensor([-600, -100, -30, -5, -1, -0.1, -1e-6])
    for parameters in subject.draws(5) {
      let tails = try #require(subject.distribution(parameters) as? any TailDistribution)
      let what = "\(subject) of \(parameters)"
      let high = tails.icdf(logSurvival: logs).detached()
      expectClose(tails.logSurvival(high), logs.array(), within: .relative(1e-7), what)
      let fall = gradient(of: tails.logSurvival(high).sum(), withRespectTo: high)
      expectClose(
        fall, (-exp(tails.logProb(high) - logs)).array(), within: .relative(1e-6), what)
      // Next to an end that is not 0 there are no numbers for probabilities as small.
      guard subject.support != .between(0, nil) else { continue }
      let logs = subject.support == .real ? logs : logs.slice(1..<7)
      let low = tails.icdf(logProbability: logs).detached()
      expectClose(tails.logCDF(low), logs.array(), within: .relative(1e-7), what)
      let rise = gradient(of: tails.logCDF(low).sum(), withRespectTo: low)
      expectClose(
        rise, exp(tails.logProb(low) - logs).array(), within: .relative(1e-6), what)
    }
  }
}
