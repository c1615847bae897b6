import TestSupport
import Testing

@testable import PPL

@Suite struct OptimizerTests {
  private struct Goldens: Decodable {
    let start: [Double]
    let gradients: [[Double]]
    let paths: [String: [[Double]]]
  }

  struct Subject: Sendable, CustomStringConvertible {
    let description: String
    let optimizer: any Optimizer

    init(_ name: String, _ optimizer: any Optimizer) {
      description = name
      self.optimizer = optimizer
    }
  }

  static let subjects = [
    Subject("Adam", Adam(0.01)),
    Subject("Adam, other betas", Adam(0.3, beta1: 0.5, beta2: 0.9, epsilon: 1e-3)),
    Subject("Adam, no momentum", Adam(0.02, beta1: 0, beta2: 0.5, epsilon: 1e-10)),
    Subject("Adam, exponential", Adam(.exponential(0.05, decay: 0.8))),
    Subject("Adam, cosine", Adam(.cosine(0.05, steps: 12))),
    Subject("ClippedAdam", ClippedAdam(0.1)),
    Subject(
      "ClippedAdam, decay",
      ClippedAdam(0.1, beta1: 0.8, beta2: 0.99, epsilon: 1e-4, clipNorm: 2.5, decay: 0.9)),
  ]

  /// The parameters after each of some steps along given gradients.
  private static func path(
    _ optimizer: any Optimizer, from start: [Double], _ gradients: [[Double]],
    dtype: DType = .float64
  ) -> [Tensor] {
    var parameters = Tensor(start, dtype: dtype)
    var state = optimizer.initialState(parameters)
    return gradients.enumerated().map { index, gradient in
      let step = Tensor([Double(index)], shape: [], dtype: dtype)
      (parameters, state) = optimizer.update(
        parameters, Tensor(gradient, dtype: dtype), state, step: step)
      eval([parameters] + state)
      return parameters
    }
  }

  /// PyTorch's Adam and schedules, Pyro's ClippedAdam, step by step.
  @Test(arguments: subjects) func goldenPaths(_ subject: Subject) throws {
    let goldens = try Golden.load("optimizers.json", as: Goldens.self)
    let expected = try #require(goldens.paths[subject.description])
    #expect(expected.count == goldens.gradients.count)
    let path = Self.path(subject.optimizer, from: goldens.start, goldens.gradients)
    for (index, (actual, expected)) in zip(path, expected).enumerated() {
      expectClose(actual, expected, within: .relative(1e-12, absolute: 1e-13), "step \(index)")
    }
  }

  @Test(arguments: subjects) func singlePrecision(_ subject: Subject) throws {
    let goldens = try Golden.load("optimizers.json", as: Goldens.self)
    let expected = try #require(goldens.paths[subject.description]?.last)
    let path = Self.path(
      subject.optimizer, from: goldens.start, goldens.gradients, dtype: .float32)
    #expect(path.allSatisfy { $0.dtype == .float32 })
    expectClose(path.last!.array(), expected, within: .relative(1e-5, absolute: 1e-5))
  }

  /// The anchors of Pyro's ClippedAdam: from 0, gradients 5, 20, −3.
  @Test func clippedAdamAnchors() {
    let path = Self.path(
      ClippedAdam(0.1, clipNorm: 10, decay: 0.9), from: [0], [[5], [20], [-3]])
    expectClose(
      path.flatMap { $0.array() }, [-0.0899999943, -0.1681797362, -0.2086334598],
      within: .relative(0, absolute: 6e-11))
  }

  /// Each element is limited on its own, on both sides.
  @Test func clipping() {
    let limited = Self.path(ClippedAdam(0.1, clipNorm: 1), from: [0, 0, 0], [[0.5, 70, -70]])
    let unlimited = Self.path(ClippedAdam(0.1, clipNorm: 1), from: [0, 0, 0], [[0.5, 1, -1]])
    expectClose(limited[0], unlimited[0])
  }

  /// The first step of Adam is the rate, whatever the size of the gradient.
  @Test func firstStep() {
    let path = Self.path(Adam(0.25), from: [0, 0, 0], [[1e-3, -50, 1e8]])
    expectClose(path[0], [-0.25, 0.25, -0.25], within: .relative(1e-4))
  }

  /// No gradient, no step; a rate of zero, no step.
  @Test func rest() {
    #expect(Self.path(Adam(0.1), from: [3], [[0], [0]]).last?.array() == [3])
    #expect(Self.path(ClippedAdam(0.1), from: [3], [[0], [0]]).last?.array() == [3])
    #expect(Self.path(Adam(0), from: [3], [[5], [-1]]).last?.array() == [3])
  }

  /// Both find the bottom of a badly scaled bowl.
  @Test func minimises() throws {
    let optimizers: [any Optimizer] = [
      Adam(.cosine(0.3, steps: 400)), ClippedAdam(0.3, decay: 0.98),
    ]
    for optimizer in optimizers {
      var parameters = Tensor([3.0, -2])
      var state = optimizer.initialState(parameters)
      for step in 0..<400 {
        let slope = parameters * Tensor([100.0, 0.01]) - Tensor([100.0, 0.01])
        (parameters, state) = optimizer.update(
          parameters, slope, state, step: Tensor([Double(step)], shape: []))
        eval([parameters] + state)
      }
      expectClose(parameters, [1, 1], within: .relative(0, absolute: 0.02))
    }
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
    await #expect(processExitsWith: .failure) { _ = Adam(0.1, beta1: 1) }
    await #expect(processExitsWith: .failure) { _ = Adam(0.1, beta2: -0.1) }
    await #expect(processExitsWith: .failure) { _ = Adam(-0.1) }
    await #expect(processExitsWith: .failure) { _ = ClippedAdam(0.1, clipNorm: 0) }
    await #expect(processExitsWith: .failure) { _ = ClippedAdam(0.1, decay: 0) }
  }

  // MARK: Learning rates

  private static func rates(_ rate: LearningRate, _ steps: [Int], _ dtype: DType) -> [Double] {
    steps.map {
      (rate(Tensor([Double($0)], shape: [], dtype: dtype)) + Tensor([0.0], shape: [], dtype: dtype))
        .scalar()
    }
  }

  @Test(arguments: [DType.float32, .float64]) func schedules(_ dtype: DType) {
    let tolerance = Tolerance.relative(dtype == .float64 ? 1e-14 : 1e-6, absolute: 1e-8)
    let steps = [0, 1, 5, 10, 99, 100, 250]
    expectClose(Self.rates(0.3, steps, dtype), steps.map { _ in 0.3 }, within: tolerance)
    expectClose(Self.rates(2, steps, dtype), steps.map { _ in 2 }, within: tolerance)
    expectClose(
      Self.rates(.exponential(0.5, decay: 0.9), steps, dtype),
      steps.map { (0..<$0).reduce(0.5) { rate, _ in rate * 0.9 } }, within: tolerance)
    // Half, a quarter and nothing of the way down a cosine; nothing after its end.
    expectClose(
      Self.rates(.cosine(0.8, steps: 100), [0, 50, 100, 250], dtype), [0.8, 0.4, 0, 0],
      within: tolerance)
    expectClose(
      Self.rates(.cosine(1, steps: 3), [1, 2], dtype), [0.75, 0.25], within: tolerance)
  }
}
