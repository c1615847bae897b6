import PPL
import Testing

/// What fits warn of; model and guide are in the table of those that go together.
@Suite struct FitWarningTests {
  private static func make(reads: Bool = false) throws -> SVI {
    try SVI(
      {
        let z = sample("z", Normal(0, 1))
        if reads { _ = z.scalar() }
        factor("logarithm", log(z))
      }, guide: { sample("z", Normal(param("loc", 0.3), 1)) }, optimizer: Adam(0.001), seed: 1)
  }

  /// Steps without a number are counted, in planned runs and in others.
  @Test(arguments: [false, true]) func skippedSteps(_ reads: Bool) throws {
    let fit = try Self.make(reads: reads).run(steps: 40, showsProgress: false)
    let count = fit.losses.count { !$0.isFinite }
    #expect(count > 5 && count < 35)
    #expect(fit.warnings == [.skippedSteps(count, of: 40)])
  }

  @Test func unfinishedMinimum() throws {
    func model() { _ = sample("z", Normal(3, 0.1)) }
    let guide = DeltaGuide(start: .at())
    let early = try fit(model, guide, by: LBFGS(maxIterations: 1), particles: 1)
    #expect(early.warnings == [.notConverged(iterations: 1)])
    #expect(try fit(model, guide, by: LBFGS(), particles: 1).warnings.isEmpty)
  }

  /// A parameter that a branch leaves out now may be used later.
  @Test func parametersOfBranches() throws {
    let svi = try SVI(
      {
        let z = sample("z", Normal(0, 1))
        let other = param("other", 0)
        if z.scalar() > 100 { factor("f", other) }
      }, guide: { sample("z", Normal(param("loc", 0), 1)) }, optimizer: Adam())
    #expect(try svi.run(steps: 3, showsProgress: false).warnings.isEmpty)
  }

  @Test func descriptions() {
    let warnings: [(FitWarning, [String])] = [
      (.unusedParameter("a"), ["\"a\""]),
      (.differentScales("a", model: 4.5, guide: 1), ["\"a\"", "4.5", "1.0"]),
      (.subsetOfGuide(plate: "a"), ["\"a\""]),
      (.drawnDespiteMark("a"), ["\"a\"", "TraceEnumELBO"]),
      (.skippedSteps(3, of: 40), ["3 of 40"]), (.notConverged(iterations: 7), ["7 iterations"]),
    ]
    for (warning, parts) in warnings {
      for part in parts { #expect("\(warning)".contains(part), "\(warning)") }
    }
  }
}
