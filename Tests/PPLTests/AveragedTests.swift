import PPL
import TestSupport
import Testing

@Suite struct AveragedTests {
  /// Means of the iterates 1, 3, 2, 10, from each step on.
  @Test(arguments: [DType.float32, .float64]) func means(_ dtype: DType) {
    let gradients: [[Double]] = [[-1], [-2], [1], [-8]]
    let expected: [[Double]] = [[1, 2, 2, 4], [1, 3, 2.5, 5], [1, 3, 2, 6], [1, 3, 2, 10]]
    for (start, means) in expected.enumerated() {
      let path = SGD(1).averaged(from: start).path(from: [0], gradients, dtype: dtype)
      #expect(path.allSatisfy { $0.dtype == dtype })
      expectClose(
        path.flatMap { $0.array() }, means,
        within: .relative(dtype == .float64 ? 1e-15 : 1e-6), "from \(start)")
    }
  }

  /// The steps are those of the rule itself.
  @Test func stepsGoOnFromTheLast() throws {
    func fit(_ optimizer: some Optimizer) throws -> (raw: ParameterStore, result: SVIResult) {
      let svi = try SVI(
        { _ = sample("z", Normal(3, 1)) }, DiagonalNormalGuide(start: .at()), optimizer: optimizer,
        seed: 2)
      let result = try svi.run(steps: 20, showsProgress: false)
      return (svi.parameters, result)
    }
    let plain = try fit(Adam(0.1))
    let averaged = try fit(Adam(0.1).averaged(from: 10))
    #expect(averaged.raw.values.bits == plain.raw.values.bits)
    #expect(averaged.result.losses == plain.result.losses)
    #expect(averaged.result.parameters.values != averaged.raw.values)
    // The mean is taken of unconstrained values: that of a scale is geometric.
    var mean = (loc: 0.0, logScale: 0.0)
    let svi = try SVI(
      { _ = sample("z", Normal(3, 1)) }, DiagonalNormalGuide(start: .at()), optimizer: Adam(0.1),
      seed: 2)
    for step in 0..<20 {
      try svi.step()
      guard step >= 10 else { continue }
      mean.loc += 0.1 * svi.parameters.scalar("auto_loc")
      mean.logScale += 0.1 * log(Tensor(svi.parameters.scalar("auto_scale"))).scalar()
    }
    let found = averaged.result.parameters
    expectClose([found.scalar("auto_loc")], [mean.loc], within: .relative(1e-12))
    expectClose(
      [found.scalar("auto_scale")], [exp(Tensor(mean.logScale)).scalar()], within: .relative(1e-12))
    // Draws and bounds are those of the reported parameters.
    let draws = try averaged.result.samplePosterior(40_000)[0].draws
    #expect((draws.mean().scalar() - mean.loc).magnitude < 4.9 * found.scalar("auto_scale") / 200)
  }

  /// At a constant rate the iterates jitter about the optimum; their mean does not.
  ///
  /// Over seeds 0 ..< 40 the last iterates' root mean square error was 0.21, the mean's 0.013. With
  /// 16 seeds the test fails less than once in a million, and catches a mean over a few steps only.
  @Test func takesOutTheNoise() throws {
    func error(_ optimizer: some Optimizer, _ seed: Int) throws -> Double {
      let fit = try SVI(
        { _ = sample("z", Normal(3, 1)) },
        guide: { _ = sample("z", Normal(param("loc", Tensor([2.5], shape: [])), 0.5)) },
        optimizer: optimizer, seed: seed
      ).run(steps: 2000, showsProgress: false)
      return fit.parameters.scalar("loc") - 3
    }
    let seeds = 0..<16
    let raw = try seeds.map { try error(SGD(0.3), $0) }
    let averaged = try seeds.map { try error(SGD(0.3).averaged(from: 500), $0) }
    func spread(_ errors: [Double]) -> Double { errors.reduce(0) { $0 + $1 * $1 } }
    #expect(spread(averaged) < 0.1 * spread(raw), "\(averaged) \(raw)")
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = SGD(1).averaged(from: -1)
      })
  }
}
