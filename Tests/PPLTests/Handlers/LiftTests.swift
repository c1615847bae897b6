import PPL
import TestSupport
import Testing

@Suite struct LiftTests {
  private static func model() {
    let loc = param("loc", 0.5)
    let scale = param("scale", 2, constraint: .positive)
    sample("x", Normal(loc + param("loc", 0.5), scale), observed: 1)
  }

  private static func record<Result>(_ model: () throws -> Result) throws -> Trace {
    try seeded(key: RandomKey(1)) { try trace(model) }
  }

  /// A lifted parameter is a latent site, drawn once however often it is met; others remain.
  @Test func lifts() throws {
    let record = try Self.record { lift(["loc": Normal(3, 0.1)], Self.model) }
    let loc = try #require(record["loc"])
    #expect(loc.kind == .sample && !loc.isObserved)
    #expect(record["scale"]?.kind == .param)
    let value = loc.value!.scalar()
    let expected = normalLogDensity(value, 3, 0.1) + normalLogDensity(1, 2 * value, 2)
    expectClose(record.logProbSum(), [expected], within: .relative(1e-13))
  }

  @Test func byRule() throws {
    let record = try Self.record {
      lift(by: { $0.declaration?.constraint == .positive ? LogNormal(0, 1) : nil }, Self.model)
    }
    #expect(record["loc"]?.kind == .param && record["scale"]?.kind == .sample)
  }

  /// A parameter of the name of a site is one of two sites of a name, whatever else is lifted.
  @Test func namesOfSites() {
    #expect(throws: ModelError.self) {
      try Self.record {
        lift(["loc": Normal(0, 1)]) {
          sample("z", Normal(param("loc", 0), 1))
          return param("z", 5)
        }
      }
    }
  }

  /// Each run draws anew.
  @Test func runsApart() throws {
    let draws = try [1, 2].map { key in
      try seeded(key: RandomKey(key)) {
        try trace { lift(["loc": Normal(0, 1)], Self.model) }
      }["loc"]!.value!.scalar()
    }
    #expect(draws[0] != draws[1])
  }

  /// A parameter with a prior can be conditioned, and fitted by a guide.
  @Test func fits() throws {
    let conditioned = try Self.record {
      condition(["loc": 2]) { lift(["loc": Normal(3, 0.1)], Self.model) }
    }
    #expect(conditioned["loc"]?.isObserved == true)
    let svi = try SVI(
      { lift(["loc": Normal(0, 1)], Self.model) }, DiagonalNormalGuide(), optimizer: Adam(0.1))
    #expect(try svi.step().isFinite)
    #expect(Set(svi.parameters.names) == ["auto_loc", "auto_scale", "scale"])
  }
}
