import Foundation
import TestSupport
import Testing

@testable import PPL

/// Guides that enumerate some sites and draw others.
@Suite struct MixedEnumerationTests {
  /// A gradient for many draws: one row for each.
  private static func gradients(
    _ count: Int, _ parameters: [Double], _ model: ([Tensor]) -> Void, _ guide: ([Tensor]) -> Void
  ) throws -> (bounds: [Double], gradients: [[Double]]) {
    let tensors = parameters.map { Tensor([$0], shape: []) }
    let key = Tensor.traced(RandomKey.host(0).tensor, TraceRecorder())
    let elbo = try enumeratedELBO(
      { model(tensors) }, { guide(tensors) }, key: RandomKey(tensor: key))
    let keys = Tensor((0..<count).map { Int(RandomKey.hostFoldIn(17, $0)) })
    let slopes = gradient(of: elbo, withRespectTo: tensors)
    let results = batch([elbo] + slopes, over: key, values: keys)
    return (results[0].array(), results.dropFirst().map { $0.array() })
  }

  /// |z| < 5.5 for each mean: one seed in ten million fails.
  private static func expectMeans(
    _ samples: [[Double]], _ exact: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (index, (sample, exact)) in zip(samples, exact).enumerated() {
      let count = Double(sample.count)
      let mean = sample.reduce(0, +) / count
      let variance = sample.reduce(0) { $0 + pow($1 - mean, 2) } / (count - 1)
      let z = (mean - exact) / (variance / count).squareRoot().nextUp
      #expect(
        z.magnitude < 5.5, "\(index): \(mean) instead of \(exact)", sourceLocation: sourceLocation)
    }
  }

  private static func divergence(_ q: Double, _ p: Double) -> Double {
    q * log(q / p) + (1 - q) * log((1 - q) / (1 - p))
  }

  /// A drawn coin upstream of an enumerated one: there are two possible draws, so that the mean of the
  /// estimator is known exactly from one of each.
  @Test func scoreUpstream() throws {
    let (q1, q2) = (0.43, 0.27)
    let (bounds, gradients) = try Self.gradients(64, [q1, q2]) { _ in
      let y = sample("y", Bernoulli(probs: 0.33))
      sample("z", Bernoulli(probs: 0.55 * y + 0.10))
    } _: { p in
      let y = sample("y", Bernoulli(probs: p[0]))
      sample("z", Bernoulli(probs: p[1] * y + 0.10), infer: .enumerate())
    }
    let of = [0.0, 1].map { y in
      log((y == 1 ? 0.33 : 0.67) / (y == 1 ? q1 : 1 - q1))
        - Self.divergence(q2 * y + 0.1, 0.55 * y + 0.1)
    }
    let drawn = try of.map { value in
      try #require(bounds.firstIndex { ($0 - value).magnitude < 1e-12 })
    }
    #expect(bounds.allSatisfy { bound in of.contains { ($0 - bound).magnitude < 1e-12 } })
    let mean = gradients.map { (1 - q1) * $0[drawn[0]] + q1 * $0[drawn[1]] }
    expectClose(mean, [-0.5881558425, 0.4950400895], within: .relative(0, absolute: 2e-10))
  }

  /// A chain of coins in plates, of which every second one is drawn: before, between and after
  /// enumerated ones, inside and outside of the plate.
  ///
  /// The bound and its gradient are means of 100,000 draws; the exact ones are sums over all values.
  @Test func scoreAnywhere() throws {
    let values = [0.4, 0.3, 0.2, -0.3]
    let data: [Double] = [0.3, -0.8, 1.1]
    func model(_ p: [Tensor]) {
      let a = sample("a", Bernoulli(probs: 0.3))
      let b = sample("b", Bernoulli(probs: 0.2 + 0.5 * a))
      plate("rows", 3) {
        let c = sample("c", Bernoulli(probs: 0.6 - 0.4 * b))
        let d = sample("d", Bernoulli(probs: 0.3 + 0.4 * c * a))
        sample("x", Normal(d - c + b, 1), observed: Tensor(data))
      }
    }
    func guide(_ p: [Tensor], _ isDrawn: [Bool]) {
      func infer(_ index: Int) -> InferConfig? { isDrawn[index] ? nil : .enumerate() }
      let a = sample("a", Bernoulli(probs: p[0]), infer: infer(0))
      let b = sample("b", Bernoulli(probs: p[1] + 0.3 * a), infer: infer(1))
      plate("rows", 3) {
        let c = sample("c", Bernoulli(probs: p[2] + 0.4 * b), infer: infer(2))
        sample("d", Bernoulli(logits: p[3] + c - a), infer: infer(3))
      }
    }
    let tensors = values.map { Tensor([$0], shape: []) }
    let elbo = try enumeratedELBO(
      { model(tensors) }, { guide(tensors, [false, false, false, false]) })
    let exact = gradient(of: elbo, withRespectTo: tensors).map { $0.scalar() }
    for isDrawn in [
      [true, false, true, false], [false, true, false, true], [true, true, false, true],
    ] {
      let (bounds, gradients) = try Self.gradients(100_000, values, model) { guide($0, isDrawn) }
      Self.expectMeans([bounds] + gradients, [elbo.scalar()] + exact)
    }
  }

  /// A continuous site drawn for each value of an enumerated one, of the exact posterior: every draw
  /// gives the evidence.
  @Test(arguments: [false, true]) func zeroVariance(_ usesScore: Bool) throws {
    let centers = [-1.0, 2]
    let prior = [0.7, 0.3]
    let joint = zip(prior, centers).map {
      log($0) + normalLogDensity(0.6, $1, 2.0.squareRoot())
    }
    let evidence = logSumExp(joint)
    let (bounds, gradients) = try Self.gradients(500, [log(0.5)]) { _ in
      let z = sample("z", Bernoulli(probs: Tensor(prior[1])))
      let mu = sample("mu", Normal(Tensor(centers)[z.cast(to: .int64)], 1))
      sample("x", Normal(mu, 1), observed: 0.6)
    } _: { p in
      let z = sample(
        "z", Bernoulli(probs: Tensor(exp(joint[1] - evidence))), infer: .enumerate())
      let center = Tensor(centers)[z.cast(to: .int64)]
      sample(
        "mu", Normal((center + 0.6) / 2, exp(0.5 * p[0])), infer: usesScore ? .scoreFunction : nil)
    }
    expectClose(bounds, bounds.map { _ in evidence }, within: .relative(1e-12))
    // At the optimum the gradient is 0 on average; of a score function it has no variance either,
    // once the constant bound times the mean-zero score is taken off.
    if usesScore { return }
    Self.expectMeans(gradients, [0])
  }

  /// Draws of a continuous site, reparameterised and scored, have the same mean gradient.
  @Test func scoreOfContinuous() throws {
    for usesScore in [false, true] {
      let (bounds, gradients) = try Self.gradients(100_000, [0.3, 0.2]) { _ in
        let mu = sample("mu", Normal(0, 1))
        let z = sample("z", Bernoulli(probs: 0.4))
        sample("x", Normal(mu + z, 1), observed: 1.2)
      } _: { p in
        let mu = sample("mu", Normal(p[0], 0.8), infer: usesScore ? .scoreFunction : nil)
        sample("z", Bernoulli(logits: p[1] * mu), infer: .enumerate())
      }
      // By Gauss-Hermite quadrature of the inner sum, here as a fine trapezoidal sum.
      func bound(_ p: [Double]) -> Double {
        let step = 0.02
        return stride(from: -8.0, through: 8, by: step).reduce(0) { sum, t in
          let mu = p[0] + 0.8 * t
          let q = 1 / (1 + exp(-p[1] * mu))
          let inner = [(0.0, 1 - q, 0.6), (1, q, 0.4)].reduce(0) { sum, each in
            sum + each.1 * (log(each.2 / each.1) + normalLogDensity(1.2, mu + each.0, 1))
          }
          let term = inner + normalLogDensity(mu, 0, 1) - normalLogDensity(mu, p[0], 0.8)
          return sum + step * exp(normalLogDensity(t, 0, 1)) * term
        }
      }
      let exact = [
        slope { bound([0.3 + $0, 0.2]) }, slope { bound([0.3, 0.2 + $0]) },
      ]
      Self.expectMeans([bounds] + gradients, [bound([0.3, 0.2])] + exact)
    }
  }

  /// Several particles of a guide with draws: losses are those of single draws, averaged.
  @Test func particles() throws {
    func make(_ particles: Int) throws -> SVI {
      try SVI(
        {
          let mu = sample("mu", Normal(0, 1))
          plate("rows", 2) {
            let z = sample("z", Bernoulli(probs: 0.4), infer: .enumerate())
            sample("x", Normal(mu + z, 1), observed: [1.2, -0.3])
          }
        },
        guide: { sample("mu", Normal(param("loc", Tensor([0.3], shape: [])), 0.8)) },
        optimizer: PlainDescent(rate: 0), loss: TraceEnumELBO(particles: particles))
    }
    let svi = try make(20_000)
    let loss = try svi.step()
    let fit = try make(1).run(steps: 1, showsProgress: false)
    let (mean, error) = try fit.elbo(particles: 20_000)
    #expect((loss + mean).magnitude < 7 * error)
    #expect(error > 0 && error < 0.02)
  }
}
