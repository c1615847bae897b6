import PPL
import TestSupport
import Testing

@Suite struct HandlerTests {
  private struct Stop: Error {}

  /// A site passes the innermost handler first on its way out, and last on its way back.
  @Test func order() {
    let log = Journal<String>()
    let inner = Recorder("inner", log)
    let middle = Recorder("middle", log)
    let outer = Recorder("outer", log)
    seeded(key: RandomKey(1)) {
      handle(
        { handle({ handle({ _ = sample("x", Normal(0, 1)) }, with: inner) }, with: middle) },
        with: outer)
    }
    #expect(
      log.all == [
        "inner > x", "middle > x", "outer > x", "outer < x", "middle < x", "inner < x",
      ])
  }

  /// The value is there on the way back, not on the way out.
  @Test func valueOnTheWayBack() {
    struct Check: Handler {
      let log: Journal<Bool>
      func process(_ site: inout Site) { log.append(site.value == nil) }
      func postprocess(_ site: inout Site) { log.append(site.value != nil) }
    }
    let log = Journal<Bool>()
    seeded(key: RandomKey(1)) { handle({ _ = sample("x", Normal(0, 1)) }, with: Check(log: log)) }
    #expect(log.all == [true, true])
  }

  /// Outer handlers come later, so theirs is the last word.
  @Test func outerOverrides() {
    let value = handle(
      {
        handle({ sample("x", Normal(0, 1)) }, with: Substitute(values: ["x": Tensor([1.0])]))
      }, with: Substitute(values: ["x": Tensor([2.0])]))
    #expect(value.array() == [2])
  }

  private struct Hide: Handler {
    let name: String
    func process(_ site: inout Site) { if site.name == name { site.isHidden = true } }
  }

  /// A hidden site ends at the handler that hides it; those inside still see it both ways.
  @Test func hiddenSites() throws {
    let log = Journal<String>()
    let record = try trace {
      handle(
        {
          handle(
            {
              seeded(key: RandomKey(1)) {
                _ = sample("x", Normal(0, 1))
                _ = sample("y", Normal(0, 1))
              }
            }, with: Recorder("inner", log))
        }, with: Hide(name: "x"))
    }
    #expect(record.sites.map(\.name) == ["y"])
    #expect(log.all == ["inner > x", "inner < x", "inner > y", "inner < y"])
  }

  @Test func handlersEndWithTheirBody() throws {
    let log = Journal<String>()
    #expect(throws: Stop.self) {
      try handle({ throw Stop() }, with: Recorder("gone", log))
    }
    seeded(key: RandomKey(1)) { _ = sample("x", Normal(0, 1)) }
    #expect(log.all.isEmpty)
  }

  /// A body that throws deep inside leaves nothing installed.
  @Test func throwingThroughPlatesAndTraces() throws {
    let model = {
      try plate("a", 2) {
        _ = sample("x", Normal(0, 1))
        throw Stop()
      }
    }
    #expect(throws: Stop.self) { try seeded(key: RandomKey(1)) { try trace(model) } }
    let after = try seeded(key: RandomKey(1)) { try trace { _ = sample("x", Normal(0, 1)) } }
    #expect(after["x"]?.plates == [] && after["x"]?.value?.shape == [])
  }

  @Test func resultsComeBack() {
    let number = handle({ 42 }, with: Substitute(values: [:]))
    #expect(number == 42)
  }

  // MARK: Handlers written by a user

  /// Turns a latent site into an observation.
  private struct Observe: Handler {
    let name: String
    let data: Tensor

    func process(_ site: inout Site) {
      guard site.name == name else { return }
      site.value = data
      site.isObserved = true
    }
  }

  @Test func conditioning() throws {
    let model = {
      let z = sample("z", Normal(0, 1))
      sample("x", Normal(z, 1))
    }
    let record = try seeded(key: RandomKey(3)) {
      try trace { handle(model, with: Observe(name: "x", data: Tensor([0.25], shape: []))) }
    }
    let z = try #require(record["z"]?.value).scalar()
    #expect(record["x"]?.isObserved == true && record["z"]?.isObserved == false)
    expectClose(
      [record.logProbSum().scalar()],
      [normalLogDensity(z, 0, 1) + normalLogDensity(0.25, z, 1)], within: .relative(1e-14))
  }

  private struct Scale: Handler {
    let factor: Double
    func process(_ site: inout Site) { site.scale *= factor }
  }

  /// Factors multiply, from handler to handler, and count in the sum.
  @Test func scaling() throws {
    let model = { _ = sample("x", Normal(0, 1), observed: 0.5) }
    let record = try trace {
      handle({ handle(model, with: Scale(factor: 3)) }, with: Scale(factor: 0.5))
    }
    #expect(record["x"]?.scale == 1.5)
    expectClose(
      [record.logProbSum().scalar()], [1.5 * normalLogDensity(0.5, 0, 1)],
      within: .relative(1e-14))
  }

  /// Replaces a prior.
  private struct Widen: Handler {
    func process(_ site: inout Site) {
      if site.kind == .sample { site.distribution = Normal(0, 100) }
    }
  }

  @Test func replacedDistributions() throws {
    let record = try seeded(key: RandomKey(4)) {
      try trace { handle({ _ = sample("x", Normal(0, 1e-9)) }, with: Widen()) }
    }
    let x = try #require(record["x"]?.value).scalar()
    #expect(x.magnitude > 1e-3)
    expectClose(
      [record.logProbSum().scalar()], [normalLogDensity(x, 0, 100)], within: .relative(1e-12))
  }

  // MARK: Concurrency

  /// Each task has the handlers it was started under.
  @Test func tasks() async {
    func draws(_ key: Int) -> [Double] {
      seeded(key: RandomKey(key)) {
        (0..<50).map { sample("x\($0)", Normal(0, 1)).scalar() }
      }
    }
    let results = await withTaskGroup(of: (Int, [Double]).self) { group in
      for key in 0..<8 { group.addTask { (key, draws(key)) } }
      return await group.reduce(into: [Int: [Double]]()) { $0[$1.0] = $1.1 }
    }
    for key in 0..<8 { #expect(results[key] == draws(key)) }
  }

  // MARK: Without handlers

  /// A model run on its own traps and says what to do.
  @Test func withoutHandlers() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = sample("height", Normal(0, 1)) }
    expectTrap(result, "\"height\" outside any handler", "seeded(")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = param("w", Tensor([1.0]))
      })
  }

  /// Handlers without a key cannot make a draw out of nothing.
  @Test func withoutKey() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? trace { _ = sample("x", Normal(0, 1)) }
      })
  }
}
