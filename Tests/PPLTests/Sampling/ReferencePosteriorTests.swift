import Models
import PPL
import TestSupport
import Testing

/// NUTS against the reference posteriors of posteriordb.
@Suite struct ReferencePosteriorTests {
  /// Of 10,000 draws: every mean and standard deviation lies within 5.6 standard errors of the
  /// reference, whose own error counts too; R-hat is below 1.01. For the 132 numbers together the
  /// rate of false alarms is 3e-6. A mean that is off by 0.12 standard deviations fails; `bench
  /// posteriors` measures with more draws, by which the errors are smaller.
  @Test(arguments: PosteriorDB.names) func reproduced(_ name: String) throws {
    let posterior = try PosteriorDB.load(name, from: Golden.posteriordb)
    // The neck of the funnel in the eight schools needs small steps.
    let acceptance = name.hasPrefix("eight_schools") ? 0.95 : 0.8
    let result = try MCMC(
      posterior.model, kernel: NUTS(metric: .dense, targetAcceptance: acceptance), samples: 2500,
      seed: 3
    ).run(showsProgress: false)
    let summary = result.summary()
    let errors = Summary(
      result.chains.map { name, draws in
        (name, monteCarloStandardError(draws, .standardDeviation).expandingDims(at: 0))
      })
    for row in posterior.reference.rows {
      let own = try #require(summary[row.name], "\(name): \(row.name)")
      let convergence = try #require(own.convergence)
      let sd = row.standardDeviation
      let ofMean = (square(convergence.standardError) + square(sd / 100)).squareRoot()
      #expect((own.mean - row.mean).magnitude < 5.6 * ofMean, "\(name): \(own), not \(row)")
      // The reference's error is at most ours: its draws are nearly independent.
      let ofSD = try #require(errors[row.name]).mean * 2.squareRoot()
      #expect((own.standardDeviation - sd).magnitude < 5.6 * ofSD, "\(name): \(own), not \(row)")
      #expect(convergence.rHat < 1.01, "\(name): \(own)")
    }
    #expect(result.divergences <= (name.hasPrefix("eight_schools") ? 5 : 0), "\(name)")
  }

  private func square(_ x: Double) -> Double { x * x }
}
