import TestSupport
import Testing

@testable import PPL

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

  /// Losses with noise of standard deviation 1 around a level: the middle half of these is 1.35 wide.
  @Test func risenLosses() {
    var generator = SeededGenerator(seed: 3)
    func losses(_ count: Int, _ level: (Int) -> Double) -> [Double] {
      let noise = generator.uniform(count, in: -3.0.squareRoot()...3.0.squareRoot())
      return (0..<count).map { level($0) + noise[$0] }
    }
    #expect(FitWarning.risenLoss(losses(2000) { _ in 5 }) == nil)
    #expect(FitWarning.risenLoss(losses(2000) { 100 - 0.05 * Double($0) }) == nil)
    // A burst that is over does no harm, nor does one in which few steps end.
    #expect(FitWarning.risenLoss(losses(2000) { (900..<1100).contains($0) ? 1e6 : 5 }) == nil)
    #expect(FitWarning.risenLoss(losses(2000) { $0 > 1970 ? 1e6 : 5 }) == nil)
    #expect(FitWarning.risenLoss(losses(2000) { $0 > 1000 ? 8 : 5 }) == nil)
    guard
      case .risenLoss(let from, let to)? = FitWarning.risenLoss(
        losses(2000) { $0 > 1000 ? 20 : 5 })
    else {
      Issue.record("no warning")
      return
    }
    #expect((from - 5).magnitude < 0.8 && (to - 20).magnitude < 0.8)
    // The lowest losses count, not the first ones, which were higher than the last.
    let afterFall = losses(2000) { $0 < 200 ? 200 : $0 < 1000 ? 5 : 20 }
    #expect(FitWarning.risenLoss(afterFall) != nil)
    // Numbers that are none do not count; a rise of less than a nat is none.
    let gaps = losses(2000) { $0 > 1000 ? 20 : 5 }.enumerated().map {
      $0.offset % 3 == 0 ? .nan : $0.element
    }
    #expect(FitWarning.risenLoss(gaps) != nil)
    #expect(FitWarning.risenLoss((0..<2000).map { $0 > 1000 ? 0.5 : 0 }) == nil)
    #expect(FitWarning.risenLoss((0..<399).map { Double($0) }) == nil)
    #expect(FitWarning.risenLoss([Double](repeating: .nan, count: 1000)) == nil)
  }

  /// A rate that ruins the fit in its second half.
  @Test func lostFits() throws {
    func warnings(_ late: Double) throws -> [FitWarning] {
      let rate = LearningRate { step in `where`(step .< 500, 0.05, Tensor(floatLiteral: late)) }
      return try SVI(
        { _ = sample("z", Normal(0, 1)) },
        guide: { sample("z", Normal(param("loc", 1), 1)) }, optimizer: Adam(rate), seed: 1
      ).run(steps: 1000, showsProgress: false).warnings
    }
    #expect(try warnings(0.05).isEmpty)
    #expect(try warnings(20).count == 1)
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
      (.risenLoss(from: 31.4567, to: 1165), ["31.46", "1165", "beta2"]),
      (.skippedSteps(3, of: 40), ["3 of 40"]), (.notConverged(iterations: 7), ["7 iterations"]),
      (.returned(times: 1), ["1 time:", "importance()"]), (.returned(times: 3), ["3 times"]),
    ]
    for (warning, parts) in warnings {
      for part in parts { #expect("\(warning)".contains(part), "\(warning)") }
    }
  }
}
