import TestSupport
import Testing

@testable import PPL

@Suite struct OptimizerTests {
  private struct Goldens: Decodable {
    let start: [Double]
    let gradients: [[Double]]
    let paths: [String: [[Double]]]
  }

  /// PyTorch's optimizers and Pyro's own, step by step.
  @Test(arguments: OptimizerSubject.goldens) func goldenPaths(_ subject: OptimizerSubject) throws {
    let goldens = try Golden.load("optimizers.json", as: Goldens.self)
    let expected = try #require(goldens.paths[subject.description])
    #expect(expected.count == goldens.gradients.count)
    let path = subject.optimizer.path(from: goldens.start, goldens.gradients)
    for (index, (actual, expected)) in zip(path, expected).enumerated() {
      expectClose(actual, expected, within: .relative(1e-12, absolute: 1e-13), "step \(index)")
    }
  }

  /// No path is left out.
  @Test func everyGolden() throws {
    let goldens = try Golden.load("optimizers.json", as: Goldens.self)
    #expect(Set(goldens.paths.keys) == Set(OptimizerSubject.goldens.map(\.description)))
  }

  @Test(arguments: OptimizerSubject.goldens)
  func singlePrecision(_ subject: OptimizerSubject) throws {
    let goldens = try Golden.load("optimizers.json", as: Goldens.self)
    let expected = try #require(goldens.paths[subject.description]?.last)
    let path = subject.optimizer.path(from: goldens.start, goldens.gradients, dtype: .float32)
    #expect(path.allSatisfy { $0.dtype == .float32 })
    expectClose(path.last!.array(), expected, within: .relative(1e-5, absolute: 1e-5))
  }

  /// Pyro's anchors: from 0, gradients 5, 20, −3.
  @Test func anchors() {
    func path(_ optimizer: some Optimizer) -> [Double] {
      optimizer.path(from: [0], [[5], [20], [-3]]).flatMap { $0.array() }
    }
    expectClose(
      path(ClippedAdam(0.1, clipNorm: 10, decay: 0.9)),
      [-0.0899999943, -0.1681797362, -0.2086334598], within: .relative(0, absolute: 6e-11))
    expectClose(
      path(AdagradRMSProp()), [-0.8333333, -2.4213214, -2.2189733],
      within: .relative(0, absolute: 6e-8))
  }

  /// Each element is limited on its own, on both sides.
  @Test func clipping() {
    let optimizer = ClippedAdam(0.1, clipNorm: 1)
    let limited = optimizer.path(from: [0, 0, 0], [[0.5, 70, -70]])
    let unlimited = optimizer.path(from: [0, 0, 0], [[0.5, 1, -1]])
    expectClose(limited[0], unlimited[0])
  }

  /// The first step of Adam is the rate, whatever the size of the gradient.
  @Test func firstStep() {
    let path = Adam(0.25).path(from: [0, 0, 0], [[1e-3, -50, 1e8]])
    expectClose(path[0], [-0.25, 0.25, -0.25], within: .relative(1e-4))
  }

  /// No gradient, no step; a rate of zero, no step, but weight decay moves by itself.
  @Test func rest() {
    for subject in OptimizerSubject.minimisers where subject.description != "AdamW" {
      let path = subject.optimizer.path(from: [3], [[0], [0]])
      #expect(path.last?.array() == [3], "\(subject)")
    }
    let still: [any Optimizer] = [
      SGD(0), SGD(0, momentum: 0.9), Adam(0), AdamW(0), ClippedAdam(0), RMSProp(0), Adagrad(0),
      AdagradRMSProp(0),
    ]
    for optimizer in still {
      #expect(optimizer.path(from: [3], [[5], [-1]]).last?.array() == [3], "\(optimizer)")
    }
    let path = AdamW(0.1, weightDecay: 0.5).path(from: [3], [[0], [0]])
    expectClose(path[1], [3 * 0.95 * 0.95], within: .relative(1e-15))
  }

  /// A gradient that never changes has no variance; rounding must not make it negative.
  @Test(arguments: [DType.float32, .float64]) func constantGradient(_ dtype: DType) throws {
    let gradients = [[Double]](repeating: [0.1, 1.7, -3.3e5, 7e-3], count: 200)
    let path = RMSProp(0.01, alpha: 0.5, epsilon: 1e-3, centered: true)
      .path(from: [0, 0, 0, 0], gradients, dtype: dtype)
    #expect(try #require(path.last).array().allSatisfy(\.isFinite))
  }

  /// Each finds the bottom of a bowl with curvatures between 0.4 and 4.
  @Test(arguments: OptimizerSubject.minimisers, [DType.float32, .float64])
  func minimises(_ subject: OptimizerSubject, _ dtype: DType) throws {
    let curvatures = Tensor([0.4, 4, 1.3, 0.9], dtype: dtype)
    let bottom = Tensor([1, 0.5, -2, 0.1], dtype: dtype)
    let path = subject.optimizer.resolved(for: Self.named(4))
      .path(from: Tensor([3, -2, 0.3, 1], dtype: dtype), steps: 300) { _, x in
        curvatures * (x - bottom)
      }
    expectClose(
      try #require(path.last), bottom, within: .relative(0, absolute: 2e-4), "\(subject)")
  }

  /// Where a rule looks at each element by itself, its place among others does not matter.
  @Test(arguments: OptimizerSubject.goldens)
  func packing(_ subject: OptimizerSubject) {
    if subject.description.hasSuffix("norm") || subject.description == "groups" { return }
    var generator = SeededGenerator(seed: 4)
    let start = generator.uniform(37, in: -3...3)
    let gradients = (0..<8).map { _ in generator.signed(37, magnitude: 1e-3...20) }
    let whole = subject.optimizer.path(from: start, gradients).map { $0.array() }
    let reversed = subject.optimizer.path(from: start.reversed(), gradients.map { $0.reversed() })
    let parts = [0..<5, 5..<6, 6..<37].map { range in
      subject.optimizer.path(from: Array(start[range]), gradients.map { Array($0[range]) })
        .map { $0.array() }
    }
    for step in whole.indices {
      #expect(reversed[step].array().reversed() == whole[step])
      #expect(parts.flatMap { $0[step] } == whole[step])
    }
  }

  private static func named(_ count: Int) -> [ParameterRange] {
    (0..<count).map { ParameterRange(name: ["a", "b", "c", "dc"][$0], range: $0..<$0 + 1) }
  }

  /// Steps one by one and a planned run are the same bits, and so is what the fit reports.
  @Test(arguments: OptimizerSubject.minimisers, [DType.float32, .float64])
  func stepAndRun(_ subject: OptimizerSubject, _ dtype: DType) throws {
    func make() throws -> SVI {
      try SVI(
        {
          let z = sample("z", Normal(0, 1))
          plate("data", 3) { _ = sample("x", Normal(z, 1), observed: Tensor([1.0, 2, 4])) }
        },
        guide: {
          let loc = param("a", Tensor([0.3], shape: []))
          let scale = param("scale", Tensor([0.7], shape: []), constraint: .positive)
          sample("z", Normal(loc, scale))
        }, optimizer: subject.optimizer, loss: TraceELBO(particles: 2), dtype: dtype, seed: 5)
    }
    let (stepped, ran) = (try make(), try make())
    let losses = try (0..<12).map { _ in try stepped.step().bits }
    let reported = try stepped.run(steps: 0, showsProgress: false).parameters
    var fit = try ran.run(steps: 7, showsProgress: false)
    var runLosses = fit.losses
    fit = try ran.run(steps: 5, showsProgress: false)
    runLosses += fit.losses
    #expect(losses == runLosses.map(\.bits))
    #expect(stepped.parameters.values.bits == ran.parameters.values.bits)
    #expect(reported.values.bits == fit.parameters.values.bits)
    #expect(ran.parameters.values != (try make().parameters.values))
  }

  /// Descent with a rate per parameter.
  private struct Weighted: Optimizer {
    let rates: Tensor

    func initialState(_ parameters: Tensor) -> [Tensor] { [] }

    func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
      -> (parameters: Tensor, state: [Tensor])
    {
      (parameters - rates * gradient, state)
    }
  }

  /// A rule may use tensors of its own.
  @Test(arguments: [1, 3]) func ownTensors(_ particles: Int) throws {
    // Given, computed, and computed from what is given when the step is planned.
    for rates in [Tensor([0.1, 0]), exp(Tensor([-2.0, -.infinity])), Tensor([0.2, 0]) * 0.5] {
      let svi = try SVI(
        { _ = sample("z", Normal(0, 1)) },
        guide: { _ = sample("z", Normal(param("loc", Tensor([1.0, 2])).sum(), 1)) },
        optimizer: Weighted(rates: rates), loss: TraceELBO(particles: particles))
      for useRun in [false, true] {
        let before = try #require(svi.parameters["loc"]).array()
        if useRun { try svi.run(steps: 2, showsProgress: false) } else { try svi.step() }
        let after = try #require(svi.parameters["loc"]).array()
        #expect(after[0] != before[0] && after[1] == 2)
      }
    }
  }

  /// With equal rates it is plain descent, step by step and planned.
  @Test func ownTensorsAreUsed() throws {
    func fit(_ optimizer: some Optimizer, _ advance: (SVI) throws -> Void) throws -> [Double] {
      let svi = try SVI(
        { _ = sample("z", Normal(0, 1)) },
        guide: { _ = sample("z", Normal(param("loc", Tensor([1.0, 2])).sum(), 1)) },
        optimizer: optimizer, seed: 3)
      try advance(svi)
      return try #require(svi.parameters["loc"]).array()
    }
    let expected = try fit(PlainDescent(rate: 0.05)) { for _ in 0..<4 { try $0.step() } }
    let weighted = Weighted(rates: Tensor([0.05, 0.05]))
    let stepped = try fit(weighted) { for _ in 0..<4 { try $0.step() } }
    let planned = try fit(weighted) { try $0.run(steps: 4, showsProgress: false) }
    #expect(stepped == expected && planned == expected)
  }

  /// So may a derivative: that of a Cholesky factor brings the positions of its triangle along.
  @Test func ownTensorsOfDerivatives() throws {
    let start = [0.3, -0.8, 1.1]
    func energy(_ z: Tensor) -> Tensor { cholesky(outer(z, z) + Tensor.eye(3)).sum() }
    let z = Tensor(start)
    let slope = gradient(of: energy(z) + 0.5 * square(z).sum(), withRespectTo: z).array()
    for useRun in [false, true] {
      let svi = try SVI(
        {
          let z = sample("z", Normal(0, 1).expanded(to: [3]).toEvent(1))
          factor("energy", -energy(z))
        },
        guide: { _ = sample("z", Delta(param("at", Tensor(start)), eventRank: 1)) },
        optimizer: PlainDescent())
      if useRun { try svi.run(steps: 1, showsProgress: false) } else { try svi.step() }
      let moved = try #require(svi.parameters["at"]).array()
      expectClose(
        zip(start, moved).map { $0 - $1 }, slope, within: .relative(1e-12, absolute: 1e-13))
    }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adam(0.1, beta1: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adam(0.1, beta2: -0.1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adam(-0.1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = AdamW(0.1, weightDecay: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = SGD(0.1, momentum: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = SGD(0.1, nesterov: true)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RMSProp(0.1, alpha: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RMSProp(0.1, momentum: -0.1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Adagrad(0.1, initialAccumulator: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = AdagradRMSProp(t: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ClippedAdam(0.1, clipNorm: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ClippedAdam(0.1, decay: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ClippedAdam(0.1, beta2: 1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ClippedAdam(0.1, weightDecay: -1)
      })
  }
}
