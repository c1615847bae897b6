import Foundation
import Models
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct FlowGuideTests {
  static let architectures: [FlowArchitecture] = [
    .iaf(layers: 1, hidden: [12]), .iaf(layers: 2, hidden: [12, 12]),
    .iaf(layers: 3, hidden: [9], form: .gated, activation: .elu),
  ]

  /// A model with `dimension` real latent coordinates in two sites.
  private static func model(_ dimension: Int) -> () -> Void {
    {
      sample("first", Normal(0, 1))
      if dimension > 1 {
        sample("others", Normal(0, 1).expanded(to: [dimension - 1]).toEvent(1))
      }
    }
  }

  /// The distribution over the unconstrained latent vector, at random weights. It asks for its
  /// parameters when it is used, so it is used under the handler that has them.
  private static func withLatent<Result>(
    _ flow: FlowArchitecture, _ dimension: Int, seed: Int = 1, spread: Double = 0.5,
    _ use: (any Distribution) throws -> Result
  ) throws -> Result {
    let body = try FlowGuide(flow: flow).body(for: model(dimension), dtype: .float64)
    let weights = RandomWeights(seed, spread: spread)
    let record = try seeded(key: RandomKey(seed)) { try trace { handle(body, with: weights) } }
    let latent = try #require(record["_auto_latent"]?.distribution)
    return try handle({ try use(latent) }, with: weights)
  }

  // MARK: Structure

  @Test func sites() throws {
    let body = try FlowGuide(flow: .iaf()).body(for: EightSchools.nonCentered, dtype: .float64)
    let record = try seeded(key: RandomKey(1)) { try trace(body) }
    let samples = record.sites.filter { $0.kind == .sample }
    #expect(samples.map(\.name) == ["_auto_latent", "mu", "tau", "eta"])
    #expect(samples.map(\.infer.isAuxiliary) == [true, false, false, false])
    #expect(samples.map { $0.value?.shape } == [[10], [], [], [8]])
    #expect(try #require(record["tau"]?.value).scalar() > 0)
    let latent = try #require(record["_auto_latent"]?.value).array()
    expectClose(record["mu"]!.value!.array(), [latent[0]], within: .relative(1e-15))
    expectClose(record["tau"]!.value!.array(), [exp(latent[1])], within: .relative(1e-14))
    expectClose(record["eta"]!.value!.array(), Array(latent[2...]), within: .relative(1e-15))
  }

  @Test func unsuitableModels() {
    let guide = FlowGuide(flow: .iaf())
    #expect(throws: ModelError.noLatentSites) {
      try SVI({ _ = sample("x", Normal(0, 1), observed: 1) }, guide, optimizer: Adam())
    }
    #expect(throws: ModelError.discreteSite("coin")) {
      try SVI({ _ = sample("coin", Bernoulli(probs: 0.5)) }, guide, optimizer: Adam())
    }
  }

  /// At the start the flow is near the identity.
  @Test(arguments: architectures) func start(_ flow: FlowArchitecture) throws {
    let svi = try SVI(Self.model(6), FlowGuide(flow: flow), optimizer: Adam(0))
    let losses = try svi.run(steps: 200, showsProgress: false).losses
    // The loss is KL(guide ‖ standard normal): 0 for the identity. Gates at 2 halve nothing.
    let mean = losses.reduce(0, +) / 200
    #expect(mean.magnitude < 1.5, "\(mean)")
  }

  // MARK: The start at a normal distribution

  /// A normal target in odd units, strongly correlated.
  private static let stretched: @Sendable () -> Void = {
    let factor = Tensor([1e-3, 0, 0, 0.9, 0.5, 0, -500, 800, 300], shape: [3, 3])
    _ = sample("z", MultivariateNormal(Tensor([4.0, -200, 1e4]), scaleTril: factor))
  }

  /// A flow that has taken no step is the normal distribution it starts at: on a normal target its
  /// bound is the evidence, 0.
  @Test(arguments: architectures) func startsAtTheNormal(_ flow: FlowArchitecture) throws {
    let fit = try SVI(Self.stretched, FlowGuide(flow: flow), optimizer: Adam(0))
      .run(steps: 0, showsProgress: false)
    guard case .gaussian = fit.start else {
      Issue.record("\(String(describing: fit.start))")
      return
    }
    let (elbo, error) = try fit.elbo(particles: 5000)
    #expect(elbo.magnitude < 1e-6 && error < 1e-6, "\(elbo) ± \(error)")
  }

  /// A skewed posterior: flow and normal guide start alike, and the flow ends higher.
  @Test func improvesOnTheNormal() throws {
    func elbos(_ guide: some Guide) throws -> [(mean: Double, error: Double)] {
      let svi = try SVI(
        EightSchools.nonCentered, guide, optimizer: Adam(.cosine(0.02, steps: 1500)),
        loss: TraceELBO(particles: 8))
      return try [0, 1500].map {
        try svi.run(steps: $0, showsProgress: false).elbo(particles: 20_000)
      }
    }
    let normal = try elbos(MultivariateNormalGuide())
    let flow = try elbos(FlowGuide(flow: .iaf(layers: 2, hidden: [16, 16])))
    let error = normal[0].error + flow[0].error
    #expect(flow[0].mean > normal[0].mean - 0.05 - 4.9 * error, "\(flow[0]) \(normal[0])")
    #expect(flow[1].mean > normal[1].mean + 0.1, "\(flow[1]) \(normal[1])")
    #expect(flow[1].mean < EightSchools.logEvidence + 4.9 * flow[1].error)
  }

  /// The plain start is scaled and shifted as asked for.
  @Test func plainStart() throws {
    let start = GuideStart.at(.values(["first": 3]), scale: 0.01)
    let fit = try SVI(
      Self.model(1), FlowGuide(flow: .iaf(layers: 1, hidden: [4]), start: start),
      optimizer: Adam(0)
    ).run(steps: 0, showsProgress: false)
    let draws = try fit.samplePosterior(1000)[0].draws
    #expect((draws.mean().scalar() - 3).magnitude < 0.02)
    #expect(fit.start == .asGiven)
  }

  /// Splines act on a box around the start; a posterior far outside of it is found all the same.
  @Test(arguments: [
    FlowArchitecture.nsf(layers: 2, hidden: [8]),
    .nsf(layers: 2, conditioning: .inverseMasked, hidden: [8]),
    .nsf(layers: 2, conditioning: .masked, hidden: [8]).inverse, .zukoNSF(layers: 1, hidden: [8]),
    .layers(2, of: LinearRationalSpline(), hidden: [8]),
  ])
  func leavesTheBox(_ flow: FlowArchitecture) throws {
    let model: @Sendable () -> Void = {
      let a = sample("a", Normal(12, 4))
      _ = sample("b", Normal(-a, 3))
    }
    let fit = try SVI(
      model, FlowGuide(flow: flow, start: .at(.values(["a": 0, "b": 0]))),
      optimizer: Adam(.cosine(0.05, steps: 1500)), loss: TraceELBO(particles: 8)
    ).run(steps: 1500, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: 5000)
    #expect(elbo > -0.1 && elbo < 4.9 * error, "\(elbo) ± \(error)")
  }

  // MARK: Density

  /// ∫ q = 1 over one coordinate, whose flow is affine.
  @Test(arguments: architectures) func normalisesInOneDimension(_ flow: FlowArchitecture) throws {
    for seed in 1...3 {
      let grid = Tensor.linspace(-80, 80, count: 64_001)
      let density = try Self.withLatent(flow, 1, seed: seed) {
        exp($0.logProb(grid.expandingDims(at: -1)))
      }
      #expect((density.sum().scalar() * 160 / 64_000 - 1).magnitude < 1e-8, "\(seed)")
    }
  }

  /// ∫∫ q = 1: the trapezoidal rule on the plane, which converges fast for smooth functions.
  @Test(arguments: architectures) func normalisesInTwoDimensions(_ flow: FlowArchitecture) throws {
    for seed in 1...3 {
      let count = 601
      let line = Tensor.linspace(-15, 15, count: count)
      let columns = line.expandingDims(at: 0).broadcast(to: [count, count])
      let rows = line.expandingDims(at: 1).broadcast(to: [count, count])
      let points = stack([rows, columns], along: -1)
      let density = try Self.withLatent(flow, 2, seed: seed, spread: 0.3) {
        exp($0.logProb(points))
      }
      #expect(density.shape == [count, count])
      let cell = (30.0 / Double(count - 1)) * (30.0 / Double(count - 1))
      #expect((density.sum().scalar() * cell - 1).magnitude < 1e-6, "\(seed)")
    }
  }

  /// On a constrained site the density counts the change of variables: ∫ q(τ) dτ = 1 over τ > 0.
  @Test func normalisesOnTheHalfLine() throws {
    let weights = RandomWeights(4, spread: 0.5)
    let body = try FlowGuide(flow: .iaf(layers: 2, hidden: [4]))
      .body(for: { _ = sample("tau", HalfCauchy(5)) }, dtype: .float64)
    let (lower, width, count) = (-40.0, 80.0, 4000)
    var total = 0.0
    for index in 0...count {
      let u = lower + width * Double(index) / Double(count)
      let chosen = Substitute(values: ["_auto_latent": Tensor([u])])
      total += try handle(
        {
          let record = try seeded(key: RandomKey(1)) { try trace { handle(body, with: chosen) } }
          return exp(record.logProbSum().scalar()) * (record["tau"]?.value?.scalar() ?? .nan)
        }, with: weights)
    }
    #expect((total * width / Double(count) - 1).magnitude < 1e-8, "\(total)")
  }

  /// The density that comes with a draw is the one found by inverting it.
  @Test(arguments: architectures, [1, 2, 5, 10])
  func jointDraws(_ flow: FlowArchitecture, _ dimension: Int) throws {
    for seed in 1...3 {
      try Self.withLatent(flow, dimension, seed: seed) { latent in
        #expect(latent.batchShape == [] && latent.eventShape == [dimension])
        let (value, logProb) = latent.sampleAndLogProb(
          [100], key: RandomKey(seed), dtype: .float64)
        #expect(value.shape == [100, dimension] && logProb.shape == [100])
        expectClose(
          logProb, latent.logProb(value.detached()), within: .relative(1e-9, absolute: 1e-9))
      }
    }
  }

  // MARK: Gradient

  /// Moves the parameters once by a given vector, then by what the gradient is.
  private struct Probe: Optimizer {
    let shift: Tensor

    func initialState(_ parameters: Tensor) -> [Tensor] { [shift] }

    func update(_ parameters: Tensor, _ gradient: Tensor, _ state: [Tensor], step: Tensor)
      -> (parameters: Tensor, state: [Tensor])
    {
      (`where`(step .== 0, parameters + state[0], parameters - gradient), state)
    }
  }

  /// The loss at shifted parameters with the second step's draws, and its gradient there.
  private static func probe(
    _ flow: FlowArchitecture, _ shift: [Double]
  ) throws -> (loss: Double, gradient: [Double]) {
    let svi = try SVI(
      EightSchools.nonCentered, FlowGuide(flow: flow), optimizer: Probe(shift: Tensor(shift)),
      loss: TraceELBO(particles: 3), seed: 5)
    func parameters() -> [Double] {
      svi.parameters.names.flatMap { svi.parameters[$0]?.array() ?? [] }
    }
    try svi.step()
    let before = parameters()
    let loss = try svi.step()
    return (loss, zip(before, parameters()).map { $0 - $1 })
  }

  /// The gradient of the loss with respect to all weights, away from the start, against central
  /// differences of order six along random directions.
  @Test(arguments: architectures) func gradientOfTheLoss(_ flow: FlowArchitecture) throws {
    let count = try SVI(
      EightSchools.nonCentered, FlowGuide(flow: flow), optimizer: Adam()
    ).parameters.count
    var generator = SeededGenerator(seed: 6)
    let origin = generator.uniform(count, in: -0.3...0.3)
    let exact = try Self.probe(flow, origin)
    for _ in 0..<3 {
      let direction = generator.signed(count, magnitude: 0.3...1)
      let h = 1e-4
      var slope = 0.0
      for (steps, weight) in [(1.0, 45.0), (2, -9), (3, 1)] {
        for sign in [1.0, -1] {
          let shift = zip(origin, direction).map { $0 + sign * steps * h * $1 }
          slope += sign * weight * (try Self.probe(flow, shift).loss) / (60 * h)
        }
      }
      let products = zip(exact.gradient, direction).map { $0 * $1 }
      let scale = products.reduce(0) { $0 + $1.magnitude }
      let error = (products.reduce(0, +) - slope).magnitude
      #expect(error < 1e-7 * scale, "\(products.reduce(0, +)) against \(slope)")
    }
  }

  // MARK: Reproducibility

  @Test(arguments: architectures, [DType.float64, .float32])
  func stepAndRun(_ flow: FlowArchitecture, _ dtype: DType) throws {
    func make() throws -> SVI {
      try SVI(
        EightSchools.nonCentered, FlowGuide(flow: flow), optimizer: Adam(0.01),
        loss: TraceELBO(particles: 4),
        dtype: dtype, seed: 3)
    }
    func bits(_ svi: SVI) -> [UInt64] {
      svi.parameters.names.flatMap { svi.parameters[$0]!.array().map(\.bitPattern) }
    }
    let (stepped, ran) = (try make(), try make())
    let losses = try (0..<25).map { _ in try stepped.step() }
    #expect(try ran.run(steps: 25, showsProgress: false).losses == losses)
    #expect(bits(stepped) == bits(ran))
  }
}
