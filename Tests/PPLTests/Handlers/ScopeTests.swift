import PPL
import TestSupport
import Testing

@Suite struct ScopeTests {
  private static func record<Result>(_ model: () throws -> Result) throws -> Trace {
    try seeded(key: RandomKey(1)) { try trace(model) }
  }

  /// Outer prefixes come first, and plates are renamed as well.
  @Test func names() throws {
    let record = try Self.record {
      scope("b") {
        plate("M", 2) { _ = sample("y", Normal(0, 1)) }
        scope("a") { plate("N", 3) { _ = sample("x", Normal(0, 1)) } }
      }
      scope("a", divider: ".") {
        plate("N", 4, subsampleSize: 2) { _ in _ = sample("x", Normal(0, 1)) }
      }
    }
    #expect(record.sites.map(\.name) == ["b/y", "b/a/x", "a.N", "a.x"])
    #expect(record.plates.map(\.name) == ["b/M", "b/a/N", "a.N"])
  }

  /// Two copies of one model, side by side, with draws of their own.
  @Test func copies() throws {
    let record = try Self.record {
      for copy in ["left", "right"] { scope(copy) { _ = sample("z", Normal(0, 1)) } }
    }
    #expect(record["left/z"]!.value!.scalar() != record["right/z"]!.value!.scalar())
  }

  /// The parameters of a network carry its name, whatever else it meets does not.
  @Test func modules() throws {
    let network = module("encoder") { x in
      x * param("weight", 2) + sample("noise", Normal(0, 1)) * 0 + mutable("count", 1)
    }
    let record = try Self.record { _ = deterministic("out", network(3)) }
    #expect(record.sites.map(\.name) == ["encoder.weight", "noise", "encoder.count", "out"])
    expectClose(record["out"]!.value!, [7])
  }
}
