import Foundation
import PPL
import TestSupport
import Testing

/// Data of which only some is known.
@Suite struct MissingDataTests {
  private static let data = Tensor([0.5, 99, -1])
  private static let known = Tensor([true, false, true])

  private static func record<Result>(_ model: () throws -> Result) throws -> Trace {
    try seeded(key: RandomKey(3)) { try trace(model) }
  }

  /// What is known conditions, what is not is drawn; the value has either.
  @Test func numbers() throws {
    let record = try Self.record {
      plate("rows", 3) {
        let x = sample("x", Normal(0.2, 1.5), observed: Self.data, observedMask: Self.known)
        deterministic("twice", 2 * x)
      }
    }
    #expect(record.sites.map(\.name) == ["x_observed", "x_unobserved", "x", "twice"])
    #expect(record["x_observed"]!.isObserved && !record["x_unobserved"]!.isObserved)
    #expect(record["x"]!.kind == .deterministic)
    let drawn = record["x_unobserved"]!.value!.array()
    #expect(record["x"]!.value!.array() == [0.5, drawn[1], -1])
    #expect(record["twice"]!.value!.array() == [1, 2 * drawn[1], -2])
    func density(_ x: Double) -> Double { normalLogDensity(x, 0.2, 1.5) }
    expectClose(
      record["x_observed"]!.computedLogProb(), [density(0.5), 0, density(-1)],
      within: .relative(1e-14))
    // What is known has standard normal numbers that nothing depends on.
    let free = [0, 2].map { normalLogDensity(drawn[$0], 0, 1) }
    expectClose(
      record["x_unobserved"]!.computedLogProb(), [free[0], density(drawn[1]), free[1]],
      within: .relative(1e-14))
  }

  /// A vector is known or not as a whole; one mask may do for all copies.
  @Test func vectors() throws {
    let rows = Tensor([1.0, 2, 3, 4], shape: [2, 2])
    for isKnown in [[false, true], [true, true]] {
      let mask = isKnown[0] ? Tensor(true) : Tensor(isKnown)
      let record = try Self.record {
        plate("rows", 2) {
          _ = sample(
            "x", Normal(Tensor.zeros([2]), 1).toEvent(1), observed: rows, observedMask: mask)
        }
      }
      let (x, drawn) = (record["x"]!.value!.array(), record["x_unobserved"]!.value!.array())
      for place in 0..<4 {
        #expect(x[place] == (isKnown[place / 2] ? Double(place + 1) : drawn[place]))
      }
    }
  }

  /// What is fitted to known data alone, the missing one guided: its best guess is the prior's.
  @Test func fits() throws {
    let fit = try fit(
      {
        let loc = sample("loc", Normal(0, 1))
        plate("rows", 3) {
          _ = sample("x", Normal(loc, 1), observed: Self.data, observedMask: Self.known)
        }
      }, steps: 1500, seed: 2, showsProgress: false)
    let summary = try fit.summary(draws: 50_000)
    // Two data with the sum −½: loc ~ N(−1/6, √⅓), and the missing one ~ N(loc, 1).
    let (loc, x) = (try #require(summary["loc"]), try #require(summary["x[1]"]))
    #expect((loc.mean + 1.0 / 6).magnitude < 0.02 && (x.mean + 1.0 / 6).magnitude < 0.04)
    #expect((loc.standardDeviation - (1.0 / 3).squareRoot()).magnitude < 0.02)
    #expect((x.standardDeviation - (4.0 / 3).squareRoot()).magnitude < 0.04)
    #expect(try #require(summary["x[0]"]).standardDeviation == 0)
    // The evidence is that of the two: N(0, I + 1) of them. The guide has the posterior's family.
    let evidence = -log(2 * Double.pi) - 0.5 * log(3) - 0.5 * (1.25 - 0.25 / 3)
    #expect((try fit.elbo().mean - evidence).magnitude < 0.02)
    let weighted = try fit.importance(draws: 4000)
    #expect((weighted.logEvidence.value - evidence).magnitude < 0.01)
    #expect(weighted.kHat < 0.5)
  }

  /// Positive, and of vectors: the numbers that stand for what is known are of a distribution, at
  /// which chains stay.
  @Test func chains() throws {
    let result = try MCMC(
      {
        let rate = sample("rate", Gamma(3, 2))
        plate("rows", 3) {
          _ = sample(
            "t", Exponential(rate), observed: Tensor([0.4, 7, 1.1]), observedMask: Self.known)
        }
        plate("pairs", 2) {
          _ = sample(
            "pair", Normal(Tensor.zeros([2]), 2).toEvent(1), observed: Tensor.zeros([2, 2]),
            observedMask: Tensor([false, true]))
        }
      }, samples: 2000, chains: 2, seed: 5
    ).run(showsProgress: false)
    // Gamma(3 + 2, 2 + 0.4 + 1.1).
    let rate = try #require(result["rate"])
    #expect((rate.mean().scalar() - 5 / 3.5).magnitude < 0.05)
    // Log-normal in the place of what is known, the numbers of the pair that is not in their own.
    func deviations(_ draws: Tensor) -> [Double] {
      sqrt(square(draws - draws.mean(axis: 0)).mean(axis: 0)).array()
    }
    let free = deviations(log(try #require(result["t_unobserved"])))
    #expect((free[0] - 1).magnitude < 0.1 && (free[2] - 1).magnitude < 0.1, "\(free)")
    let pair = deviations(try #require(result["pair_unobserved"]))
    for (place, expected) in [2.0, 2, 1, 1].enumerated() {
      #expect((pair[place] - expected).magnitude < 0.1 * expected, "\(pair)")
    }
    #expect(
      result.divergences < 5
        && result.summary().rows.allSatisfy { row in
          row.convergence.map { $0.rHat.isNaN || $0.rHat < 1.02 } ?? false
        })
  }

  /// What is summed out, or not a density, has masses that sum to 1 already.
  @Test func discrete() throws {
    func model() {
      let rate = sample("rate", Beta(2, 3))
      plate("rows", 3) {
        _ = sample(
          "x", Bernoulli(probs: rate), observed: Tensor([1.0, 0, 1]), observedMask: Self.known,
          infer: .enumerate(.parallel))
      }
    }
    let fit = try SVI(
      model, guide: { sample("rate", Beta(4, 3)) }, optimizer: Adam(), loss: TraceEnumELBO()
    ).run(steps: 0, showsProgress: false)
    // Two successes: the guide is the posterior, and E rate² = 2 · 3 / (5 · 6).
    let elbo = try fit.elbo(particles: 100)
    #expect((elbo.mean - log(0.2)).magnitude < 1e-12 && elbo.error < 1e-12)
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? Self.record {
          sample(
            "x", Normal(Tensor.zeros([3]), 1), observed: Self.data,
            observedMask: Tensor([true, false]))
        }
      })
  }
}
