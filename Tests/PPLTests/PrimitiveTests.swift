import PPL
import Synchronization
import TestSupport
import Testing

/// deterministic, factor, param, auxiliary sites.
@Suite struct PrimitiveTests {
  private static func model() {
    let z = sample("z", Normal(0, 1))
    sample("x", Normal(z, 1), observed: 1)
  }

  private static func guide() {
    let loc = param("loc", Tensor([0.2], shape: []))
    sample("z", Normal(loc, param("scale", Tensor([0.6], shape: []), constraint: .positive)))
  }

  private static func losses(
    _ model: @escaping () -> Void = model, _ guide: @escaping () -> Void = guide
  ) throws -> [Double] {
    let svi = try SVI(model, guide: guide, optimizer: Adam(0.01), seed: 3)
    return try (0..<5).map { _ in try svi.step() }
  }

  // MARK: factor, deterministic

  /// A constant factor shifts the loss by its negative, and changes nothing else.
  @Test func factorShiftsTheLoss() throws {
    let plain = try Self.losses()
    let shifted = try Self.losses({
      Self.model()
      factor("bonus", 1)
    })
    expectClose(shifted, plain.map { $0 - 1 }, within: .relative(1e-13, absolute: 1e-13))
    let guided = try Self.losses(
      Self.model,
      {
        Self.guide()
        factor("malus", 1)
      })
    expectClose(guided, plain.map { $0 + 1 }, within: .relative(1e-13, absolute: 1e-13))
  }

  /// A likelihood written as a factor is the likelihood.
  @Test func factorAsLikelihood() throws {
    let written = try Self.losses({
      let z = sample("z", Normal(0, 1))
      factor("x", Normal(z, 1).logProb(1))
    })
    expectClose(written, try Self.losses(), within: .relative(1e-13, absolute: 1e-13))
  }

  @Test func deterministicCountsNothing() throws {
    let noted = try Self.losses({
      let z = sample("z", Normal(0, 1))
      let x = deterministic("location", z)
      sample("x", Normal(x, 1), observed: 1)
    })
    #expect(try noted == Self.losses())
  }

  // MARK: param

  /// The initial value is made once, when the parameter is first met, and not again.
  @Test func initialValueOnce() throws {
    let calls = Journal<Int>()
    let guide = {
      let loc = param(
        "loc",
        {
          calls.append(1)
          return Tensor([0.3], shape: [])
        }())
      sample("z", Normal(loc, 0.5))
    }
    let svi = try SVI(Self.model, guide: guide, optimizer: Adam(0.1))
    #expect(calls.all.count == 1)
    #expect(svi.parameters.scalar("loc") == 0.3)
    for _ in 0..<3 { try svi.step() }
    let fit = try svi.run(steps: 3)
    _ = try fit.samplePosterior(2)
    #expect(calls.all.count == 1)
    #expect(svi.parameters.scalar("loc") != 0.3)
  }

  /// Two statements with one name are one parameter, in guide and model too.
  @Test func sharedParameter() throws {
    let svi = try SVI(
      {
        let z = sample("z", Normal(0, 1))
        let scale = param("scale", Tensor([2.0], shape: []), constraint: .positive)
        sample("x", Normal(z, scale), observed: 1)
      },
      guide: {
        let loc = param("loc", Tensor([0.0], shape: []))
        let first = param("scale", Tensor([2.0], shape: []), constraint: .positive)
        let second = param("scale", Tensor([5.0], shape: []), constraint: .positive)
        deterministic("same", first - second)
        sample("z", Normal(loc, second))
      }, optimizer: Adam(0.05))
    #expect(Set(svi.parameters.names) == ["loc", "scale"])
    #expect(svi.parameters.count == 2)
    expectClose([svi.parameters.scalar("scale")], [2], within: .relative(1e-14))
  }

  static let constraints: [(Constraint, [Double])] = [
    (.real, [-3, 0, 2.5]), (.positive, [1e-3, 1, 40]), (.unitInterval, [0.01, 0.5, 0.9]),
    (.greaterThan(2), [2.1, 5]), (.lessThan(-1), [-1.5, -30]), (.interval(-1, 3), [-0.5, 2.9]),
  ]

  /// Outside, a parameter has the value it was given and stays in its range, however far it moves.
  @Test(arguments: constraints) func constrained(_ constraint: Constraint, _ values: [Double])
    throws
  {
    let count = values.count
    let model = {
      _ = sample("z", Normal(0, 1))
      let w = param("w", Tensor(values), constraint: constraint)
      factor("pull", (w * Tensor((0..<count).map { $0 % 2 == 0 ? 10 : -10.0 })).sum())
    }
    let svi = try SVI(model, DiagonalNormalGuide(), optimizer: Adam(0.5))
    let start = try #require(svi.parameters["w"])
    expectClose(start, values, shape: [count], within: .relative(1e-12))
    for _ in 0..<20 {
      try svi.run(steps: 3, showsProgress: false)
      let now = try #require(svi.parameters["w"])
      #expect(constraint.contains(now).boolArray().allSatisfy { $0 }, "\(now.array())")
    }
    let end = try #require(svi.parameters["w"]).array()
    for index in 0..<count {
      #expect(index % 2 == 0 ? end[index] > values[index] : end[index] < values[index])
    }
  }

  @Test func store() throws {
    let svi = try SVI(
      Self.model,
      guide: {
        _ = param("matrix", Tensor([1.0, 2, 3, 4], shape: [2, 2]))
        Self.guide()
      }, optimizer: Adam())
    #expect(svi.parameters.names == ["matrix", "loc", "scale"])
    #expect(svi.parameters.count == 6)
    #expect(svi.parameters["matrix"]?.shape == [2, 2])
    #expect(svi.parameters["nothing"] == nil)
  }

  @Test(arguments: [DType.float32, .float64]) func dtype(_ dtype: DType) throws {
    let svi = try SVI(Self.model, guide: Self.guide, optimizer: Adam(0.1), dtype: dtype)
    try svi.step()
    #expect(svi.parameters["loc"]?.dtype == dtype && svi.parameters["scale"]?.dtype == dtype)
  }

  /// A parameter the loss does not depend on stays.
  @Test func unusedParameter() throws {
    let svi = try SVI(
      Self.model,
      guide: {
        _ = param("idle", Tensor([1.5, -2]))
        Self.guide()
      }, optimizer: Adam(0.1))
    try svi.run(steps: 5, showsProgress: false)
    #expect(svi.parameters.values["idle"] == [1.5, -2])
  }

  // MARK: Auxiliary sites

  /// An auxiliary draw of the guide counts in its density and needs no counterpart.
  @Test func auxiliary() throws {
    let loss = try SVI(
      Self.model,
      guide: {
        let z = sample("noise", Normal(0.2, 0.6), infer: .auxiliary)
        sample("z", Delta(z))
      }, optimizer: Adam(0)
    ).step()
    // −log p(z, x) + log q(noise), at z = noise.
    let journal = Journal<Double>()
    let expected = try SVI(
      {
        let z = sample("z", Normal(0, 1))
        journal.append(z.scalar())
        sample("x", Normal(z, 1), observed: 1)
      },
      guide: {
        let z = sample("noise", Normal(0.2, 0.6), infer: .auxiliary)
        sample("z", Delta(z))
      }, optimizer: Adam(0)
    ).step()
    let z = try #require(journal.all.last)
    let exact =
      normalLogDensity(z, 0.2, 0.6) - normalLogDensity(z, 0, 1) - normalLogDensity(1, z, 1)
    expectClose([loss, expected], [exact, exact], within: .relative(1e-12))
  }
}
