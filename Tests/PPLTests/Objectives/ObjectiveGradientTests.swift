import Foundation
import PPL
import TestSupport
import Testing

/// Loss and gradient of every objective are those of the objective on average: compared with exact
/// ones, over at least 100,000 draws each.
@Suite struct ObjectiveGradientTests {
  private static let steps = 3200
  /// Steps of a pair of particles.
  private static let pairSteps = 50_000

  // MARK: A normal for all data

  /// Masks, scales, a subsampled plate, several particles; estimators of all kinds.
  @Test func globalDraw() throws {
    let golden = try ObjectiveGoldens.load().global
    let data = Tensor(golden.data ?? [])
    let mask = Tensor((golden.mask ?? []).map { $0 > 0 })
    let factor = golden.scale ?? 1
    func measure(
      _ objective: any Objective, _ infer: InferConfig?, subsampleSize: Int? = 3,
      steps: Int = Self.steps
    ) throws -> ObjectiveSample {
      try ObjectiveSample(
        objective,
        {
          scaled(by: factor) {
            let z = sample("z", Normal(0.3, 1.2))
            plate("rows", 6, subsampleSize: subsampleSize) { rows in
              masked(mask.gathered(rows)) {
                _ = sample("x", Normal(z, 0.8), observed: data.gathered(rows))
              }
            }
          }
        },
        guide: {
          GradientMeter.declare(2)
          let loc = param("loc", Tensor(scalar: golden.point[0]))
          let scale = param("scale", Tensor(scalar: exp(golden.point[1])), constraint: .positive)
          _ = scaled(by: factor) { sample("z", Normal(loc, scale), infer: infer) }
        }, steps: steps)
    }
    let names = ["loc", "scale"]
    for (objective, infer) in Self.bounds(scored: [nil, .scoreFunction]) {
      try measure(objective, infer).expect(golden.elbo, names, "\(objective) \(infer as Any)")
    }
    for infer in [nil, InferConfig.scoreFunction] {
      for (alpha, exact) in [(0, golden.iwae), (0.4, golden.renyi)] {
        let result = try measure(
          RenyiELBO(alpha: alpha, particles: 2), infer, subsampleSize: nil, steps: Self.pairSteps)
        result.expect(try #require(exact), names, "Rényi \(alpha) \(infer as Any)")
      }
    }
  }

  /// Estimators of the ELBO from 32 particles, with and without score functions.
  private static func bounds(
    scored: [InferConfig?]
  ) -> [(objective: any Objective, infer: InferConfig?)] {
    scored.flatMap { infer -> [(any Objective, InferConfig?)] in
      [(TraceELBO(particles: 32), infer), (TraceGraphELBO(particles: 32), infer)]
    } + [
      (TraceGraphELBO(particles: 32), .baseline(.decayingAverage(beta: 0.8))),
      (TraceGraphELBO(particles: 32), .baseline(.value(-7))),
    ] + (scored.contains { $0 == nil } ? [(TraceMeanFieldELBO(particles: 32), nil)] : [])
  }

  // MARK: A normal for each datum

  /// As above, with the draws inside the plate and a parameter in the model. Sixteen copies of it
  /// all, in a plate of their own, so that two particles make many draws.
  @Test func localDraws() throws {
    let golden = try ObjectiveGoldens.load().local
    let pair: [(any Objective, InferConfig?, ObjectiveGoldens.Exact?)] = [
      (RenyiELBO(alpha: 0, particles: 2), nil, golden.iwae),
      (RenyiELBO(alpha: 0, particles: 2), .scoreFunction, golden.iwae),
      (RenyiELBO(alpha: 0.4, particles: 2), nil, golden.renyi),
      (RenyiELBO(alpha: 0.4, particles: 2), .scoreFunction, golden.renyi),
      (RenyiELBO(alpha: 0.4, particles: 1), nil, golden.elbo),
      (RenyiELBO(alpha: 0.4, particles: 1), .scoreFunction, golden.elbo),
      (ReweightedWakeSleep(particles: 2), nil, golden.wake),
    ]
    let single = Self.bounds(scored: [nil, .scoreFunction]).map { ($0, $1, golden.elbo) }
    for (objective, infer, exact) in pair + single {
      let copies = objective.particles < 3 ? 16 : 1
      let result = try Self.localSample(golden, objective, infer, copies: copies)
      result.expect(
        try #require(exact), ["loc", "scale", "shift"], copies: Double(copies),
        "\(objective) \(infer as Any)")
    }
  }

  private static func localSample(
    _ golden: ObjectiveGoldens.Case, _ objective: any Objective, _ infer: InferConfig?, copies: Int
  ) throws -> ObjectiveSample {
    let data = Tensor(golden.data ?? [])
    let mask = Tensor((golden.mask ?? []).map { $0 > 0 })
    let point = golden.point
    func rows(_ body: @escaping (Tensor) -> Void) {
      scaled(by: golden.scale ?? 1) {
        plate("copies", copies, axis: -2) {
          plate("rows", 6, subsampleSize: 2, axis: -1) { rows in body(rows) }
        }
      }
    }
    return try ObjectiveSample(
      objective,
      {
        let shift = param("shift", Tensor(scalar: point[7]))
        rows { rows in
          let z = sample("z", Normal(0.2, 1.3))
          masked(mask.gathered(rows)) {
            _ = sample("x", Normal(z + shift, 1), observed: data.gathered(rows))
          }
        }
      },
      guide: {
        GradientMeter.declare(8)
        let scale = param("scale", Tensor(scalar: exp(point[6])), constraint: .positive)
        rows { _ in
          let loc = param("loc", Tensor(Array(point[..<6])), eventRank: 0)
          sample("z", Normal(loc, scale), infer: infer)
        }
      }, steps: steps)
  }

  // MARK: Discrete and normal draws

  private static let discreteFirstNames = ["logit", "loc", "slope", "scale"]

  private static func discreteFirstModel() {
    let b = sample("b", Bernoulli(probs: 0.3))
    let z = sample("z", Normal(0.5 * b, 1))
    sample("x", Normal(z + b, 0.7), observed: 0.8)
  }

  private static func discreteFirstGuide(_ point: [Double], _ infer: InferConfig?) {
    GradientMeter.declare(4)
    let logit = param("logit", Tensor(scalar: point[0]))
    let b = sample("b", Bernoulli(logits: logit), infer: infer)
    let loc = param("loc", Tensor(scalar: point[1]))
    let slope = param("slope", Tensor(scalar: point[2]))
    let scale = param("scale", Tensor(scalar: exp(point[3])), constraint: .positive)
    sample("z", Normal(loc + slope * b, scale))
  }

  /// A draw with a reparameterised gradient whose location depends on one with a score function.
  @Test func discreteFirst() throws {
    let golden = try ObjectiveGoldens.load().discreteFirst
    try Self.expectMixed(golden, Self.discreteFirstNames, Self.discreteFirstModel) {
      Self.discreteFirstGuide(golden.point, $0)
    }
  }

  /// The same model in the form of branches: its graph does not tell that the data depend on the
  /// discrete draw. It is run anew at each step.
  @Test func branchOnDiscrete() throws {
    let golden = try ObjectiveGoldens.load().discreteFirst
    for objective: any Objective in [TraceELBO(particles: 4), TraceGraphELBO(particles: 4)] {
      let result = try ObjectiveSample(
        objective,
        {
          let b = sample("b", Bernoulli(probs: 0.3))
          let isOne = b.scalar() > 0.5
          let z = sample("z", Normal(isOne ? 0.5 : 0, 1))
          sample("x", Normal(isOne ? z + 1 : z, 0.7), observed: 0.8)
        }, guide: { Self.discreteFirstGuide(golden.point, nil) }, steps: 25_000)
      result.expect(golden.elbo, Self.discreteFirstNames, "\(objective)")
    }
  }

  /// A draw with a score function whose chances depend on one that is reparameterised.
  @Test func discreteLast() throws {
    let golden = try ObjectiveGoldens.load().discreteLast
    let point = golden.point
    try Self.expectMixed(
      golden, ["loc", "scale", "logit", "slope"],
      {
        let z = sample("z", Normal(0, 1))
        let b = sample("b", Bernoulli(logits: z))
        sample("x", Normal(z + b, 0.7), observed: 0.8)
      },
      { infer in
        GradientMeter.declare(4)
        let loc = param("loc", Tensor(scalar: point[0]))
        let scale = param("scale", Tensor(scalar: exp(point[1])), constraint: .positive)
        let z = sample("z", Normal(loc, scale))
        let logit = param("logit", Tensor(scalar: point[2]))
        let slope = param("slope", Tensor(scalar: point[3]))
        sample("b", Bernoulli(logits: logit + slope * z), infer: infer)
      })
  }

  private static func expectMixed(
    _ golden: ObjectiveGoldens.Case, _ names: [String],
    _ model: @escaping () -> Void, _ guide: @escaping (InferConfig?) -> Void
  ) throws {
    for (objective, infer) in bounds(scored: [.scoreFunction]) {
      let result = try ObjectiveSample(objective, model, guide: { guide(infer) }, steps: steps)
      result.expect(golden.elbo, names, "\(objective) \(infer as Any)")
    }
    for (alpha, exact) in [(0, golden.iwae), (0.4, golden.renyi)] {
      let result = try ObjectiveSample(
        RenyiELBO(alpha: alpha, particles: 2), model, guide: { guide(nil) }, steps: pairSteps)
      result.expect(try #require(exact), names, "Rényi \(alpha)")
    }
  }

  // MARK: Draws of a plate that meet again outside of it

  /// The guide's last draw, outside of the plate, depends on all in it, and so do the data: the parts
  /// of one copy change the costs of the others.
  @Test(arguments: [false, true]) func coupledCopies(_ isSequential: Bool) throws {
    let golden = try ObjectiveGoldens.load().coupled
    let data = golden.data ?? []
    let point = golden.point
    /// The plate's body, for all copies or for each with its number.
    func rows(_ body: @escaping (Int?) -> Tensor) -> Tensor {
      if isSequential { return stack(sequentialPlate("rows", 3) { body($0) }) }
      return plate("rows", 3) { body(nil) }
    }
    for (objective, infer) in Self.bounds(scored: [.scoreFunction]) {
      let result = try ObjectiveSample(
        objective,
        {
          let w = sample("w", Normal(0, 1))
          _ = rows { row in
            let suffix = row.map(String.init) ?? ""
            let b = sample("b" + suffix, Bernoulli(logits: w))
            let x = row.map { Tensor(scalar: data[$0]) } ?? Tensor(data)
            return sample("x" + suffix, Normal(b + w, 1), observed: x)
          }
        },
        guide: {
          GradientMeter.declare(6)
          let logits = param("logits", Tensor(Array(point[..<3])))
          let b = rows { row in
            let logit = row.map { logits.selecting($0, along: 0) } ?? logits
            return sample(
              "b" + (row.map(String.init) ?? ""), Bernoulli(logits: logit), infer: infer)
          }
          let loc = param("loc", Tensor(scalar: point[3]))
          let slope = param("slope", Tensor(scalar: point[4]))
          let scale = param("scale", Tensor(scalar: exp(point[5])), constraint: .positive)
          sample("w", Normal(loc + slope * b.sum(), scale))
        }, steps: Self.steps)
      result.expect(
        golden.elbo, ["logits", "loc", "slope", "scale"], "\(objective) \(infer as Any)")
    }
  }

  // MARK: Conjugate pairs of other families

  @Test func gammaPoisson() throws {
    let golden = try ObjectiveGoldens.load().gammaPoisson
    for (objective, infer) in Self.bounds(scored: [nil, .scoreFunction]) {
      let result = try ObjectiveSample(
        objective,
        {
          let rate = sample("rate", Gamma(1, 1))
          plate("counts", 3) { _ = sample("k", Poisson(rate), observed: [1, 2, 3]) }
        },
        guide: {
          GradientMeter.declare(2)
          let (a, b) = Self.positivePair(golden.point)
          sample("rate", Gamma(a, b), infer: infer)
        }, steps: Self.steps)
      result.expect(golden.elbo, ["a", "b"], "\(objective) \(infer as Any)")
    }
  }

  @Test func betaBernoulli() throws {
    let golden = try ObjectiveGoldens.load().betaBernoulli
    for (objective, infer) in Self.bounds(scored: [.scoreFunction]) {
      let result = try ObjectiveSample(
        objective,
        {
          let p = sample("p", Beta(1, 1))
          plate("tosses", 4) { _ = sample("x", Bernoulli(probs: p), observed: [0, 1, 1, 1]) }
        },
        guide: {
          GradientMeter.declare(2)
          let (a, b) = Self.positivePair(golden.point)
          sample("p", Beta(a, b), infer: infer)
        }, steps: Self.steps)
      result.expect(golden.elbo, ["a", "b"], "\(objective) \(infer as Any)")
    }
  }

  private static func positivePair(_ point: [Double]) -> (Tensor, Tensor) {
    (
      param("a", Tensor(scalar: exp(point[0])), constraint: .positive),
      param("b", Tensor(scalar: exp(point[1])), constraint: .positive)
    )
  }
}
