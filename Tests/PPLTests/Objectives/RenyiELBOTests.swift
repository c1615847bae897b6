import Foundation
import PPL
import TestSupport
import Testing

/// Importance-weighted and Rényi bounds.
@Suite struct RenyiELBOTests {
  /// z ~ N(0, 1), x = 1 ~ N(z, 1), the guide N(0, 1), from quadratures in two dimensions and, for
  /// more particles, simulations with the stated errors.
  private static func measure(
    _ objective: any Objective, infer: InferConfig? = nil, steps: Int
  ) throws -> ObjectiveSample {
    try ObjectiveSample(
      objective,
      {
        plate("copies", 10) {
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: 1)
        }
      },
      guide: {
        GradientMeter.declare(2)
        let loc = param("loc", Tensor(scalar: 0))
        let scale = param("scale", Tensor(scalar: 1), constraint: .positive)
        plate("copies", 10) { _ = sample("z", Normal(loc, scale), infer: infer) }
      }, steps: steps)
  }

  @Test func pairs() throws {
    for infer in [nil, InferConfig.scoreFunction] {
      try Self.measure(RenyiELBO(particles: 2), infer: infer, steps: 10_000).expect(
        .init(value: -1.6534737866, gradient: [0.3858458709, -0.2274734528]), ["loc", "scale"],
        copies: 10, "\(infer as Any)")
    }
    let renyi = try Self.measure(RenyiELBO(alpha: 0.5, particles: 2), steps: 10_000).loss
    #expect((renyi.mean - 17.553574949).magnitude < 5 * renyi.error, "\(renyi)")
  }

  @Test(arguments: [(5, -1.5577, 0.0005), (10, -1.5351, 0.0005)])
  func manyParticles(_ count: Int, _ bound: Double, _ tolerance: Double) throws {
    let loss = try Self.measure(RenyiELBO(particles: count), steps: 4000).loss
    #expect((loss.mean + 10 * bound).magnitude < 5 * loss.error + 10 * tolerance, "\(loss)")
  }

  /// With 20,000 particles the bound is that of infinitely many, up to their variance over 20,000.
  @Test(arguments: [(0.0, -1.5155121235), (0.2, -1.5640829765), (0.5, -1.6577369746)])
  func limits(_ alpha: Double, _ limit: Double) throws {
    let loss = try Self.measure(RenyiELBO(alpha: alpha, particles: 20_000), steps: 6).loss
    #expect((loss.mean / 10 + limit).magnitude < 0.006, "\(loss)")
  }

  // MARK: Plates

  /// Data whose log density is log 0.6 each, whatever is drawn: 100 of them, or some for all.
  @Test(arguments: [2, 7, 100]) func localPlate(_ subsampleSize: Int) throws {
    for objective: any Objective in [
      RenyiELBO(particles: 10), RenyiELBO(alpha: 0.5, particles: 3), RenyiELBO(particles: 1),
      ReweightedWakeSleep(particles: 10), TailAdaptiveELBO(particles: 5), TraceELBO(),
    ] {
      func rows(_ body: @escaping () -> Void) -> () -> Void {
        { plate("rows", 100, subsampleSize: subsampleSize) { _ in body() } }
      }
      let svi = try SVI(
        rows {
          sample("z", Normal(0, 1))
          sample("x", Bernoulli(probs: 0.6), observed: 1)
        }, guide: rows { _ = sample("z", Normal(0, 1)) }, optimizer: Adam(0), loss: objective)
      let losses = try svi.run(steps: 10, showsProgress: false).losses
      expectClose(
        losses, losses.map { _ in -100 * log(0.6) }, within: .relative(1e-12), "\(objective)")
      #expect((losses[0] - 51.0825623766).magnitude < 1e-9)
    }
  }

  /// The same in a plate whose copies are run one by one.
  @Test(arguments: [2, 10]) func sequentialPlates(_ subsampleSize: Int) throws {
    for objective: any Objective in [
      RenyiELBO(particles: 4), ReweightedWakeSleep(particles: 4), TailAdaptiveELBO(particles: 4),
    ] {
      func rows(_ body: @escaping (Int) -> Void) -> () -> Void {
        { sequentialPlate("rows", 10, subsampleSize: subsampleSize) { body($0) } }
      }
      let svi = try SVI(
        rows { row in
          sample("z\(row)", Normal(0, 1))
          sample("x\(row)", Bernoulli(probs: 0.6), observed: 1)
        }, guide: rows { _ = sample("z\($0)", Normal(0, 1)) }, optimizer: Adam(0), loss: objective)
      for _ in 0..<5 {
        expectClose([try svi.step()], [-10 * log(0.6)], within: .relative(1e-12), "\(objective)")
      }
    }
  }

  /// Particles are compared datum by datum, so all have the same subset: the loss is a sum over three
  /// of the data, not over means of different ones.
  @Test(arguments: [false, true]) func particlesShareSubsets(_ readsValues: Bool) throws {
    let chances = [0.05, 0.2, 0.45, 0.7, 0.93]
    func rows(_ body: @escaping (Tensor) -> Void) -> () -> Void {
      { plate("rows", 5, subsampleSize: 3) { body($0) } }
    }
    let svi = try SVI(
      rows { rows in
        let z = sample("z", Normal(0, 1))
        if readsValues { _ = z.array() }
        sample("x", Bernoulli(probs: Tensor(chances).gathered(rows)), observed: 1)
      }, guide: rows { _ in _ = sample("z", Normal(0, 1)) }, optimizer: Adam(0),
      loss: RenyiELBO(particles: 6))
    var possible: [Double] = []
    for a in 0..<5 {
      for b in (a + 1)..<5 {
        for c in (b + 1)..<5 {
          possible.append(-(log(chances[a]) + log(chances[b]) + log(chances[c])) * 5 / 3)
        }
      }
    }
    var seen: Set<Int> = []
    for loss in try svi.run(steps: 40, showsProgress: false).losses + [try svi.step()] {
      let index = try #require(possible.firstIndex { abs($0 - loss) < 1e-9 }, "\(loss)")
      seen.insert(index)
    }
    #expect(seen.count > 5)
  }

  /// A subset of data that share a draw says nothing about a whole run's weight.
  @Test func subsetOfSharedDraw() throws {
    for isSequential in [false, true] {
      for objective: any Objective in [
        RenyiELBO(), ReweightedWakeSleep(), TailAdaptiveELBO(),
      ] {
        #expect(throws: ModelError.partialSubset("rows")) {
          try SVI(
            {
              let z = sample("z", Normal(0, 1))
              if isSequential {
                sequentialPlate("rows", 4, subsampleSize: 2) { row in
                  sample("x\(row)", Normal(z, 1), observed: 0.5)
                }
              } else {
                plate("rows", 4, subsampleSize: 2) { _ in
                  _ = sample("x", Normal(z, 1), observed: 0.5)
                }
              }
            }, guide: { _ = sample("z", Normal(0, 1)) }, optimizer: Adam(), loss: objective)
        }
      }
    }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RenyiELBO(alpha: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RenyiELBO(alpha: .nan)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RenyiELBO(particles: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ReweightedWakeSleep(particles: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = TailAdaptiveELBO(particles: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = TraceGraphELBO(particles: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = TraceMeanFieldELBO(particles: 0)
      })
  }
}
