import PPL
import TestSupport
import Testing

/// Models and guides that do not go together.
@Suite struct MismatchTests {
  private static func model() {
    let z = sample("z", Normal(0, 1))
    plate("rows", 3) {
      let w = sample("w", Normal(z, 1))
      sample("x", Normal(w, 1), observed: Tensor([1.0, 2, 3]))
    }
  }

  private static func error(
    _ model: @escaping () -> Void = model, _ guide: @escaping () -> Void
  ) -> ModelError? {
    do {
      _ = try SVI(model, guide: guide, optimizer: Adam())
      return nil
    } catch { return error as? ModelError }
  }

  @Test func matching() {
    let error = Self.error {
      plate("others", 3) { _ = sample("w", Normal(0, 1)) }
      sample("z", Normal(0, 1))
    }
    #expect(error == nil)
  }

  @Test func missingInGuide() {
    let error = Self.error { _ = sample("z", Normal(0, 1)) }
    guard case .missingInGuide("w", let model, let guide) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(model.contains("z") && model.contains("observed") && model.contains("[3]"))
    #expect(guide.contains("z") && !guide.contains("w"))
    #expect("\(error!)".contains("\"w\""))
  }

  @Test func missingInModel() {
    let error = Self.error {
      sample("z", Normal(0, 1))
      sample("w", Normal(Tensor.zeros([3]), 1))
      sample("extra", Normal(0, 1))
    }
    guard case .missingInModel("extra", let model, let guide) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(guide.contains("extra") && !model.contains("extra"))
  }

  /// What the model observes is not for the guide to draw.
  @Test func observedInModel() {
    let error = Self.error {
      sample("z", Normal(0, 1))
      sample("w", Normal(Tensor.zeros([3]), 1))
      sample("x", Normal(Tensor.zeros([3]), 1))
    }
    guard case .missingInModel("x", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func shapes() {
    let model = {
      let z = sample("z", Normal(0, 1))
      plate("rows", 3) { _ = sample("w", Normal(z, 1)) }
    }
    let error = Self.error(model) {
      sample("z", Normal(0, 1))
      sample("w", Normal(Tensor.zeros([3, 3]), 1))
    }
    #expect(isMisfit(error, model: [3], guide: [3, 3]))
    #expect("\(error!)".contains("[3]") && "\(error!)".contains("[3, 3]"))
    let scalar = Self.error(model) {
      sample("z", Normal(0, 1))
      sample("w", Normal(0, 1))
    }
    #expect(isMisfit(scalar, model: [3], guide: []))
  }

  /// Also where the model would trip over the guide's value further down.
  @Test func shapesThatBreakTheModel() {
    let error = Self.error {
      sample("z", Normal(0, 1))
      sample("w", Normal(Tensor.zeros([4]), 1))
    }
    #expect(isMisfit(error, model: [3], guide: [4]))
    // The first of two, and the event's shape counts too.
    let events = Self.error(
      {
        let w = sample("w", Normal(Tensor.zeros([2]), 1).toEvent(1))
        let v = sample("v", Normal(w, 1).toEvent(1))
        sample("x", Normal(v, 1).toEvent(1), observed: Tensor([1.0, 2]))
      },
      {
        sample("v", Normal(Tensor.zeros([3]), 1).toEvent(1))
        sample("w", Normal(Tensor.zeros([5]), 1).toEvent(1))
      })
    #expect(isMisfit(events, model: [2], guide: [5]))
  }

  /// Also when guide and model come to disagree only later.
  @Test func shapesThatBreakTheModelLater() throws {
    let rows = Counter()
    let svi = try SVI(
      Self.model,
      guide: {
        sample("z", Normal(param("loc", Tensor([0.0], shape: [])), 1))
        sample("w", Normal(Tensor.zeros([rows.value]), 1))
      }, optimizer: Adam())
    try svi.step()
    rows.value = 4
    let step = #expect(throws: ModelError.self) { try svi.step() }
    #expect(isMisfit(step, model: [3], guide: [4]))
    let run = #expect(throws: ModelError.self) { try svi.run(steps: 1, showsProgress: false) }
    #expect(isMisfit(run, model: [3], guide: [4]))
    rows.value = 3
    try svi.step()
  }

  private final class Counter { var value = 3 }

  @Test func discreteInAutomaticGuides() throws {
    let model = {
      let p = sample("p", Normal(0, 1))
      sample("heads", Bernoulli(logits: p))
    }
    for guide: any Guide in [DiagonalNormalGuide(), MultivariateNormalGuide()] {
      #expect(throws: ModelError.discreteSite("heads")) { try Self.make(model, guide) }
    }
  }

  private static func make(_ model: @escaping () -> Void, _ guide: some Guide) throws -> SVI {
    try SVI(model, guide, optimizer: Adam())
  }

  @Test func discreteInGuide() {
    let model = { _ = sample("heads", Bernoulli(probs: 0.5)) }
    let guide = { _ = sample("heads", Bernoulli(probs: param("p", Tensor([0.4], shape: [])))) }
    #expect(throws: ModelError.notReparameterized("heads")) {
      try SVI(model, guide: guide, optimizer: Adam(), loss: TraceMeanFieldELBO())
    }
  }

  @Test func noLatentSites() {
    let model = { _ = sample("x", Normal(0, 1), observed: 1) }
    for guide: any Guide in [DiagonalNormalGuide(), MultivariateNormalGuide()] {
      #expect(throws: ModelError.noLatentSites) { try Self.make(model, guide) }
    }
  }

  /// Without latent sites an empty guide fits the model's parameters: maximum likelihood.
  @Test func emptyGuide() throws {
    let svi = try SVI(
      {
        let loc = param("loc", Tensor([0.0], shape: []))
        plate("rows", 3) { _ = sample("x", Normal(loc, 1), observed: Tensor([1.0, 2, 6])) }
      }, guide: {}, optimizer: Adam(.cosine(0.2, steps: 300)))
    try svi.run(steps: 300, showsProgress: false)
    #expect((svi.parameters.scalar("loc") - 3).magnitude < 1e-3)
  }

  @Test func duplicates() {
    for (model, guide) in [
      (
        {
          Self.model()
          sample("z", Normal(0, 1))
        }, Self.model
      ),
      (
        Self.model,
        {
          sample("z", Normal(0, 1))
          sample("z", Normal(0, 1))
        }
      ),
    ] as [(() -> Void, () -> Void)] {
      guard case .duplicateSite("z", let table) = Self.error(model, guide) else {
        Issue.record("no error")
        continue
      }
      #expect(table.contains("z"))
    }
  }

  /// Every error says what it is about.
  @Test func descriptions() {
    let errors: [(ModelError, [String])] = [
      (.duplicateSite("a", table: "TABLE"), ["\"a\"", "TABLE"]),
      (.missingInGuide("a", model: "MODEL", guide: "GUIDE"), ["\"a\"", "MODEL", "GUIDE"]),
      (.missingInModel("a", model: "MODEL", guide: "GUIDE"), ["\"a\"", "MODEL", "GUIDE"]),
      (
        .shapeMismatch("a", model: [2], guide: [3], table: "TABLE"),
        ["\"a\"", "[2]", "[3]", "TABLE"]
      ),
      (
        .plateMismatch(
          "a", model: .init(name: "a", size: 9, axis: -1, count: 4),
          guide: .init(name: "a", size: 9, axis: -1, count: 5)), ["\"a\"", "4 of 9", "5 of 9"]
      ),
      (.discreteSite("a"), ["\"a\"", "discrete"]), (.noLatentSites, ["no latent"]),
      (.notReparameterized("a"), ["\"a\""]), (.notFinite(step: 7, site: "a"), ["\"a\"", "7"]),
    ]
    for (error, parts) in errors {
      for part in parts { #expect("\(error)".contains(part), "\(error)") }
    }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? SVI(
          Self.model, DiagonalNormalGuide(), optimizer: Adam(), loss: TraceELBO(particles: 0))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? SVI(Self.model, DiagonalNormalGuide(), optimizer: Adam(), dtype: .int64)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = DiagonalNormalGuide(start: .at(scale: 0))
      })
  }
}

/// Whether an error is that of site "w" with these shapes in model and guide, and shows both.
private func isMisfit(_ error: ModelError?, model: Shape, guide: Shape) -> Bool {
  guard case .shapeMismatch("w", model, guide, let table) = error else { return false }
  return table.contains("w")
}
