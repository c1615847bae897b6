import Foundation
import PPL
import TestSupport
import Testing

/// Log densities multiplied by tensors: `scaled(by:)` with a number that steps may change.
@Suite struct AnnealingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let objective: any Objective
    var infer: InferConfig?
    var testDescription: String { "\(objective) \(infer.map { "\($0)" } ?? "")" }
  }

  private static let cases = [
    Case(objective: TraceELBO(particles: 3)),
    Case(objective: TraceELBO(particles: 3), infer: .scoreFunction),
    Case(objective: TraceELBO(particles: 3, estimator: .stickingTheLanding)),
    Case(objective: TraceGraphELBO(particles: 3), infer: .scoreFunction),
    Case(objective: TraceMeanFieldELBO(particles: 3)),
    Case(objective: RenyiELBO(alpha: 0.3, particles: 3)),
    Case(objective: RenyiELBO(particles: 3, estimator: .doublyReparameterized)),
    Case(objective: RenyiELBO(particles: 3), infer: .scoreFunction),
    Case(objective: TailAdaptiveELBO(particles: 3)),
    Case(objective: ReweightedWakeSleep(particles: 3, insomnia: 0.4)),
    Case(objective: TraceEnumELBO(particles: 3)),
  ]

  private typealias Scale = (_ body: () -> Void) -> Void

  /// Model and guide, of which parts stand in what multiplies them.
  private static func fitted(_ subject: Case, _ scale: @escaping Scale) throws -> SVI {
    let data = Tensor([0.4, -1.1, 2.3])
    let svi = try SVI(
      {
        let shift = param("shift", Tensor(0.2))
        scale {
          let z = sample("z", Normal(0.3, 1.2))
          // No data can be drawn from a factor.
          if !(subject.objective is ReweightedWakeSleep) { factor("bonus", -0.1 * z * z) }
          plate("rows", 3) {
            var mean = z + shift
            if subject.objective is TraceEnumELBO {
              mean = mean + sample("b", Bernoulli(probs: 0.3), infer: .enumerate())
            }
            sample("x", Normal(mean, 0.8), observed: data)
          }
        }
      },
      guide: {
        let loc = param("loc", Tensor(0.5))
        let width = param("width", Tensor(0.7), constraint: .positive)
        // A sleep phase wants a guide that reads the data.
        let mean = loc + 0.1 * data.mean()
        scale { _ = sample("z", Normal(mean, width), infer: subject.infer) }
      }, optimizer: SGD(0.01), loss: subject.objective, seed: 3)
    try svi.run(steps: 4, showsProgress: false)
    return svi
  }

  /// A tensor multiplies as the number it is does, in every objective, beside other scales.
  @Test(arguments: cases) func asNumbersDo(_ subject: Case) throws {
    let number = try Self.fitted(subject) { scaled(by: 0.3, $0) }
    let tensor = try Self.fitted(subject) { scaled(by: mutable("heat", 0.3), $0) }
    let nested = try Self.fitted(subject) { body in
      scaled(by: mutable("heat", 0.15)) { scaled(by: 4) { scaled(by: mutable("cool", 0.5), body) } }
    }
    let whole = try Self.fitted(subject) { $0() }
    for name in number.parameters.names {
      let expected = try #require(number.parameters[name])
      for other in [tensor, nested] {
        expectClose(
          try #require(other.parameters[name]), expected, within: .relative(1e-10), "\(name)")
      }
    }
    #expect(whole.parameters.packed.array() != number.parameters.packed.array())
  }

  @Test func densities() throws {
    func model(_ factor: Tensor) throws -> Double {
      try seeded(key: RandomKey(1)) {
        try trace {
          scaled(by: factor) {
            sample("x", Normal(0.3, 1.2), observed: 1)
            PPL.factor("f", 3)
            param("p", 1)
          }
        }
      }.logProbSum().scalar()
    }
    let whole = normalLogDensity(1, 0.3, 1.2) + 3
    expectClose(Tensor(try model(Tensor([0.25]).sum())), Tensor(0.25 * whole))
    #expect(try model(Tensor([0.0]).sum()) == 0)
  }

  /// Weights of draws of the model, whose own density counts as it is: they average to the integral of
  /// the joint density's power, (N(½; 0, √2) N(z; ¼, √½))^0.7 over z.
  @Test func weights() throws {
    func evidence(_ scale: @escaping (_ body: () -> Void) -> Void) throws -> (
      value: Double, error: Double
    ) {
      try Importance(
        {
          scale {
            let z = sample("z", Normal(0, 1))
            sample("x", Normal(z, 1), observed: 0.5)
          }
        }, draws: 4000, seed: 2
      ).run().logEvidence
    }
    let power = 0.7
    let marginal = -0.5 * Foundation.log(4 * Double.pi) - 0.25 * 0.25
    let exact =
      power * marginal + 0.5 * (1 - power) * Foundation.log(Double.pi)
      - 0.5 * Foundation.log(power)
    let number = try evidence { scaled(by: 0.7, $0) }
    let tensor = try evidence { scaled(by: Tensor([0.7]).sum(), $0) }
    #expect((number.value - tensor.value).magnitude < 1e-10)
    #expect(
      (tensor.value - exact).magnitude < 4.9 * tensor.error, "\(tensor) \(exact)")
    #expect(tensor.error < 0.02)
  }

  /// A sum over values stays inside the logarithm, and what multiplies it outside.
  @Test func sumsNeedOneScale() throws {
    let heat = Tensor([0.5]).sum()
    let error = #expect(throws: EnumerationError.self) {
      try enumeratedELBO(
        {
          let z = scaled(by: heat) { sample("z", Bernoulli(probs: 0.3), infer: .enumerate()) }
          sample("x", Normal(z, 1), observed: 0.2)
        }, {})
    }
    #expect(error == .differentTensorScales(["x", "z"]))
    #expect(error.map { "\($0)" }?.contains("\"x\", \"z\"; put all of them inside") == true)
  }

  /// The loss rises as the density sharpens, which is no reason to go back, nor for a warning.
  @Test func lossesAreNotCompared() throws {
    func annealed() {
      let heat = mutable("heat", 0.01)
      assign("heat", minimum(heat * 1.01, 1))
      scaled(by: heat) {
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z, 0.1), observed: Tensor([30.0, 29, 31]))
      }
    }
    let result = try fit(annealed, NormalGuide(), steps: 1500, showsProgress: false)
    #expect(result.losses.last! > result.losses[40...60].min()! + 100)
    #expect(result.warnings.isEmpty, "\(result.warnings)")
    #expect(result.parameters.mutable("heat")?.scalar() == 1)
    // Precision 1 + 3 · 100.
    let z = try #require(try result.summary()["z"])
    #expect((z.mean - 9000 / 301).magnitude < 0.02)
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        scaled(by: Tensor([0.5, 1])) {}
      }, "scaled: expected one number", "[2]")
  }
}
