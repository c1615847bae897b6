import Foundation
import Models
import PPL
import TestSupport
import Testing

/// Draws of the samplers against posteriors known exactly.
@Suite struct NUTSTests {
  /// mu ~ N(0, 1), x ~ N(mu, 2), y = 3 ~ N(x, 1): E x = 2.5, var x = 5/6; E mu = 0.5, var mu = 5/6.
  private static func chain() {
    let mu = sample("mu", Normal(0, 1))
    let x = sample("x", Normal(mu, 2))
    deterministic("double", 2 * x)
    sample("y", Normal(x, 1), observed: 3)
  }

  private static let kernels: [any MCMCKernel] = [
    NUTS(), NUTS(metric: .dense), HMC(pathLength: 2), HMC(pathLength: 2, metric: .dense),
  ]

  /// 8,000 draws; with an effective size of at least 2,000, |z| < 6 sees 0.12 sd.
  @Test(arguments: kernels.indices) func conjugate(_ number: Int) throws {
    let result = try MCMC(
      Self.chain, kernel: Self.kernels[number], warmup: 500, samples: 2000, chains: 4, seed: 1
    ).run(showsProgress: false)
    #expect(result["x"]?.shape == [8000])
    #expect(result.chains.map(\.name) == ["mu", "x", "double"])
    let summary = result.summary()
    let sd = (5.0 / 6).squareRoot()
    for (name, mean) in [("mu", 0.5), ("x", 2.5)] {
      let row = try #require(summary[name])
      #expect((row.mean - mean).magnitude < 0.12 * sd, "\(row)")
      #expect((row.standardDeviation / sd - 1).magnitude < 0.08, "\(row)")
    }
    #expect(result.divergences == 0)
    let acceptance = result.transitions.joined().map(\.acceptance).reduce(0, +) / 8000
    // The average of the sizes that dual averaging tried accepts more often than they did.
    #expect(acceptance > 0.75 && acceptance < 0.95, "\(acceptance)")
  }

  /// The eight schools, with all of the posterior's quantiles.
  @Test func eightSchools() throws {
    let result = try MCMC(
      EightSchools.nonCentered, kernel: NUTS(targetAcceptance: 0.95), chains: 4, seed: 2
    ).run(showsProgress: false)
    let summary = result.summary()
    for row in EightSchools.reference.rows {
      let own = try #require(summary[row.name])
      #expect((own.mean - row.mean).magnitude < 0.12 * row.standardDeviation, "\(row.name)")
      #expect((own.standardDeviation / row.standardDeviation - 1).magnitude < 0.12, "\(row.name)")
    }
  }

  /// Too few transitions of warm-up to learn from, and just enough: the chain moves, if badly tuned.
  @Test(arguments: [0, 1, 5, 19, 20]) func shortWarmup(_ warmup: Int) throws {
    for (number, kernel) in Self.kernels.enumerated() {
      let result = try MCMC(
        Self.chain, kernel: kernel, warmup: warmup, samples: 300, chains: 2, seed: 3
      ).run(showsProgress: false)
      let x = result["x"]!.array()
      let distinct = Set(x).count
      #expect(x.allSatisfy { $0.isFinite } && distinct > 100, "kernel \(number): \(distinct)")
      #expect((x.reduce(0, +) / 600 - 2.5).magnitude < 0.5, "kernel \(number)")
    }
  }

  /// The same seed gives the same draws, another one others.
  @Test func reproducible() throws {
    func draws(_ seed: Int) throws -> [Double] {
      try MCMC(Self.chain, warmup: 50, samples: 20, chains: 2, seed: seed)
        .run(showsProgress: false)["x"]!.array()
    }
    #expect(try draws(1) == draws(1))
    #expect(try draws(1) != draws(2))
  }
}
