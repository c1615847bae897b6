import PPL
import TestSupport
import Testing

@Suite struct PlateTests {
  private static func traced(_ body: () throws -> Void) throws -> Trace {
    try seeded(key: RandomKey(1)) { try trace(body) }
  }

  // MARK: Shapes

  @Test func oneAxis() throws {
    let record = try Self.traced {
      plate("rows", 5) {
        sample("scalar", Normal(0, 1))
        sample("own", Normal(Tensor.zeros([5]), 1))
        sample("one", Normal(Tensor.zeros([1]), 1))
        sample("event", Normal(Tensor.zeros([3]), 1).toEvent(1))
        sample("outer", Normal(Tensor.zeros([2, 5]), 1))
      }
    }
    let expected: [String: Shape] = [
      "scalar": [5], "own": [5], "one": [5], "event": [5, 3], "outer": [2, 5],
    ]
    for (name, shape) in expected { #expect(record[name]?.value?.shape == shape, "\(name)") }
    #expect(record["event"]?.distribution?.batchShape == [5])
    #expect(record["event"]?.distribution?.eventShape == [3])
  }

  /// Elements of a plate are draws, not copies.
  @Test func independentDraws() throws {
    let record = try Self.traced { plate("rows", 50) { _ = sample("x", Normal(0, 1)) } }
    #expect(Set(try #require(record["x"]?.value).array()).count == 50)
  }

  /// Plates take axes from the innermost outwards, in the order they are entered.
  @Test func nesting() throws {
    let record = try Self.traced {
      plate("a", 2) {
        sample("x", Normal(0, 1))
        plate("b", 3) {
          sample("y", Normal(0, 1))
          plate("c", 4) { _ = sample("z", Normal(0, 1)) }
        }
        plate("d", 5) { _ = sample("w", Normal(0, 1)) }
      }
    }
    let expected: [String: Shape] = ["x": [2], "y": [3, 2], "z": [4, 3, 2], "w": [5, 2]]
    for (name, shape) in expected { #expect(record[name]?.value?.shape == shape, "\(name)") }
    #expect(record["z"]?.plates.map(\.name) == ["c", "b", "a"])
    #expect(record["z"]?.plates.map(\.axis) == [-3, -2, -1])
    #expect(record["z"]?.plates.map(\.size) == [4, 3, 2])
  }

  @Test func chosenAxes() throws {
    let record = try Self.traced {
      plate("columns", 4, axis: -2) {
        sample("x", Normal(0, 1))
        sample("y", Normal(Tensor.zeros([7]), 1))
        plate("rows", 3) { _ = sample("z", Normal(0, 1)) }
      }
      plate("a", 3, axis: -3) {
        plate("b", 2) { plate("c", 5) { _ = sample("w", Normal(0, 1)) } }
      }
    }
    #expect(record["x"]?.value?.shape == [4, 1])
    #expect(record["y"]?.value?.shape == [4, 7])
    #expect(record["z"]?.value?.shape == [4, 3])
    #expect(record["w"]?.value?.shape == [3, 5, 2])
  }

  /// A plate that was left gives its axis and its name back.
  @Test func reuse() throws {
    let record = try Self.traced {
      plate("rows", 3) { _ = sample("x", Normal(0, 1)) }
      plate("rows", 3) { _ = sample("y", Normal(0, 1)) }
      plate("others", 4) { _ = sample("z", Normal(0, 1)) }
    }
    #expect(record["y"]?.value?.shape == [3] && record["z"]?.value?.shape == [4])
  }

  @Test func otherKindsOfSites() throws {
    let record = try Self.traced {
      plate("rows", 3) {
        param("w", Tensor([1.0, 2]))
        deterministic("d", 7)
      }
    }
    #expect(record["w"]?.value?.shape == [2] && record["d"]?.value?.shape == [])
  }

  @Test func result() {
    let value = seeded(key: RandomKey(1)) { plate("rows", 3) { sample("x", Normal(0, 1)) } }
    #expect(value.shape == [3])
  }

  // MARK: Densities

  /// What stands in a plate counts once per element, also where one value is shared.
  @Test func sums() throws {
    let rows = [0.1, 0.2, 0.3]
    let cases: [(name: String, body: () -> Void, expected: Double)] = [
      (
        "one value", { sample("x", Normal(0, 1), observed: 0.5) },
        3 * normalLogDensity(0.5, 0, 1)
      ),
      (
        "data", { sample("x", Normal(0, 1), observed: Tensor(rows)) },
        rows.reduce(0) { $0 + normalLogDensity($1, 0, 1) }
      ),
      ("one factor", { factor("f", 2) }, 6),
      ("factors", { factor("f", Tensor([1.0, 2, 3])) }, 6),
      (
        "nested",
        {
          plate("columns", 2) { _ = sample("x", Normal(Tensor([1.0, 2, 3]), 1), observed: 0.5) }
        }, 2 * [1.0, 2, 3].reduce(0) { $0 + normalLogDensity(0.5, $1, 1) }
      ),
    ]
    for item in cases {
      let record = try Self.traced { plate("rows", 3, item.body) }
      expectClose(
        [record.logProbSum().scalar()], [item.expected], within: .relative(1e-14), item.name)
    }
  }

  /// A plate, an event and a loop over sites are the same model.
  @Test func equivalentForms() throws {
    let data = [0.4, -1.2, 2.5, 0.0]
    func logProb(_ body: @escaping (Tensor) -> Void) throws -> Double {
      let record = try trace {
        handle(
          { body(sample("z", Normal(0, 1))) },
          with: Substitute(values: ["z": Tensor([0.7], shape: [])]))
      }
      return record.logProbSum().scalar()
    }
    let plated = try logProb { z in
      plate("rows", 4) { _ = sample("x", Normal(z, 0.5), observed: Tensor(data)) }
    }
    let event = try logProb { z in
      sample("x", Normal(z, 0.5).expanded(to: [4]).toEvent(1), observed: Tensor(data))
    }
    let looped = try logProb { z in
      for (index, x) in data.enumerated() {
        sample("x\(index)", Normal(z, 0.5), observed: Tensor([x], shape: []))
      }
    }
    expectClose([event, looped], [plated, plated], within: .relative(1e-14))
  }

  // MARK: Misuse

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        plate("none", 0) {}
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        plate("negative", -3) {}
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        plate("outwards", 3, axis: 0) {}
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        plate("a", 3) { plate("a", 4) {} }
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        plate("a", 3, axis: -1) { plate("b", 4, axis: -1) {} }
      })
  }

  /// A batch that does not agree with the size: the message names site, plate and shapes.
  @Test func wrongSize() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      seeded(key: RandomKey(1)) {
        plate("rows", 3) { _ = sample("x", Normal(Tensor.zeros([4]), 1)) }
      }
    }
    expectTrap(result, "\"x\"", "\"rows\"", "[4]")
  }

  /// Shapes that do not agree, or that broadcast to more than there is, a column against a row say:
  /// the message names the site.
  @Test func wrongShapes() async {
    let data = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      seeded(key: RandomKey(1)) {
        plate("rows", 3) { _ = sample("x", Normal(0, 1), observed: Tensor.zeros([4])) }
      }
    }
    expectTrap(data, "site \"x\"", "[4]", "[3]", "\"rows\" (3 along axis -1)")
    let mean = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      seeded(key: RandomKey(1)) {
        plate("rows", 3) {
          _ = sample("x", Normal(Tensor.zeros([3, 1]), 1), observed: Tensor.zeros([3]))
        }
      }
    }
    expectTrap(mean, "site \"x\"", "a value of shape [3]", "[3, 3]", "toEvent()")
    let outside = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      seeded(key: RandomKey(1)) {
        _ = sample("x", Normal(Tensor.zeros([3, 1]), 1), observed: Tensor.zeros([3]))
      }
    }
    expectTrap(outside, "site \"x\"", "a value of shape [3]", "[3, 1]")
    let conditioned = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      seeded(key: RandomKey(1)) {
        condition(["x": Tensor.zeros([3, 1])]) {
          plate("rows", 3) { _ = sample("x", Normal(0, 1)) }
        }
      }
    }
    expectTrap(conditioned, "site \"x\"", "[3, 1]")
  }

  /// A value for all draws of a plate, and data with axes of their own, count as they say.
  @Test func shapesThatBroadcast() throws {
    let record = try seeded(key: RandomKey(1)) {
      try trace {
        sample("scalar", Normal(0, 1), observed: Tensor([1.0, 2]))
        plate("rows", 3, axis: -2) {
          sample("one", Normal(0, 1), observed: 0.5)
          plate("columns", 2, axis: -1) {
            _ = sample("x", Normal(Tensor.zeros([3, 1]), 1), observed: Tensor.zeros([2]))
          }
        }
      }
    }
    expectClose(
      record["x"]!.computedLogProb().sum(), [6 * normalLogDensity(0, 0, 1)],
      within: .relative(1e-14))
    let one = record["one"]!
    expectClose(
      one.computedLogProb().broadcast(to: one.distribution!.batchShape).sum(),
      [3 * normalLogDensity(0.5, 0, 1)], within: .relative(1e-14))
  }
}
