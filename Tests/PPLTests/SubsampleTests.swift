import PPL
import TestSupport
import Testing

/// Plates that compute with a random subset of their copies.
@Suite struct SubsampleTests {
  private static let data = Tensor((0..<10).map { Double($0) * 0.3 - 1 })

  private static func record<Result>(
    _ key: Int = 1, _ model: () throws -> Result
  ) throws -> Trace {
    try seeded(key: RandomKey(key)) { try trace(model) }
  }

  @Test func subset() throws {
    let record = try Self.record {
      plate("rows", 10, subsampleSize: 4) { index in
        sample("x", Normal(0, 1), observed: Self.data.gathered(index))
      }
    }
    let indices = try #require(record["rows"]?.value).intArray()
    #expect(Set(indices).count == 4 && indices.allSatisfy { (0..<10).contains($0) })
    #expect(record["x"]?.value?.array() == indices.map { Self.data.array()[$0] })
    #expect(record["x"]?.scale == 2.5)
    #expect(record["x"]?.plates == [.init(name: "rows", size: 10, axis: -1, count: 4)])
  }

  /// Every row is in the subset equally often: 4 of 10 over 20,000 keys; |z| < 6 for each of ten
  /// counts fails once in 10⁸, and sees a row that is 2 % too frequent.
  @Test func uniform() throws {
    let count = 20_000
    let draw = try compile(for: [RandomKey(0).tensor]) { keys in
      let record = try seeded(key: RandomKey(tensor: keys[0])) {
        try trace { plate("rows", 10, subsampleSize: 4) { _ in } }
      }
      return [record["rows"]!.value!]
    }
    var hits = [Int](repeating: 0, count: 10)
    for key in 0..<count {
      for index in draw([RandomKey(key).tensor])[0].intArray() { hits[index] += 1 }
    }
    for hit in hits {
      #expect(isPlausible(Double(hit) / Double(count), 0.4, sd: 0.49, count: count, bound: 6))
    }
  }

  /// With all copies there is nothing to draw.
  @Test func whole() throws {
    for size in [nil, 5] as [Int?] {
      let record = try Self.record {
        plate("rows", 5, subsampleSize: size) { index in
          #expect(index.intArray() == [0, 1, 2, 3, 4])
          return sample("x", Normal(0, 1))
        }
      }
      #expect(record.sites.map(\.name) == ["x"] && record["x"]?.scale == 1)
    }
  }

  /// Entered twice, a plate has the same subset both times; so have guide and model.
  @Test func oneSubset() throws {
    var seen: [[Int]] = []
    _ = try Self.record {
      for _ in 0..<2 { plate("rows", 10, subsampleSize: 3) { seen.append($0.intArray()) } }
    }
    #expect(seen.count == 2 && seen[0] == seen[1])
    let guide = try Self.record(2) { plate("rows", 10, subsampleSize: 3) { _ in } }
    let model = try Self.record(7) {
      replay({ plate("rows", 10, subsampleSize: 3) { _ in } }, guide)
    }
    #expect(model["rows"]?.value?.intArray() == guide["rows"]?.value?.intArray())
  }

  @Test func givenSubset() throws {
    let record = try Self.record {
      plate("rows", 10, subsample: Tensor([7, 2])) {
        sample("x", Normal(0, 1), observed: subsample(Self.data))
      }
    }
    expectClose(record["x"]!.value!, [7, 2].map { Self.data.array()[$0] })
    #expect(record["x"]?.scale == 5)
  }

  /// Rows are taken along the axes of the plates, and only where they have the size of the whole.
  @Test func rowsOfData() throws {
    let data = Tensor((0..<24).map(Double.init), shape: [3, 4, 2])
    _ = try Self.record {
      plate("columns", 4, subsample: Tensor([3, 1])) {
        plate("rows", 3, subsample: Tensor([2])) {
          expectClose(subsample(data, eventRank: 1), [22, 23, 18, 19], shape: [1, 2, 2])
          expectClose(subsample(Tensor([1.0, 2]).reshaped(to: [1, 1, 2]), eventRank: 1), [1, 2])
          expectClose(subsample(5), [5])
        }
      }
    }
    expectClose(subsample(data), data.array())
  }

  private static func localFit(_ optimizer: some Optimizer, particles: Int) throws -> SVI {
    try SVI(
      {
        plate("rows", 10, subsampleSize: 3) { index in
          let z = sample("z", Normal(0, 1))
          sample("x", Normal(z, 1), observed: data.gathered(index))
        }
      },
      guide: {
        plate("rows", 10, subsampleSize: 3) { _ in
          let loc = param("loc", Tensor.zeros([10]), eventRank: 0)
          #expect(loc.shape == [3])
          return sample("z", Normal(loc, param("scale", 0.7, constraint: .positive)))
        }
      }, optimizer: optimizer, loss: TraceELBO(particles: particles))
  }

  /// Of a parameter with one row per copy, the rows of the subset are given and moved.
  @Test func parameterRows() throws {
    let svi = try Self.localFit(PlainDescent(rate: 0.1), particles: 1)
    #expect(svi.parameters["loc"]?.shape == [10])
    try svi.step()
    #expect(svi.parameters["loc"]!.array().filter { $0 != 0 }.count == 3)
  }

  /// Data with prior N(0, 1) and unit noise put each row at half of its datum.
  @Test func localParameters() throws {
    let svi = try Self.localFit(Adam(.cosine(0.05, steps: 1500)), particles: 8)
    let fit = try svi.run(steps: 1500, showsProgress: false)
    for (value, datum) in zip(fit.parameters["loc"]!.array(), Self.data.array()) {
      #expect((value - datum / 2).magnitude < 0.1, "\(value) for \(datum)")
    }
  }

  /// The gradient on subsets is that on the whole, on average: all (10 choose 1) subsets in turn.
  @Test func unbiased() throws {
    func slope(_ subset: Tensor?) throws -> Double {
      let svi = try SVI(
        {
          let z = sample("z", Normal(0, 1))
          func rows(_ x: Tensor) { sample("x", Normal(z, 1), observed: x) }
          if let subset {
            plate("rows", 10, subsample: subset) { rows(subsample(Self.data)) }
          } else {
            plate("rows", 10) { rows(Self.data) }
          }
        },
        guide: { _ = sample("z", Normal(param("loc", 0.4), 0.6)) }, optimizer: PlainDescent(),
        seed: 3)
      try svi.step()
      return 0.4 - svi.parameters.scalar("loc")
    }
    let each = try (0..<10).map { try slope(Tensor([$0])) }
    expectClose([each.reduce(0, +) / 10], [try slope(nil)], within: .relative(1e-12))
  }

  // MARK: Sequential plates and stacks

  @Test func sequential() throws {
    let record = try Self.record {
      let sums = sequentialPlate("rows", 3) { index in
        sample("x\(index)", Normal(0, 1), observed: Tensor(floatLiteral: Double(index)))
      }
      #expect(sums.count == 3)
    }
    #expect(record.sites.map(\.name) == ["x0", "x1", "x2"])
    #expect(record["x1"]?.iterations == [.init(plate: "rows", index: 1)])
    #expect(record["x1"]?.scale == 1)
    let subset = try Self.record {
      sequentialPlate("rows", 9, subsampleSize: 3) { index in
        sample("x\(index)", Normal(0, 1))
      }
    }
    #expect(subset.sites.count == 4 && subset.sites.last?.scale == 3)
    // Looped over or laid side by side, it is the same density.
    let loop = try Self.record {
      sequentialPlate("rows", 10) { index in
        sample("x\(index)", Normal(0.2, 1.5), observed: Self.data[index])
      }
    }
    let side = try Self.record {
      plate("rows", 10) { sample("x", Normal(0.2, 1.5), observed: Self.data) }
    }
    expectClose(
      loop.logProbSum(), [side.logProbSum().scalar()], within: .relative(1e-14))
  }

  /// A subset of passes makes the graph differ from step to step: it is run anew each time.
  @Test func sequentialSubsetsVary() throws {
    func make() throws -> SVI {
      try SVI(
        {
          let z = sample("z", Normal(0, 1))
          sequentialPlate("rows", 4, subsampleSize: 1) { index in
            sample("x\(index)", Normal(z, 1), observed: Tensor(floatLiteral: Double(100 * index)))
          }
        },
        guide: { _ = sample("z", Normal(0, 0.1)) }, optimizer: PlainDescent(rate: 0))
    }
    let losses = try make().run(steps: 40, showsProgress: false).losses
    let levels = Set(losses.map { Int(($0 / 4 * 2).squareRoot() / 100 + 0.5) })
    #expect(levels == [0, 1, 2, 3])
  }

  @Test func stacks() throws {
    let record = try Self.record { plateStack("p", [2, 3, 4]) { sample("x", Normal(0, 1)) } }
    #expect(record["x"]?.value?.shape == [2, 3, 4])
    #expect(record.plates.map(\.name).sorted() == ["p_0", "p_1", "p_2"])
    #expect(record.plates.first { $0.name == "p_0" }?.size == 4)
    let shifted = try Self.record {
      plateStack("p", [2, 3], rightmostAxis: -2) { sample("x", Normal(0, 1)) }
    }
    #expect(shifted["x"]?.value?.shape == [2, 3, 1])
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        seeded(key: RandomKey(1)) { plate("rows", 3, subsampleSize: 4) { _ in } }
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        seeded(key: RandomKey(1)) { plate("rows", 3, subsampleSize: 0) { _ in } }
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        plate("rows", 3) { _ = subsample(Tensor.zeros([2])) }
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        sequentialPlate("rows", 3) { _ in sequentialPlate("rows", 2) { _ in } }
      })
  }
}
