import Foundation
import TestSupport
import Testing

@testable import PPL

/// What holds for every guide over continuous sites.
@Suite struct GuideLawTests {
  /// Sites of every kind of support, scalars, vectors, plates, none observed.
  private static let prior: @Sendable () -> Void = {
    let a = sample("a", Normal(0.3, 0.7))
    sample("b", LogNormal(0, 0.5))
    plate("rows", 2) { _ = sample("c", Beta(6, 5)) }
    sample("d", Dirichlet(Tensor([6.0, 5, 8])))
    sample("e", TransformedDistribution(Beta(5, 4), [Affine(shift: -1, scale: 4)]))
    sample("f", Normal(a, 0.6))
    deterministic("g", 2 * a)
  }

  private static func fit(
    _ guide: GuideCase, _ start: GuideStart, steps: Int = 0, dtype: DType = .float64, seed: Int = 1
  ) throws -> (svi: SVI, result: SVIResult) {
    let svi = try SVI(
      prior, guide.make(start), optimizer: Adam(0.02), loss: TraceELBO(particles: 4),
      dtype: dtype, seed: seed)
    return (svi, try svi.run(steps: steps, showsProgress: false))
  }

  /// E_q[p(z) / q(z)] = ∫ p = 1 over the model's own density, which has no data: log q of a guide's
  /// draws is its density in the space of the sites, Jacobians and all, away from the start. 40,000
  /// draws, |z| < 4.9: one false alarm in a million; a log density off by 0.03 is caught.
  @Test(arguments: GuideCase.densities) func densityOfDraws(_ guide: GuideCase) throws {
    let fit = try Self.fit(guide, .at(scale: 1.3), steps: 10).result
    let weights = try fit.importance(draws: 40_000).logWeights.map(exp)
    let mean = weights.reduce(0, +) / Double(weights.count)
    let squares = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let sd = (squares / Double(weights.count)).squareRoot()
    #expect(sd < 6 && sd > 0.01, "\(sd)")
    #expect(isPlausible(mean, 1, sd: sd, count: weights.count), "\(mean) ± \(sd)")
  }

  /// Draws have the shapes and lie in the supports of the model's.
  @Test(arguments: GuideCase.densities, [DType.float64, .float32])
  func draws(_ guide: GuideCase, _ dtype: DType) throws {
    let fit = try Self.fit(guide, .gaussian(), steps: 3, dtype: dtype).result
    #expect(fit.losses.allSatisfy { $0.isFinite })
    let record = try seeded(key: RandomKey(1)) { try trace(Self.prior) }
    let draws = try fit.samplePosterior(50)
    #expect(draws.map(\.name) == ["a", "b", "c", "d", "e", "f", "g"])
    for (name, values) in draws {
      let site = try #require(record[name])
      #expect(values.dtype == dtype)
      #expect(values.shape == [50] + (site.value?.shape ?? []), "\(name)")
      guard let support = site.distribution?.support else { continue }
      #expect(support.contains(values).boolArray().allSatisfy { $0 }, "\(name)")
    }
  }

  /// A guide started elsewhere, with another seed, is the saved one after loading it, bit for bit: also
  /// what its parameters are relative to.
  @Test(arguments: GuideCase.densities) func saveAndLoad(_ guide: GuideCase) throws {
    let path = NSTemporaryDirectory() + "guide-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (svi, result) = try Self.fit(guide, .gaussian(), steps: 3)
    try svi.save(to: path)
    let (other, fresh) = try Self.fit(guide, .gaussian(from: .uniform(radius: 1)), seed: 2)
    func bits(_ fit: SVIResult) throws -> [[UInt64]] {
      try fit.samplePosterior(5).map { $0.draws.array().map(\.bitPattern) }
    }
    #expect(try bits(fresh) != bits(result))
    try other.load(from: path)
    #expect(try bits(other.run(steps: 0, showsProgress: false)) == bits(result))
    #expect(
      try other.run(steps: 5, showsProgress: false).losses
        == svi.run(steps: 5, showsProgress: false).losses)
  }

  /// Steps one by one and a run make the same fit.
  @Test(arguments: GuideCase.densities) func stepAndRun(_ guide: GuideCase) throws {
    let (stepped, _) = try Self.fit(guide, .gaussian())
    let (ran, _) = try Self.fit(guide, .gaussian())
    let losses = try (0..<4).map { _ in try stepped.step() }
    #expect(try ran.run(steps: 4, showsProgress: false).losses == losses)
  }

  /// Closed-form quantiles against those of 40,000 draws: within 4.9 standard errors, about; rising
  /// with the probability; the median is the middle one.
  @Test(arguments: GuideCase.densities) func quantiles(_ guide: GuideCase) throws {
    let fit = try Self.fit(guide, .gaussian(), steps: 20).result
    let probabilities = [0.1, 0.5, 0.9]
    let exact = try fit.quantiles(probabilities)
    let median = try fit.median()
    let draws = try fit.samplePosterior(40_000, seed: 3)
    for ((name, values), (_, sampled)) in zip(exact, draws) {
      let rows = values.reshaped(to: [3, values.count / 3]).rows()
      let columns = sampled.reshaped(to: [40_000, sampled.count / 40_000]).transposed().rows()
      for (index, column) in columns.enumerated() {
        #expect(rows[0][index] < rows[1][index] && rows[1][index] < rows[2][index], "\(name)")
        for (row, probability) in zip(rows, probabilities) {
          let below = Double(column.count { $0 < row[index] }) / 40_000
          let sd = (probability * (1 - probability)).squareRoot()
          // Quantiles that are themselves of draws are off by twice as much.
          #expect(
            isPlausible(below, probability, sd: 2.5 * sd, count: 40_000),
            "\(name) \(below) for \(probability)")
        }
      }
      let middle = try #require(median.first { $0.name == name })
      expectClose(middle.value.flattened(), rows[1], within: .relative(1e-12))
    }
  }

  // MARK: Errors

  @Test(arguments: GuideCase.densities.prefix(6)) func unsuitableModels(_ guide: GuideCase) {
    func error(_ model: @escaping () -> Void) -> ModelError? {
      do {
        _ = try SVI(model, guide.make(.gaussian()), optimizer: Adam())
        return nil
      } catch { return error as? ModelError }
    }
    #expect(error { sample("x", Normal(0, 1), observed: 1) } == .noLatentSites)
    #expect(error { _ = sample("coin", Bernoulli(probs: 0.5)) } == .discreteSite("coin"))
    #expect("\(ModelError.noLatentSites)".contains("empty guide"))
    #expect("\(ModelError.discreteSite("coin"))".contains("DiscreteParallelGuide"))
  }
}
