import Foundation
import TestSupport
import Testing

@testable import PPL

/// Bounds and gradients that are known in closed form.
@Suite struct TraceEnumELBOTests {
  /// The loss and its gradient by the parameters, at given values of these, after one step.
  private static func step(
    _ values: [String: Double], _ model: @escaping () -> Void,
    _ guide: @escaping ([String: Tensor]) -> Void
  ) throws -> (loss: Double, gradient: [String: Double]) {
    let svi = try SVI(
      model,
      guide: {
        guide(
          values.mapValues { _ in 0 }.reduce(into: [:]) { tensors, entry in
            tensors[entry.key] = param(entry.key, Tensor([values[entry.key] ?? 0], shape: []))
          })
      }, optimizer: PlainDescent(), loss: TraceEnumELBO())
    let loss = try svi.step()
    return (
      loss, values.reduce(into: [:]) { $0[$1.key] = $1.value - svi.parameters.scalar($1.key) }
    )
  }

  /// The divergence between coins, and its derivative by q.
  private static func divergence(_ q: Double, _ p: Double) -> (value: Double, slope: Double) {
    (
      q * log(q / p) + (1 - q) * log((1 - q) / (1 - p)),
      log(q / p) - log((1 - q) / (1 - p))
    )
  }

  static let ways: [InferConfig.Enumeration] = [.parallel, .sequential]

  @Test(arguments: ways) func coin(_ how: InferConfig.Enumeration) throws {
    let (loss, gradient) = try Self.step(["q": 0.5]) {
      sample("z", Bernoulli(probs: 0.25))
    } _: { p in
      sample("z", Bernoulli(probs: p["q"] ?? 0), infer: .enumerate(how))
    }
    let exact = Self.divergence(0.5, 0.25)
    expectClose([loss, gradient["q"] ?? 0], [exact.value, exact.slope], within: .relative(1e-13))
    expectClose(
      [loss, gradient["q"] ?? 0], [0.1438410362, 1.0986122887],
      within: .relative(0, absolute: 1e-10))
  }

  @Test(arguments: ways, ways) func threeCoins(
    _ how: InferConfig.Enumeration, _ other: InferConfig.Enumeration
  ) throws {
    let (loss, gradient) = try Self.step(["q": 0.75]) {
      for p in 1...3 { sample("z\(p)", Bernoulli(probs: Tensor(Double(p) / 10))) }
    } _: { p in
      for number in 1...3 {
        sample(
          "z\(number)", Bernoulli(probs: p["q"] ?? 0),
          infer: .enumerate(number == 2 ? other : how))
      }
    }
    let exact = [0.1, 0.2, 0.3].map { Self.divergence(0.75, $0) }
    expectClose(
      [loss, gradient["q"] ?? 0],
      [exact.reduce(0) { $0 + $1.value }, exact.reduce(0) { $0 + $1.slope }],
      within: .relative(1e-13))
    expectClose(
      [loss, gradient["q"] ?? 0], [2.3212861762, 7.7266536648],
      within: .relative(0, absolute: 1e-10))
  }

  /// A coin that another one depends on, in model and guide.
  @Test(
    arguments: [
      ([0.43, 0.27], [0.0912656607, 0.5881558426, -0.4950400895]),
      ([0.33, 0.27], [0.0534012391, 0.1618219367, -0.3799144873]),
      ([0.43, 0.55], [0.0216822279, 0.4263339058, 0]), ([0.33, 0.55], [0, 0, 0]),
    ], ways)
  func dependentCoins(_ anchor: ([Double], [Double]), _ how: InferConfig.Enumeration) throws {
    for other in Self.ways {
      let (loss, gradient) = try Self.step(["q1": anchor.0[0], "q2": anchor.0[1]]) {
        let y = sample("y", Bernoulli(probs: 0.33))
        sample("z", Bernoulli(probs: 0.55 * y + 0.10))
      } _: { p in
        let y = sample("y", Bernoulli(probs: p["q1"] ?? 0), infer: .enumerate(how))
        sample("z", Bernoulli(probs: (p["q2"] ?? 0) * y + 0.10), infer: .enumerate(other))
      }
      expectClose(
        [loss, gradient["q1"] ?? 0, gradient["q2"] ?? 0], anchor.1,
        within: .relative(0, absolute: 2e-10))
      let (q1, q2) = (anchor.0[0], anchor.0[1])
      let (first, second) = (Self.divergence(q1, 0.33), Self.divergence(q2 + 0.1, 0.65))
      expectClose(
        [loss, gradient["q1"] ?? 0, gradient["q2"] ?? 0],
        [first.value + q1 * second.value, first.slope + second.value, q1 * second.slope],
        within: .relative(1e-13, absolute: 1e-14))
    }
  }

  /// Coins in nested plates of 3 and 5.
  @Test(
    arguments: [
      (0.51, [0.9156173941, 1.5955988, 0.2604802, -6.1779650]),
      (0.77, [1.4131505524, 1.2359592, 3.7653978, -9.4227822]),
    ], ways)
  func pyramid(_ anchor: (Double, [Double]), _ how: InferConfig.Enumeration) throws {
    let (loss, gradient) = try Self.step(["qa": 0.33, "qb": anchor.0, "qc": 0.37]) {
      let a = sample("a", Bernoulli(probs: 0.33))
      plate("bs", 3) {
        let b = sample("b", Bernoulli(probs: 0.25 * a + 0.5))
        plate("cs", 5) { _ = sample("c", Bernoulli(probs: 0.15 * a + 0.2 * b + 0.32)) }
      }
    } _: { p in
      sample("a", Bernoulli(probs: p["qa"] ?? 0), infer: .enumerate(how))
      plate("bs", 3) {
        sample("b", Bernoulli(probs: p["qb"] ?? 0), infer: .enumerate(how))
        plate("cs", 5) {
          _ = sample("c", Bernoulli(probs: p["qc"] ?? 0), infer: .enumerate(how))
        }
      }
    }
    expectClose([loss], [anchor.1[0]], within: .relative(0, absolute: 1e-10))
    let slopes = ["qa", "qb", "qc"].map { gradient[$0] ?? 0 }
    expectClose(slopes, Array(anchor.1.dropFirst()), within: .relative(0, absolute: 6e-8))
    let exact = ["qa", "qb", "qc"].map { name in
      slope(1e-3) { step in
        func value(_ key: String, _ base: Double) -> Double { base + (key == name ? step : 0) }
        return Self.pyramidLoss(value("qa", 0.33), value("qb", anchor.0), value("qc", 0.37))
      }
    }
    expectClose(slopes, exact, within: .relative(1e-10, absolute: 1e-10))
  }

  private static func pyramidLoss(_ qa: Double, _ qb: Double, _ qc: Double) -> Double {
    var loss = divergence(qa, 0.33).value
    for (a, wa) in [(0.0, 1 - qa), (1, qa)] {
      loss += wa * 3 * divergence(qb, 0.25 * a + 0.5).value
      for (b, wb) in [(0.0, 1 - qb), (1, qb)] {
        loss += wa * wb * 15 * divergence(qc, 0.15 * a + 0.2 * b + 0.32).value
      }
    }
    return loss
  }

  // MARK: Control flow

  /// A value that is taken one after the other may be read, and steer the program.
  @Test func branches() throws {
    func branch(_ z: Tensor, _ site: (Double) -> Void) {
      if z.scalar() == 1 { site(0.2) }
    }
    let (loss, gradient) = try Self.step(["q": 0.6, "r": 0.7]) {
      let z = sample("z", Bernoulli(probs: 0.25))
      branch(z) { sample("w", Bernoulli(probs: Tensor($0))) }
      sample("x", Normal(2 * z, 1), observed: 1.5)
    } _: { p in
      let z = sample("z", Bernoulli(probs: p["q"] ?? 0), infer: .enumerate(.sequential))
      branch(z) { _ in sample("w", Bernoulli(probs: p["r"] ?? 0), infer: .enumerate(.sequential)) }
    }
    let (coin, inner) = (Self.divergence(0.6, 0.25), Self.divergence(0.7, 0.2))
    let data = [normalLogDensity(1.5, 0, 1), normalLogDensity(1.5, 2, 1)]
    let expected = coin.value + 0.6 * (inner.value - data[1]) - 0.4 * data[0]
    expectClose([loss], [expected], within: .relative(1e-13))
    expectClose(
      [gradient["q"] ?? 0, gradient["r"] ?? 0],
      [coin.slope + inner.value - data[1] + data[0], 0.6 * inner.slope],
      within: .relative(1e-12))
  }

  /// The same through the plan of a run, which takes the steps that `step` takes.
  @Test(arguments: ways) func plannedSteps(_ how: InferConfig.Enumeration) throws {
    func make() throws -> SVI {
      try SVI(
        {
          let z = sample("z", Categorical(probs: [0.2, 0.5, 0.3]))
          sample("x", Normal(z, 1), observed: 1.4)
        },
        guide: {
          sample("z", Categorical(logits: param("l", Tensor.zeros([3]))), infer: .enumerate(how))
        }, optimizer: Adam(0.1), loss: TraceEnumELBO())
    }
    let (stepped, planned) = (try make(), try make())
    for _ in 0..<20 { try stepped.step() }
    try planned.run(steps: 20, showsProgress: false)
    #expect(stepped.parameters.values.bits == planned.parameters.values.bits)
  }

  /// The best guide is the posterior, and the bound there the evidence.
  @Test func convergesToPosterior() throws {
    let svi = try SVI(
      {
        let z = sample("z", Categorical(probs: [0.2, 0.5, 0.3]))
        sample("x", Normal(z, 1), observed: 1.4)
      },
      guide: {
        sample("z", Categorical(logits: param("l", Tensor.zeros([3]))), infer: .enumerate())
      }, optimizer: Adam(0.1), loss: TraceEnumELBO())
    let fit = try svi.run(steps: 600, showsProgress: false)
    let joint = zip([0.2, 0.5, 0.3], [0.0, 1, 2]).map { log($0) + normalLogDensity(1.4, $1, 1) }
    expectClose([fit.losses.last ?? 0], [-logSumExp(joint)], within: .relative(1e-9))
    let elbo = try fit.elbo(particles: 10)
    expectClose([elbo.mean], [logSumExp(joint)], within: .relative(1e-9))
    #expect(elbo.error < 1e-12)
  }
}
