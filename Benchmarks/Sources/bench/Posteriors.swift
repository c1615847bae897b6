import FlowGuides
import Foundation
import Models

/// The folder of posteriordb's data and references.
private let folder = URL(filePath: #filePath).deletingLastPathComponent()
  .appending(path: "../../../Tests/Golden/posteriordb")

/// Microseconds of a leapfrog step of NUTS with one chain, in the fastest of several runs: all of a
/// run counts, from tracing the model to its draws.
func reportNUTS(_ options: Options) throws {
  let posterior = try PosteriorDB.load(options.subject, from: folder)
  var (best, spent, seed) = (Double.infinity, 0.0, 0)
  while spent < options.seconds {
    let sampler = MCMC(posterior.model, samples: 5000, chains: 1, seed: seed)
    var evaluations = 0
    let time = try seconds { evaluations = try sampler.run(showsProgress: false).evaluations }
    best = min(best, time / Double(evaluations))
    spent += time
    seed += 1
  }
  print(
    """
    {"who": "ours", "posterior": "\(posterior.name)", "dtype": "float64", \
    "microseconds_per_gradient": \(best * 1e6)}
    """)
}

/// The whole job that the peer's script does: four chains of 1,000 draws, and what they say.
func coldNUTS(_ options: Options) throws {
  let posterior = try PosteriorDB.load(options.subject, from: folder)
  let summary = try MCMC(posterior.model, chains: 4).run(showsProgress: false).summary()
  let rows = summary.rows.prefix(2).map { String(format: "%@ %.3f", $0.name, $0.mean) }
  print(rows.joined(separator: ", "))
}

/// NUTS, four chains of 10,000 draws, on every posterior of Tests/Golden/posteriordb: the largest
/// errors of means and standard deviations, in standard deviations of the reference.
func reportPosteriors() throws {
  print("posterior                                  mean      sd   R-hat  divergences  seconds")
  for name in PosteriorDB.names {
    let posterior = try PosteriorDB.load(name, from: folder)
    let sampler = MCMC(posterior.model, kernel: NUTS(metric: .dense), samples: 10_000, chains: 4)
    let start = ContinuousClock.now
    let result = try sampler.run(showsProgress: false)
    let time = (ContinuousClock.now - start) / .seconds(1)
    let summary = result.summary()
    var (mean, sd, rHat) = (0.0, 0.0, 0.0)
    for row in posterior.reference.rows {
      guard let own = summary[row.name] else { continue }
      mean = max(mean, ((own.mean - row.mean) / row.standardDeviation).magnitude)
      sd = max(sd, (own.standardDeviation / row.standardDeviation - 1).magnitude)
      rHat = max(rHat, own.convergence?.rHat ?? .nan)
    }
    print(
      name.padding(toLength: 40, withPad: " ", startingAt: 0),
      String(format: "%6.3f  %6.3f  %6.4f  %11d  %7.2f", mean, sd, rHat, result.divergences, time))
  }
}
