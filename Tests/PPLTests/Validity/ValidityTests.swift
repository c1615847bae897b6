import PPL
import Testing

/// Every way of putting a model and a guide together, and what becomes of it.
@Suite struct ValidityTests {
  @Test(arguments: ValidModels.cases + OddModels.cases) func fits(_ subject: ValidityCase) throws {
    func make() throws -> SVI {
      try SVI(
        subject.model, guide: subject.guide, optimizer: Adam(0.001), loss: subject.objective,
        seed: 4)
    }
    let (stepped, ran) = (try make(), try make())
    // What a step reports is what the loss is said to be before it.
    let announced = try stepped.evaluateLoss()
    let loss = try stepped.step()
    #expect(loss.isFinite)
    #expect((announced - loss).magnitude <= 1e-10 * (1 + loss.magnitude))
    let fit = try ran.run(steps: 3, showsProgress: false)
    #expect(fit.losses.allSatisfy { $0.isFinite })
    #expect(fit.warnings == subject.warnings)
  }

  @Test(arguments: InvalidModels.cases) func fails(_ subject: ValidityCase) throws {
    do {
      let svi = try SVI(
        subject.model, guide: subject.guide, optimizer: Adam(), loss: subject.objective)
      try svi.step()
      Issue.record("no error")
    } catch {
      #expect(error is ModelError || error is EnumerationError)
      for word in subject.errorWords { #expect("\(error)".contains(word), "\(error)") }
    }
  }

  /// Guides that make themselves say what they cannot do.
  @Test func automaticGuides() {
    let guides: [any Guide] = [DiagonalNormalGuide(), MultivariateNormalGuide()]
    for guide in guides {
      func error(_ model: @escaping () -> Void) -> ModelError? {
        do {
          _ = try SVI(model, guide, optimizer: Adam())
          return nil
        } catch { return error as? ModelError }
      }
      #expect(error { _ = sample("z", Bernoulli(probs: 0.5)) } == .discreteSite("z"))
      #expect(error { sample("x", Normal(0, 1), observed: 1) } == .noLatentSites)
      #expect(error { _ = sample("z", Normal(0, 1)) } == nil)
    }
  }

  /// The tables hold what they are said to hold.
  @Test func coverage() {
    #expect(ValidModels.cases.count + InvalidModels.cases.count > 400)
    #expect(
      Set((ValidModels.cases + OddModels.cases + InvalidModels.cases).map(\.name)).count > 130)
  }
}
