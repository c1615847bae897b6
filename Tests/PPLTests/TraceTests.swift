import PPL
import TestSupport
import Testing

@Suite struct TraceTests {
  private static func model() {
    let z = sample("z", Normal(0, 1))
    let scale = param("scale", Tensor([2.0], shape: []), constraint: .positive)
    deterministic("twice", 2 * z)
    sample("x", Normal(z, scale), observed: 0.3)
    factor("bonus", z * 0.5)
  }

  private static func traced(_ body: () throws -> Void = model) throws -> Trace {
    try seeded(key: RandomKey(1)) { try trace(body) }
  }

  @Test func sites() throws {
    let record = try Self.traced()
    #expect(record.sites.map(\.name) == ["z", "scale", "twice", "x", "bonus"])
    #expect(
      record.sites.map(\.kind) == [.sample, .param, .deterministic, .sample, .factor])
    #expect(record.sites.map(\.isObserved) == [false, false, false, true, true])
    let z = try #require(record["z"]?.value).scalar()
    #expect(record["twice"]?.value?.scalar() == 2 * z)
    #expect(record["x"]?.value?.scalar() == 0.3)
    #expect(record["nothing"] == nil)
  }

  /// Σ over samples, observations and factors; other kinds count nothing.
  @Test func logProbSum() throws {
    let record = try Self.traced()
    let z = try #require(record["z"]?.value).scalar()
    let expected = normalLogDensity(z, 0, 1) + normalLogDensity(0.3, z, 2) + 0.5 * z
    expectClose([record.logProbSum().scalar()], [expected], within: .relative(1e-14))
    #expect(try Self.traced {}.logProbSum().scalar() == 0)
  }

  // MARK: Names

  /// The error names the site and shows what was there before.
  @Test func duplicates() {
    let bodies: [() -> Void] = [
      {
        sample("other", Normal(0, 1))
        sample("a", Normal(0, 1))
        sample("a", Normal(0, 1))
      },
      {
        sample("other", Normal(0, 1))
        sample("a", Normal(0, 1))
        deterministic("a", 1)
      },
      {
        sample("other", Normal(0, 1))
        param("a", Tensor([1.0]))
        sample("a", Normal(0, 1))
      },
      {
        sample("other", Normal(0, 1))
        factor("a", 1)
        factor("a", 1)
      },
      {
        sample("other", Normal(0, 1))
        sample("a", Normal(0, 1), observed: 1)
        factor("a", 1)
      },
    ]
    for body in bodies {
      let error = #expect(throws: ModelError.self) { try Self.traced(body) }
      guard case .duplicateSite("a", let table) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(table.contains("other") && "\(error!)".contains("\"a\""))
    }
  }

  /// A parameter may be used twice: it is the same one.
  @Test func parametersTwice() throws {
    let record = try Self.traced {
      param("a", Tensor([1.0]))
      param("a", Tensor([1.0]))
    }
    #expect(record.sites.count == 1)
  }

  /// Long models look names up in another way; it must be the same.
  @Test(arguments: [1, 23, 24, 25, 26, 100]) func manySites(_ count: Int) throws {
    let body = {
      for index in 0..<count { _ = deterministic("site\(index)", Tensor(Double(index))) }
    }
    let record = try Self.traced(body)
    for index in 0..<count {
      #expect(record["site\(index)"]?.value?.scalar() == Double(index))
    }
    #expect(record["site\(count)"] == nil)
    for duplicate in Set([0, count / 2, count - 1]) {
      #expect(throws: ModelError.self) {
        try Self.traced {
          body()
          deterministic("site\(duplicate)", 0)
        }
      }
    }
  }

  // MARK: Together with other handlers

  @Test func nested() throws {
    var inner: Trace?
    let outer = try Self.traced {
      inner = try trace(Self.model)
      _ = sample("after", Normal(0, 1))
    }
    #expect(inner?.sites.map(\.name) == ["z", "scale", "twice", "x", "bonus"])
    #expect(outer.sites.map(\.name) == ["z", "scale", "twice", "x", "bonus", "after"])
    #expect(outer["z"]?.value?.scalar() == inner?["z"]?.value?.scalar())
  }

  @Test func errorsOfTheModel() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try Self.traced { throw Stop() } }
  }

  @Test func table() throws {
    let text = try Self.traced {
      Self.model()
      plate("rows", 3) { _ = sample("row", Normal(Tensor.zeros([3, 2]), 1).toEvent(1)) }
    }.table()
    let lines = text.split(separator: "\n")
    #expect(lines.count == 6)
    #expect(lines[0].contains("z") && lines[0].contains("sample"))
    #expect(lines[3].contains("observed"))
    #expect(lines[5].contains("batch [3] event [2]"))
  }

  // MARK: Replay

  private static func latent() {
    let a = sample("a", Normal(0, 1))
    let b = sample("b", LogNormal(a, 1))
    sample("x", Normal(b, 1), observed: 1.5)
  }

  @Test func replayed() throws {
    let first = try seeded(key: RandomKey(2)) { try trace(Self.latent) }
    let again = try seeded(key: RandomKey(3)) { try trace { replay(Self.latent, first) } }
    for name in ["a", "b"] {
      #expect(again[name]?.value?.scalar() == first[name]?.value?.scalar())
    }
    expectClose(again.logProbSum(), first.logProbSum(), within: .relative(1e-13))
    let fresh = try seeded(key: RandomKey(3)) { try trace(Self.latent) }
    #expect(fresh["a"]?.value?.scalar() != first["a"]?.value?.scalar())
  }

  /// The density is the model's own, whatever the values came from.
  @Test func replayScoresUnderTheModel() throws {
    let guide = try seeded(key: RandomKey(2)) {
      try trace {
        sample("a", Normal(5, 0.1))
        sample("b", LogNormal(1, 0.1))
      }
    }
    let record = try trace { replay(Self.latent, guide) }
    let (a, b) = (guide["a"]!.value!.scalar(), guide["b"]!.value!.scalar())
    let expected =
      normalLogDensity(a, 0, 1) + LogNormal(Tensor(a), 1).logProb(Tensor(b)).scalar()
      + normalLogDensity(1.5, b, 1)
    expectClose([record.logProbSum().scalar()], [expected], within: .relative(1e-13))
  }

  /// Data stay; sites the trace lacks, or has as observations, are drawn anew.
  @Test func replayLeavesTheRest() throws {
    let other = try seeded(key: RandomKey(2)) {
      try trace {
        sample("a", Normal(0, 1))
        sample("x", Normal(0, 1))
        sample("b", LogNormal(0, 1), observed: 123)
      }
    }
    let record = try seeded(key: RandomKey(4)) { try trace { replay(Self.latent, other) } }
    #expect(record["x"]?.value?.scalar() == 1.5 && record["x"]?.isObserved == true)
    #expect(record["a"]?.value?.scalar() == other["a"]?.value?.scalar())
    #expect(record["b"]?.value?.scalar() != 123)
  }

  @Test func replayIsIdempotentAndCommutes() throws {
    let first = try seeded(key: RandomKey(2)) { try trace(Self.latent) }
    let twice = try trace { replay({ replay(Self.latent, first) }, first) }
    expectClose(twice.logProbSum(), first.logProbSum(), within: .relative(1e-13))
    var inside: Trace?
    try replay({ inside = try trace(Self.latent) }, first)
    #expect(inside?["b"]?.value?.scalar() == first["b"]?.value?.scalar())
  }
}
