import PPL
import TestSupport
import Testing

/// Observing sites, drawing them again, and giving them values: what each does to densities.
@Suite struct ConditionTests {
  private static func model() {
    let z = sample("z", Normal(0.5, 2))
    let y = sample("y", Normal(z, 0.7))
    sample("x", Normal(y, 1.1), observed: 0.3)
  }

  private static func record<Result>(_ model: () throws -> Result) throws -> Trace {
    try seeded(key: RandomKey(5)) { try trace(model) }
  }

  @Test func conditionObserves() throws {
    let record = try Self.record { condition(["y": 1.5, "nothing": 2], Self.model) }
    let (z, y) = (try #require(record["z"]), try #require(record["y"]))
    #expect(!z.isObserved && y.isObserved)
    expectClose(y.value!, [1.5])
    let expected =
      normalLogDensity(z.value!.scalar(), 0.5, 2) + normalLogDensity(1.5, z.value!.scalar(), 0.7)
      + normalLogDensity(0.3, 1.5, 1.1)
    expectClose(record.logProbSum(), [expected], within: .relative(1e-13))
  }

  /// The last word is the outermost, also over the data in the model.
  @Test func outerWins() throws {
    let record = try Self.record {
      condition(["y": 1, "x": 7]) { condition(["y": 2, "z": 3], Self.model) }
    }
    #expect(record.sites.map { $0.value!.scalar() } == [3, 1, 7])
    #expect(record.sites.map(\.isObserved).allSatisfy { $0 })
  }

  @Test func byTrace() throws {
    let first = try Self.record(Self.model)
    let second = try Self.record { condition(first, Self.model) }
    #expect(second.sites.map(\.isObserved).allSatisfy { $0 })
    expectClose(second.logProbSum(), [first.logProbSum().scalar()], within: .relative(1e-14))
  }

  @Test func insidePlates() throws {
    let record = try Self.record {
      condition(["w": 4, "v": Tensor([1.0, 2, 3])]) {
        plate("rows", 3) {
          sample("w", Normal(0, 1))
          sample("v", Normal(0, 1))
        }
      }
    }
    expectClose(
      record.logProbSum(),
      [3 * normalLogDensity(4, 0, 1) + [1, 2, 3].map { normalLogDensity($0, 0, 1) }.reduce(0, +)],
      within: .relative(1e-14))
  }

  @Test func misfit() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? Self.record {
          condition(["y": Tensor.zeros([3])]) {
            plate("rows", 2) { _ = sample("y", Normal(0, 1)) }
          }
        }
      })
  }

  @Test func uncondition() throws {
    let record = try Self.record { PPL.uncondition(Self.model) }
    let x = try #require(record["x"])
    #expect(!x.isObserved)
    #expect(x.value!.scalar() != 0.3)
    let again = try Self.record { condition(["x": 0.9]) { PPL.uncondition(Self.model) } }
    #expect(again["x"]!.isObserved && again["x"]!.value!.scalar() == 0.9)
  }

  /// A factor is no data: it stays.
  @Test func unconditionKeepsFactors() throws {
    let record = try Self.record { PPL.uncondition { factor("penalty", -3) } }
    expectClose(record.logProbSum(), [-3])
  }

  @Test func substituteLeavesLatent() throws {
    let record = try Self.record {
      substitute(["y": 1.5, "scale": 2]) {
        let scale = param("scale", 1, constraint: .positive)
        sample("y", Normal(0, scale))
      }
    }
    let y = try #require(record["y"])
    #expect(!y.isObserved && y.value!.scalar() == 1.5)
    expectClose(record.logProbSum(), [normalLogDensity(1.5, 0, 2)], within: .relative(1e-14))
  }

  @Test func substituteByRule() throws {
    let record = try Self.record {
      substitute(by: { $0.kind == .param ? Tensor(floatLiteral: 3) : nil }) {
        sample("y", Normal(param("loc", 1), param("scale", 1, constraint: .positive)))
      }
    }
    expectClose(
      record.logProbSum(), [normalLogDensity(record["y"]!.value!.scalar(), 3, 3)],
      within: .relative(1e-13))
  }

  /// The subset of a plate can be given, too.
  @Test func substituteSubset() throws {
    let record = try Self.record {
      substitute(["rows": Tensor([4, 0])]) {
        plate("rows", 5, subsampleSize: 2) { index in
          sample("x", Normal(0, 1), observed: Tensor([10.0, 11, 12, 13, 14]).gathered(index))
        }
      }
    }
    expectClose(record["x"]!.value!, [14, 10])
  }

  /// Tracing, conditioning and replaying in either order give the same trace.
  @Test func commutes() throws {
    let other = try seeded(key: RandomKey(9)) { try trace(Self.model) }
    let data: [String: Tensor] = ["y": 1.5]
    let a = try Self.record { condition(data) { replay(Self.model, other) } }
    let b = try Self.record { replay({ condition(data, Self.model) }, other) }
    #expect(a.sites.map { $0.value!.scalar() } == b.sites.map { $0.value!.scalar() })
    #expect(a.sites.map(\.isObserved) == b.sites.map(\.isObserved))
    #expect(a["z"]!.value!.scalar() == other["z"]!.value!.scalar())
    // Doing it twice is doing it once.
    let c = try Self.record { condition(data) { condition(data) { replay(Self.model, other) } } }
    expectClose(c.logProbSum(), [a.logProbSum().scalar()])
  }
}
