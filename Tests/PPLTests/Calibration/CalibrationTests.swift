import Foundation
import Models
import TestSupport
import Testing

@testable import PPL

/// Simulation-based calibration of the samplers and of guides. A correct one fails a test at 1e-4
/// for one seed in ten thousand.
@Suite struct CalibrationTests {
  private static func normal(scale: Double = 1) {
    let mu = sample("mu", Normal(1, 2))
    plate("data", 5) { sample("y", Normal(mu, Tensor(scale)), observed: [0, 0, 0, 0, 0]) }
  }

  private static func locationAndScale() {
    let mu = sample("mu", Normal(0, 1))
    let sigma = sample("sigma", HalfNormal(1))
    plate("data", 8) { sample("y", Normal(mu, sigma), observed: Tensor.zeros([8])) }
  }

  private static let regression = LinearRegression(
    features: [[1, 0.2], [-0.5, 1], [0.3, -1], [1.5, 0.7], [-1, -0.6], [0.1, 0.4]],
    outcomes: Tensor.zeros([6]), weights: Normal(0, 1), intercept: Normal(0, 2), sigma: Gamma(4, 4))

  private static let models: [(model: @Sendable () -> Void, data: String, sites: Int)] = [
    ({ locationAndScale() }, "y", 2), (EightSchools.nonCentered, "effect", 10),
    (regression.model, "y", 4),
  ]

  @Test(arguments: models.indices) func nuts(_ number: Int) throws {
    let (model, data, sites) = Self.models[number]
    let calibration = try calibrate(
      model, data: [data], simulations: 150, draws: 49, warmup: 300, seed: 1)
    #expect(calibration.quantities.count == sites)
    #expect(calibration.quantities.allSatisfy { $0.ranks.count == 150 && $0.draws == 49 })
    #expect(calibration.pValue > 1e-4, "\(calibration)")
  }

  /// Half the standard deviation in the likelihood: a rank in the lowest or the highest tenth, where
  /// there should be one in five, is then one of half.
  @Test func wrongScale() throws {
    let model = { Self.normal() }
    let calibration = try calibrate(model, data: ["y"], simulations: 150) { simulation in
      let wrong = { condition(simulation.data) { Self.normal(scale: 0.5) } }
      let sampler = MCMC(wrong, warmup: 200, samples: 500, chains: 1, seed: simulation.seed)
      return try sampler.run(showsProgress: false).samples.map { name, draws in
        (name, draws[Tensor((0..<50).map { $0 * 10 })])
      }
    }
    #expect(calibration.pValue < 1e-4, "\(calibration)")
    let counts = try #require(calibration["mu"]).histogram(bins: 10)
    #expect(counts.reduce(0, +) == 150 && counts[0] + counts[9] > 50, "\(calibration)")
    let ecdf = try #require(calibration["mu"]).ecdf(level: 0.999)
    let isOutside = zip(ecdf.values, zip(ecdf.lower, ecdf.upper)).contains {
      $0 < $1.0 || $0 > $1.1
    }
    #expect(isOutside)
  }

  /// Two numbers of which only the sum is known: a guide without correlations is far too narrow, one
  /// with them right.
  @Test func guides() throws {
    let model = {
      let x = sample("x", Normal([0, 0], 1).toEvent(1))
      sample("y", Normal(x.sum(), 0.2), observed: 0)
    }
    func calibration(_ guide: some Guide) throws -> Calibration {
      try calibrate(model, data: ["y"], simulations: 60) { simulation in
        let svi = try SVI(
          simulation.model, guide, optimizer: Adam(0.05), loss: TraceELBO(particles: 4),
          seed: simulation.seed)
        return try svi.run(steps: 500, showsProgress: false).samplePosterior(49)
      }
    }
    let (narrow, full) = (
      try calibration(DiagonalNormalGuide()), try calibration(MultivariateNormalGuide())
    )
    #expect(narrow.pValue < 1e-4, "\(narrow)")
    #expect(full.pValue > 1e-4, "\(full)")
  }

  /// Ranks of a site of two values, most draws being ties: uniform for the exact posterior, which
  /// a rule that ranks ties low or high misses by far.
  @Test func ties() throws {
    let model = {
      let flag = sample("flag", Bernoulli(probs: 0.3))
      sample("y", Normal(flag, 1), observed: 0)
    }
    let calibration = try calibrate(model, data: ["y"], simulations: 400, seed: 3) { simulation in
      let y = simulation.data["y"]!.scalar()
      let joint = [0.7, 0.3].enumerated().map { value, prior in
        prior * Foundation.exp(normalLogDensity(y, Double(value), 1))
      }
      let posterior = Bernoulli(probs: Tensor(joint[1] / (joint[0] + joint[1])))
      return [
        (
          "flag",
          posterior.sample([19], key: RandomKey(simulation.seed).foldIn("draws"), dtype: .float64)
        )
      ]
    }
    #expect(calibration.pValue > 1e-4, "\(calibration)")
    let counts = try #require(calibration["flag"]).histogram(bins: 4)
    #expect(counts.allSatisfy { $0 > 55 && $0 < 145 }, "\(counts)")
  }

  @Test func errors() throws {
    func error(_ data: [String], _ model: @escaping () -> Void) -> String {
      do {
        _ = try calibrate(model, data: data, simulations: 1)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(error(["x"]) { Self.normal() }.contains("observes no site \"x\", only y"))
    #expect(
      error(["y"]) {
        let mu = sample("mu", ImproperUniform(.positive))
        sample("y", Normal(mu, 1), observed: 0)
      }.contains("the prior of \"mu\" is improper"))
    #expect(
      error(["y"]) {
        let mu = sample("mu", Normal(0, 1))
        factor("penalty", -mu)
        sample("y", Normal(mu, 1), observed: 0)
      }.contains("\"penalty\" is a factor"))
    #expect(throws: CalibrationError.nothingToRank(["z"])) {
      try calibrate({ Self.normal() }, data: ["y"]) { _ in [("z", Tensor([1, 2]))] }
    }
    #expect(throws: CalibrationError.keptData("z")) {
      try calibrate(
        {
          let mu = sample("mu", Normal(0, 1))
          sample("y", Normal(mu, 1), observed: 0)
          sample("z", Normal(mu, 1), observed: 3)
        }, data: ["y"]
      ) { _ in [("mu", Tensor.zeros([3]))] }
    }
    #expect(throws: CalibrationError.wrongShape("mu", draws: [3, 2], value: [])) {
      try calibrate({ Self.normal() }, data: ["y"]) { _ in [("mu", Tensor.zeros([3, 2]))] }
    }
    #expect(throws: CalibrationError.varyingDraws) {
      try calibrate({ Self.normal() }, data: ["y"]) { simulation in
        [("mu", Tensor.zeros([simulation.seed == 0 ? 3 : 4]))]
      }
    }
  }
}
