import PPL
import TestSupport
import Testing

/// Data of which only some is known.
@Suite struct MissingDataTests {
  private static let data = Tensor([0.5, 99, -1])
  private static let known = Tensor([true, false, true])

  private static func record<Result>(_ model: () throws -> Result) throws -> Trace {
    try seeded(key: RandomKey(3)) { try trace(model) }
  }

  /// What is known conditions, what is not is drawn; the value has either.
  @Test func numbers() throws {
    let record = try Self.record {
      plate("rows", 3) {
        let x = sample("x", Normal(0.2, 1.5), observed: Self.data, observedMask: Self.known)
        deterministic("twice", 2 * x)
      }
    }
    #expect(record.sites.map(\.name) == ["x_observed", "x_unobserved", "x", "twice"])
    #expect(record["x_observed"]!.isObserved && !record["x_unobserved"]!.isObserved)
    #expect(record["x"]!.kind == .deterministic)
    let drawn = record["x_unobserved"]!.value!.array()
    #expect(record["x"]!.value!.array() == [0.5, drawn[1], -1])
    #expect(record["twice"]!.value!.array() == [1, 2 * drawn[1], -2])
    func density(_ x: Double) -> Double { normalLogDensity(x, 0.2, 1.5) }
    expectClose(
      record["x_observed"]!.computedLogProb(), [density(0.5), 0, density(-1)],
      within: .relative(1e-14))
    expectClose(
      record["x_unobserved"]!.computedLogProb(), [0, density(drawn[1]), 0],
      within: .relative(1e-14))
  }

  /// A vector is known or not as a whole; one mask may do for all copies.
  @Test func vectors() throws {
    let rows = Tensor([1.0, 2, 3, 4], shape: [2, 2])
    for isKnown in [[false, true], [true, true]] {
      let mask = isKnown[0] ? Tensor(true) : Tensor(isKnown)
      let record = try Self.record {
        plate("rows", 2) {
          _ = sample(
            "x", Normal(Tensor.zeros([2]), 1).toEvent(1), observed: rows, observedMask: mask)
        }
      }
      let (x, drawn) = (record["x"]!.value!.array(), record["x_unobserved"]!.value!.array())
      for place in 0..<4 {
        #expect(x[place] == (isKnown[place / 2] ? Double(place + 1) : drawn[place]))
      }
    }
  }

  /// What is fitted to known data alone, the missing one guided: its best guess is the prior's.
  @Test func fits() throws {
    let fit = try fit(
      {
        let loc = sample("loc", Normal(0, 1))
        plate("rows", 3) {
          _ = sample("x", Normal(loc, 1), observed: Self.data, observedMask: Self.known)
        }
      }, steps: 1500, seed: 2, showsProgress: false)
    let summary = try fit.summary(draws: 50_000)
    // Two data with the sum −½: loc ~ N(−1/6, √⅓), and the missing one ~ N(loc, 1).
    let (loc, x) = (try #require(summary["loc"]), try #require(summary["x[1]"]))
    #expect((loc.mean + 1.0 / 6).magnitude < 0.02 && (x.mean + 1.0 / 6).magnitude < 0.04)
    #expect((loc.standardDeviation - (1.0 / 3).squareRoot()).magnitude < 0.02)
    #expect((x.standardDeviation - (4.0 / 3).squareRoot()).magnitude < 0.04)
    #expect(try #require(summary["x[0]"]).standardDeviation == 0)
  }

  @Test func misuse() async {
    await #expect(processExitsWith: .failure) {
      _ = try? Self.record {
        sample(
          "x", Normal(Tensor.zeros([3]), 1), observed: Self.data,
          observedMask: Tensor([true, false]))
      }
    }
  }
}
