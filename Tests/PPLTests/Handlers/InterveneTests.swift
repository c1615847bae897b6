import PPL
import TestSupport
import Testing

/// What follows from an intervention, and what does not.
@Suite struct InterveneTests {
  /// w → z → x → y, and z → y.
  private static func chain(_ seen: Journal<Double>) {
    let w = sample("w", Normal(0, 1))
    let z = sample("z", Normal(w, 1))
    let x = sample("x", Normal(z, 1))
    let y = sample("y", Normal(x + z, 1))
    for value in [w, z, x, y] { seen.append(value.scalar()) }
  }

  private static func record<Result>(_ model: () throws -> Result) throws -> Trace {
    try seeded(key: RandomKey(3)) { try trace(model) }
  }

  /// The site keeps its own draw and density; what is computed from it sees the value.
  @Test func splits() throws {
    let seen = Journal<Double>()
    let plain = try Self.record { Self.chain(seen) }
    _ = seen.drain()
    let done = try Self.record { intervene(["z": 5]) { Self.chain(seen) } }
    let values = seen.all
    #expect(values[0] == plain["w"]!.value!.scalar())
    #expect(values[1] == 5)
    #expect(done.sites.map(\.name) == ["w", "z", "x", "y"])
    let z = done["z"]!.value!.scalar()
    #expect(z == plain["z"]!.value!.scalar())
    let expected =
      normalLogDensity(values[0], 0, 1) + normalLogDensity(z, values[0], 1)
      + normalLogDensity(values[2], 5, 1) + normalLogDensity(values[3], values[2] + 5, 1)
    expectClose(done.logProbSum(), [expected], within: .relative(1e-13))
  }

  /// Conditioned on one value and made to take another: the counterfactual world sees the latter, the
  /// densities the former, in either order of the handlers.
  @Test func counterfactual() throws {
    let data: [String: Tensor] = ["w": 1, "z": 1, "x": 1, "y": 1]
    let choice: [String: Tensor] = ["w": 1, "z": 2, "y": 0]
    let (outer, inner) = (Journal<Double>(), Journal<Double>())
    let a = try Self.record { condition(data) { intervene(choice) { Self.chain(outer) } } }
    let b = try Self.record { intervene(choice) { condition(data) { Self.chain(inner) } } }
    for (seen, record) in [(outer, a), (inner, b)] {
      #expect(seen.all == [1, 2, 1, 0])
      #expect(record.sites.map { $0.value!.scalar() } == [1, 1, 1, 1])
      #expect(record.sites.map(\.isObserved).allSatisfy { $0 })
      let expected =
        normalLogDensity(1, 0, 1) + normalLogDensity(1, 1, 1) + normalLogDensity(1, 2, 1)
        + normalLogDensity(1, 3, 1)
      expectClose(record.logProbSum(), [expected], within: .relative(1e-14))
    }
  }

  /// Twice: the program has the inner value, and the site still scores once, as drawn.
  @Test func twice() throws {
    let seen = Journal<Double>()
    let once = try Self.record { intervene(["z": 5]) { Self.chain(Journal()) } }
    let record = try Self.record {
      intervene(["z": 7]) { intervene(["z": 5]) { Self.chain(seen) } }
    }
    #expect(seen.all[1] == 5)
    #expect(record.sites.map(\.name) == ["w", "z", "x", "y"])
    #expect(record.sites.map { $0.value!.scalar() } == once.sites.map { $0.value!.scalar() })
    #expect(record.logProbSum().scalar() == once.logProbSum().scalar())
  }

  /// Within a handler, the value stands at a site of its own.
  @Test func inside() throws {
    var inside = Trace()
    let outside = try Self.record {
      try intervene(["z": 5]) { inside = try trace { Self.chain(Journal()) } }
    }
    #expect(inside["z__CF"]?.value?.scalar() == 5)
    #expect(outside["z__CF"] == nil && outside["z"] != nil)
  }

  @Test func inPlate() throws {
    let record = try Self.record {
      intervene(["z": 5]) {
        plate("rows", 3) {
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: 5)
        }
      }
    }
    #expect(record["z"]?.value?.shape == [3])
    expectClose(
      record["x"]!.computedLogProb(), [Double](repeating: normalLogDensity(0, 0, 1), count: 3),
      within: .relative(1e-14))
  }
}
