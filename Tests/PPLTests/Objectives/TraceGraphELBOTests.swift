import Foundation
import PPL
import TestSupport
import Testing

/// Which costs a draw's score is multiplied by, and baselines.
@Suite struct TraceGraphELBOTests {
  /// Two coins, each with a prior of its own and a datum of its own.
  private enum Coins {
    static let logits = [0.4, -0.7]
    static let priors = [0.3, 0.6]
    static let data = [0.9, -0.2]

    static func model() {
      for index in 0..<2 {
        let b = sample("b\(index)", Bernoulli(probs: Tensor(scalar: priors[index])))
        sample("x\(index)", Normal(b, 0.7), observed: Tensor(scalar: data[index]))
      }
    }

    static func guide(_ infer: [InferConfig?] = [nil, nil]) {
      for index in 0..<2 {
        let logit = param("logit\(index)", Tensor(scalar: logits[index]))
        keep("b\(index)", sample("b\(index)", Bernoulli(logits: logit), infer: infer[index]))
      }
    }

    /// What a coin and its datum add to the log weight.
    static func cost(_ index: Int, _ b: Double) -> Double {
      let q = probability(index)
      return log(b > 0 ? priors[index] : 1 - priors[index])
        + normalLogDensity(data[index], b, 0.7) - log(b > 0 ? q : 1 - q)
    }

    static func probability(_ index: Int) -> Double { 1 / (1 + exp(-logits[index])) }
  }

  /// The log weight's other half has no part in a coin's gradient, which `TraceELBO` gives it.
  @Test func downstreamCosts() throws {
    var patterns: Set<[Double]> = []
    for seed in 0..<40 {
      for objective: any Objective in [TraceGraphELBO(), TraceELBO()] {
        let svi = try SVI(
          Coins.model, guide: { Coins.guide() }, optimizer: PlainDescent(), loss: objective,
          seed: seed)
        let loss = try svi.step()
        let b = [svi.drawn("b0")[0], svi.drawn("b1")[0]]
        patterns.insert(b)
        let costs = [Coins.cost(0, b[0]), Coins.cost(1, b[1])]
        let total = costs[0] + costs[1]
        expectClose([loss], [-total], within: .relative(1e-12))
        for index in 0..<2 {
          let cost = objective is TraceELBO ? total : costs[index]
          let slope = cost * (b[index] - Coins.probability(index))
          expectClose(
            [svi.parameters.scalar("logit\(index)") - Coins.logits[index]], [slope],
            within: .relative(1e-12), "\(objective)")
        }
      }
    }
    #expect(patterns.count == 4)
  }

  /// The average of past costs is taken off the present one, which is then added to it; so for
  /// single particles, and on average for several.
  @Test func decayingAverage() throws {
    let svi = try SVI(
      Coins.model, guide: { Coins.guide([.baseline(.decayingAverage(beta: 0.75)), nil]) },
      optimizer: PlainDescent(rate: 0.001), loss: TraceGraphELBO(), seed: 2)
    var average = 0.0
    for _ in 0..<10 {
      let logit = svi.parameters.scalar("logit0")
      try svi.step()
      let b = svi.drawn("b0")[0]
      let q = 1 / (1 + exp(-logit))
      let start = Coins.probability(0)
      let cost = Coins.cost(0, b) + log(b > 0 ? start / q : (1 - start) / (1 - q))
      let slope = (cost - average) * (b - q)
      expectClose(
        [svi.parameters.scalar("logit0") - logit], [0.001 * slope],
        within: .relative(1e-9, absolute: 1e-15))
      average = 0.75 * average + 0.25 * cost
      expectClose(
        svi.parameters.mutable("b0_average_cost")?.array() ?? [], [average],
        within: .relative(1e-12))
    }
  }

  /// With many particles the average goes to the mean cost; the plate's subset has but one average,
  /// whole plates one per copy.
  @Test(arguments: [2, 5]) func averageOfPlates(_ subsampleSize: Int) throws {
    let svi = try SVI(
      {
        plate("rows", 5, subsampleSize: subsampleSize) { rows in
          let b = sample("b", Bernoulli(probs: 0.5))
          sample("x", Normal(b, 1), observed: Tensor.arange(5).gathered(rows).cast(to: .float64))
        }
      },
      guide: {
        plate("rows", 5, subsampleSize: subsampleSize) { _ in
          _ = sample(
            "b", Bernoulli(logits: param("logit", Tensor.zeros([5]), eventRank: 0)),
            infer: .baseline(.decayingAverage(beta: 0)))
        }
      }, optimizer: PlainDescent(rate: 0), loss: TraceGraphELBO(particles: 4000), seed: 2)
    for _ in 0..<2 { try svi.step() }
    let average = try #require(svi.parameters.mutable("b_average_cost")).array()
    let factor = 5 / Double(subsampleSize)
    // E log N(x; b, 1) for a fair coin b.
    let costs = (0..<5).map { x in
      let x = Double(x)
      return factor * (normalLogDensity(x, 0, 1) + normalLogDensity(x, 1, 1)) / 2
    }
    let expected = subsampleSize == 5 ? costs : [costs.reduce(0, +) / 5]
    // Standard deviations of the costs: at most 1.75 for a copy, and 8 for a pair of them.
    let error = subsampleSize == 5 ? 1.75 : 8.0
    #expect(average.count == expected.count)
    for (mean, expected) in zip(average, expected) {
      #expect(isPlausible(mean, expected, sd: error, count: 4000, bound: 5.2), "\(average)")
    }
  }

  /// A baseline of one's own is taken off too, and fitted by least squares; the draws it is computed
  /// from, and with them their parameters, are not.
  @Test func valueBaseline() throws {
    let start = ["loc": 0.3, "weight": -0.8, "logit": 0.2]
    for seed in 0..<10 {
      let svi = try SVI(
        {
          let z = sample("z", Normal(0, 1))
          let b = sample("b", Bernoulli(logits: z))
          sample("x", Normal(b, 1), observed: 0.5)
        },
        guide: {
          let z = sample("z", Normal(param("loc", Tensor(scalar: 0.3)), 0.6))
          let baseline = param("weight", Tensor(scalar: -0.8)) * z
          let logit = param("logit", Tensor(scalar: 0.2))
          keep("z", z)
          keep("b", sample("b", Bernoulli(logits: logit), infer: .baseline(.value(baseline))))
        }, optimizer: PlainDescent(), loss: TraceGraphELBO(), seed: seed)
      try svi.step()
      let (z, b) = (svi.drawn("z")[0], svi.drawn("b")[0])
      let (p, q) = (1 / (1 + exp(-z)), 1 / (1 + exp(-0.2)))
      let cost = log(b > 0 ? p : 1 - p) + normalLogDensity(0.5, b, 1) - log(b > 0 ? q : 1 - q)
      let slopes = [
        "logit": (cost + 0.8 * z) * (b - q), "weight": 2 * (cost + 0.8 * z) * z,
        "loc": -z + (b - p),
      ]
      for (name, slope) in slopes {
        let moved = svi.parameters.scalar(name) - (start[name] ?? 0)
        expectClose([moved], [slope], within: .relative(1e-11, absolute: 1e-13), name)
      }
    }
  }

  @Test func baselineOfAnotherShape() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try SVI(
          { plate("rows", 3) { _ = sample("b", Bernoulli(probs: 0.5)) } },
          guide: {
            plate("rows", 3) {
              _ = sample("b", Bernoulli(probs: 0.5), infer: .baseline(.value(Tensor.zeros([2]))))
            }
          }, optimizer: Adam(), loss: TraceGraphELBO()
        ).step()
      })
  }

  /// Baselines are there to reduce the variance: with costs far from zero they do, tenfold and more.
  @Test func lessVariance() throws {
    func errors(_ infer: InferConfig?, _ objective: any Objective) throws -> Double {
      let result = try ObjectiveSample(
        objective,
        {
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: 6)
        },
        guide: {
          GradientMeter.declare(1)
          sample("z", Normal(param("loc", Tensor(scalar: 3)), 0.7), infer: infer)
        }, steps: 4000)
      return try #require(result.gradients["loc"]?.first).error
    }
    let plain = try errors(.scoreFunction, TraceGraphELBO())
    let averaged = try errors(.baseline(.decayingAverage()), TraceGraphELBO())
    let given = try errors(.baseline(.value(-10.8)), TraceGraphELBO())
    #expect(averaged < plain / 10 && given < plain / 10, "\(plain) \(averaged) \(given)")
  }

  // MARK: Discrete sites, against sums over all their values

  /// y ~ B(0.33), z ~ B(0.55 y + 0.1), no data; the guide B(q₁), B(q₂ y + 0.1).
  @Test(
    arguments: [
      (0.43, 0.27, 0.0912656607, [0.5881558426, -0.4950400895]),
      (0.33, 0.27, 0.0534012391, [0.1618219367, -0.3799144873]),
      (0.43, 0.55, 0.0216822279, [0.4263339058, 0]), (0.33, 0.55, 0, [0, 0]),
    ]) func bernoulliPair(_ q1: Double, _ q2: Double, _ loss: Double, _ slopes: [Double]) throws
  {
    for objective: any Objective in [TraceELBO(particles: 40), TraceGraphELBO(particles: 40)] {
      let result = try ObjectiveSample(
        objective,
        {
          let y = sample("y", Bernoulli(probs: 0.33))
          sample("z", Bernoulli(probs: 0.55 * y + 0.1))
        },
        guide: {
          GradientMeter.declare(2)
          let y = sample("y", Bernoulli(probs: param("q1", Tensor(scalar: q1))))
          sample("z", Bernoulli(probs: param("q2", Tensor(scalar: q2)) * y + 0.1))
        }, steps: 2500)
      result.expect(
        .init(value: -loss, gradient: slopes.map { -$0 }), ["q1", "q2"], "\(objective)")
    }
  }

  /// a ~ B(0.33); b ~ B(0.25 a + 0.5), 3 copies; c ~ B(0.15 a + 0.2 b + 0.32), 5 copies of each b's.
  @Test(
    arguments: [
      (0.51, 0.9156173941, [1.5955988, 0.2604802, -6.1779650]),
      (0.77, 1.4131505524, [1.2359592, 3.7653978, -9.4227822]),
    ]) func bernoulliPyramid(_ qb: Double, _ loss: Double, _ slopes: [Double]) throws
  {
    func sites(_ chance: @escaping (String, Tensor, Tensor) -> Tensor) {
      let a = sample("a", Bernoulli(probs: chance("a", 0, 0)))
      plate("bs", 3, axis: -1) {
        let b = sample("b", Bernoulli(probs: chance("b", a, 0)))
        plate("cs", 5, axis: -2) { _ = sample("c", Bernoulli(probs: chance("c", a, b))) }
      }
    }
    for objective: any Objective in [TraceELBO(particles: 40), TraceGraphELBO(particles: 40)] {
      let result = try ObjectiveSample(
        objective,
        {
          sites { name, a, b in
            switch name {
            case "a": Tensor(scalar: 0.33)
            case "b": 0.25 * a + 0.5
            default: 0.15 * a + 0.2 * b + 0.32
            }
          }
        },
        guide: {
          GradientMeter.declare(3)
          sites { name, _, _ in
            param(
              name == "a" ? "qa" : name == "b" ? "qb" : "qc",
              Tensor(scalar: ["a": 0.33, "b": qb][name] ?? 0.37))
          }
        }, steps: 2500)
      result.expect(
        .init(value: -loss, gradient: slopes.map { -$0 }), ["qa", "qb", "qc"], "\(objective)")
    }
  }
}
