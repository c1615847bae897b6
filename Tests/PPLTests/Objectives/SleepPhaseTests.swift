import Foundation
import PPL
import TestSupport
import Testing

/// The sleep phase of reweighted wake-sleep: guides that read data, fitted to data that the model
/// draws.
@Suite struct SleepPhaseTests {
  private static let data = Tensor([1.2, -0.7, 0.4, 2.5, -1.1, 0.3])

  /// z ~ N(0.3, 1.2), x | z ~ N(z, noise), in rows.
  private static func model(_ rows: Batches) {
    plate("rows", rows) { columns in
      let z = sample("z", Normal(0.3, 1.2))
      let noise = param("noise", Tensor(scalar: 0.8), constraint: .positive)
      sample("x", Normal(z, noise), observed: columns[0])
    }
  }

  /// q(z | x) = N(slope · x + loc, scale).
  private static func guide(_ rows: Batches) {
    GradientMeter.declare(4)
    plate("rows", rows) { columns in
      let scale = param("scale", Tensor(scalar: 0.7), constraint: .positive)
      let loc = param("slope", Tensor(scalar: 0.2)) * columns[0] + param("loc", Tensor(scalar: 0.5))
      sample("z", Normal(loc, scale))
    }
  }

  /// Its gradient is that of E[log q(z | x)] over z and x of the model, for all rows: compared with
  /// the closed form over 200,000 draws, two rows of six at a time.
  ///
  ///     E[log q] = −log s − E[r²] / 2s² + …,  r = z − slope · x − loc
  @Test func unbiased() throws {
    let rows = Batches([Self.data], size: 2)
    let sample = try ObjectiveSample(
      ReweightedWakeSleep(insomnia: 0), { Self.model(rows) }, guide: { Self.guide(rows) },
      steps: 50_000)
    let (prior, noise, slope, loc, scale) = ((mean: 0.3, sd: 1.2), 0.8, 0.2, 0.5, 0.7)
    let mean = (1 - slope) * prior.mean - loc
    let variance = pow((1 - slope) * prior.sd, 2) + pow(slope * noise, 2)
    let covariance = (1 - slope) * pow(prior.sd, 2) - slope * pow(noise, 2)
    let expected = [
      "slope": (mean * prior.mean + covariance) / (scale * scale), "loc": mean / (scale * scale),
      "scale": (mean * mean + variance) / (scale * scale) - 1,
    ]
    for (name, value) in expected {
      let found = try #require(sample.gradients[name]?[0])
      #expect((found.mean + 6 * value).magnitude < 5 * found.error, "\(name): \(found), \(value)")
    }
  }

  /// The phases add up: from the same draws, the gradient of any share of them is that share of
  /// each. The model's parameters, and the loss, have no part in it.
  @Test func shares() throws {
    func steps(_ insomnia: Double) throws -> (losses: [Double], gradients: [String: Double]) {
      let rows = Batches([Self.data], size: 3)
      let svi = try SVI(
        { Self.model(rows) }, guide: { Self.guide(rows) }, optimizer: GradientMeter(),
        loss: ReweightedWakeSleep(particles: 3, insomnia: insomnia), seed: 5)
      let losses = try svi.run(steps: 4, showsProgress: false).losses
      let sums = try #require(svi.parameters["meter"]).array()
      let names = ["scale", "slope", "loc", "noise"]
      return (losses, Dictionary(uniqueKeysWithValues: zip(names, sums)))
    }
    let (wake, sleep, both) = (try steps(1), try steps(0), try steps(0.3))
    #expect(wake.losses == sleep.losses && wake.losses == both.losses)
    for (name, share) in both.gradients {
      let (waking, sleeping) = (wake.gradients[name]!, sleep.gradients[name]!)
      expectClose([share], [0.3 * waking + 0.7 * sleeping], within: .relative(1e-10), name)
      #expect((name == "noise") == (waking == sleeping), "\(name)")
    }
  }

  /// The best guide for all data that the model may draw is the exact posterior, here
  /// logit q(z = 1 | x) = logit p + (x − c − ½) / s², with a covariate c that stays as it is.
  @Test(arguments: [DType.float64, .float32]) func exactPosterior(_ dtype: DType) throws {
    let (x, c) = (Self.data.cast(to: dtype), Tensor([0.5, -1, 0, 1, -0.5, 2], dtype: dtype))
    let svi = try SVI(
      {
        plate("rows", 6) {
          let z = sample("z", Bernoulli(probs: 0.3))
          sample("x", Normal(z + c, 0.7), observed: x)
        }
      },
      guide: {
        let logit = param("slope", 0) * x + param("shift", 0) * c + param("logit", 0)
        plate("rows", 6) { _ = sample("z", Bernoulli(logits: logit)) }
      }, optimizer: Adam(.cosine(0.05, steps: 4000)),
      loss: ReweightedWakeSleep(particles: 32, insomnia: 0), dtype: dtype, seed: 3)
    try svi.run(steps: 4000, showsProgress: false)
    let slope = 1 / 0.49
    #expect((svi.parameters.scalar("slope") - slope).magnitude < 0.08)
    #expect((svi.parameters.scalar("shift") + slope).magnitude < 0.08)
    #expect((svi.parameters.scalar("logit") - log(0.3 / 0.7) + slope / 2).magnitude < 0.08)
  }

  /// What keeps a guide from being fitted this way is said, by name.
  @Test func refuses() {
    let x = Tensor([1.0, 2])
    func error(_ model: @escaping () -> Void, _ guide: @escaping () -> Void) -> String {
      let error = #expect(throws: ModelError.self) {
        try SVI(
          model, guide: guide, optimizer: Adam(), loss: ReweightedWakeSleep(insomnia: 0.5))
      }
      guard case .noSleepPhase = error else { return "\(error.debugDescription)" }
      return "\(error!)"
    }
    func observe(_ z: Tensor) { plate("rows", 2) { _ = sample("x", Normal(z, 1), observed: x) } }
    func model() { observe(sample("z", Normal(0, 1))) }
    func guide() { sample("z", Normal(x.sum(), 1)) }
    let unread = error(model) { _ = sample("z", Normal(0, 1)) }
    #expect(unread.contains("\"x\"") && unread.contains("read"))
    let copied = error(model) { _ = sample("z", Normal(Tensor([1.0, 2]).sum(), 1)) }
    #expect(copied.contains("\"x\""))
    let factored = error(
      {
        model()
        factor("penalty", -3)
      }, guide)
    #expect(factored.contains("\"penalty\"") && factored.contains("factor"))
    let computed = error({ observe(sample("z", Normal(x.mean(), 1))) }, guide)
    #expect(computed.contains("\"x\"") && computed.contains("computes"))
    let auxiliary = error(model) {
      guide()
      sample("noise", Normal(x.sum(), 1), infer: .auxiliary)
    }
    #expect(auxiliary.contains("\"noise\""))
    let broadcast = error({ plate("rows", 3) { _ = sample("x", Normal(0, 1), observed: 1) } }, {})
    #expect(broadcast.contains("[]") && broadcast.contains("[3]"))
  }
}
