import Foundation
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct NormalizingFlowTests {
  private static let flow = NormalizingFlow(.maf(layers: 2, hidden: [8]), dimension: 3)

  /// Affine maps and an exponential give closed forms: Normal(μ, σ) and LogNormal.
  @Test func closedForms() {
    let y = RandomKey(1).normal([7, 2, 3]).detached()
    let base = Normal(0, 1).expanded(to: [2, 3])
    let (shift, scale): (Tensor, Tensor) = ([0.3, -1, 2], [0.5, 2, 1.5])
    let affine = NormalizingFlow([Affine(shift: shift, scale: scale).toEvent(1)], base: base)
    #expect(affine.batchShape == [2] && affine.eventShape == [3])
    let normal = Normal(shift, scale).toEvent(1)
    expectClose(
      affine.logProb(y), normal.logProb(y), within: .relative(1e-12, absolute: 1e-12))
    // The order of bijectors: first to last.
    let logNormal = NormalizingFlow(
      [Affine(shift: shift, scale: scale).toEvent(1), Exp().toEvent(1)], base: base)
    expectClose(
      logNormal.logProb(exp(y)), LogNormal(shift, scale).toEvent(1).logProb(exp(y)),
      within: .relative(1e-12, absolute: 1e-12))
    #expect(logNormal.support.contains(y).boolArray().contains(false))
  }

  /// A draw comes with its log density; both have sample + batch shapes.
  @Test func jointDraws() throws {
    let flow = try Self.flow.initialized(seed: 3)
    for batch in [Shape([]), [4], [2, 4]] {
      let wide = flow.expanded(to: batch)
      #expect(wide.batchShape == batch)
      let (value, logProb) = wide.sampleAndLogProb([5], key: RandomKey(1), dtype: .float64)
      #expect(value.shape == [5] + batch + [3] && logProb.shape == [5] + batch)
      expectClose(
        logProb, wide.logProb(value.detached()), within: .relative(1e-12, absolute: 1e-12))
      if batch.rank == 1 {
        // Independent draws over the new axis.
        #expect(value.selecting(0, along: 1).array() != value.selecting(1, along: 1).array())
      }
    }
    #expect(flow.isReparameterized)
    let again = flow.sample([2], key: RandomKey(1), dtype: .float64)
    #expect(again.array() == flow.sample([2], key: RandomKey(1), dtype: .float64).array())
  }

  /// Contexts have an effect; their batch is one of the flow, before and after sample axes.
  @Test func contexts() throws {
    for base in [
      FlowBase.normal, .conditionalNormal(hidden: [4]), .studentT(), .principalComponents(1),
    ] {
      let flow = NormalizingFlow(
        .maf(layers: 2, hidden: [8]), dimension: 2, contextDimension: 3, base: base)
      handle(
        {
          let contexts = RandomKey(2).normal([4, 3]).detached()
          let given = flow.conditioned(on: contexts)
          #expect(given.batchShape == [4] && given.eventShape == [2])
          let (draws, logProb) = given.sampleAndLogProb([6], key: RandomKey(3), dtype: .float64)
          #expect(draws.shape == [6, 4, 2] && logProb.shape == [6, 4])
          expectClose(
            given.logProb(draws.detached()), logProb, within: .relative(1e-10, absolute: 1e-10))
          for row in 0..<4 {
            let one = flow.conditioned(on: contexts.selecting(row, along: 0))
            expectClose(
              one.logProb(draws.detached().selecting(row, along: 1)),
              logProb.selecting(row, along: 1), within: .relative(1e-10, absolute: 1e-10))
          }
          let point = Tensor([0.5, -1])
          let densities = given.logProb(point).array()
          #expect(Set(densities).count == 4, "\(densities)")
        }, with: LawParameters(key: RandomKey(5), spread: 0.3))
    }
  }

  /// Among layers that follow a context there may be others of numbers, or of parts of an event.
  @Test func contextsAndLayersOfLowerRank() {
    let row = MaskedAutoregressive(
      .sequence(2), transformer: AffineTransformer(), network: MADE(hidden: [8]),
      contextDimension: 3, name: "row")
    let matrices = Reshape(from: [6], to: [3, 2])
    for (layers, event) in [
      ([row, Exp()], [2]), ([matrices, row], [6]), ([Compose([matrices, row])], [6]),
    ] as [([any Bijector], Shape)] {
      let flow = NormalizingFlow(
        layers, base: Normal(0, 1).expanded(to: event).toEvent(1), contextDimension: 3)
      handle(
        {
          let contexts = RandomKey(2).normal([4, 3]).detached()
          let given = flow.conditioned(on: contexts)
          let (draws, logProb) = given.sampleAndLogProb([6], key: RandomKey(3), dtype: .float64)
          #expect(draws.shape == [6, 4] + given.eventShape && logProb.shape == [6, 4])
          for row in 0..<4 {
            let one = flow.conditioned(on: contexts.selecting(row, along: 0))
            expectClose(
              one.logProb(draws.detached().selecting(row, along: 1)),
              logProb.selecting(row, along: 1), within: .relative(1e-10, absolute: 1e-10))
          }
        }, with: LawParameters(key: RandomKey(5), spread: 0.3))
    }
  }

  /// ∫ q = 1 for every base and for mixtures, by the trapezoidal rule in spread variables.
  @Test func bases() throws {
    let architecture = FlowArchitecture.nsf(layers: 2, conditioning: .masked, hidden: [8])
    let flows: [(String, NormalizingFlow, Double)] = [
      ("normal", .init(architecture, dimension: 1), 6),
      ("student", .init(architecture, dimension: 1, base: .studentT(degrees: 3)), 12),
      ("mixture", .init(architecture, dimension: 1, base: .mixture(components: 3)), 6),
      (
        "of flows",
        .mixture((0..<2).map { _ in NormalizingFlow(architecture, dimension: 1) }), 6
      ),
      (
        "box", .init(.ncsf(layers: 2, hidden: [8]), dimension: 1, base: .uniform(-.pi, .pi)),
        0
      ),
    ]
    for (name, flow, reach) in flows {
      let (x, weights) = Self.grid(reach: reach)
      let total = handle(
        { (exp(flow.logProb(x.expandingDims(at: 1))) * weights).sum().scalar() },
        with: LawParameters(key: RandomKey(4), spread: 0.3))
      #expect((total - 1).magnitude < 1e-3, "\(name): \(total)")
    }
  }

  /// A base with principal directions is the normal distribution with covariance W Wᵀ + σ².
  @Test func principalComponents() throws {
    let base = FlowBase.principalComponents(2)
    let weights = RandomWeights(1)
    let x = RandomKey(2).normal([5, 4]).detached()
    let found = handle({ base(4, nil).logProb(x) }, with: weights)
    let factor = try #require(weights.met["base.factor"])
    let variance = try #require(weights.met["base.variance"])
    let covariance = matmul(factor, factor.transposed()) + variance * Tensor.eye(4)
    let exact = MultivariateNormal(
      try #require(weights.met["base.loc"]), scaleTril: cholesky(covariance))
    expectClose(found, exact.logProb(x), within: .relative(1e-11, absolute: 1e-11))
  }

  /// Without hidden layers a conditional base has a mean and a deviation for each class.
  @Test func classes() throws {
    let weights = RandomWeights(1)
    let x = RandomKey(2).normal([3]).detached()
    let found = handle(
      { FlowBase.conditionalNormal(hidden: [])(3, Tensor.eye(2)).logProb(x) }, with: weights)
    let (weight, bias) = (weights.met["base.weight0"], weights.met["base.bias0"])
    let rows = (try #require(weight) + (try #require(bias))).split([3, 3], along: 1)
    let exact = Normal(rows[0], exp(rows[1])).logProb(x).sum(axis: 1)
    expectClose(found, exact, within: .relative(1e-12, absolute: 1e-12))
    #expect(found.array()[0] != found.array()[1])
  }

  /// Points and weights: y = sinh u for all numbers, or the circle's interval.
  private static func grid(reach: Double) -> (Tensor, Tensor) {
    let count = 8001
    if reach == 0 {
      let step = 2 * Double.pi / Double(count)
      let x = Tensor.linspace(-Double.pi + step / 2, Double.pi - step / 2, count: count)
      return (x, Tensor.full([count], step))
    }
    let u = Tensor.linspace(-reach, reach, count: count)
    return (sinh(u), cosh(u) * (2 * reach / Double(count - 1)))
  }

  /// A flow in a model's fit is learned; one with parameters stays as it is.
  @Test func sitesOfModels() throws {
    let data = (2 + 0.5 * RandomKey(6).normal([200, 2])).detached()
    let flow = NormalizingFlow(.nice(layers: 2, hidden: [4]), dimension: 2, name: "prior")
    let model = { plate("rows", 200) { _ = sample("row", flow, observed: data) } }
    let svi = try SVI(model, guide: {}, optimizer: Adam(0.02))
    #expect(svi.parameters.names.allSatisfy { $0.hasPrefix("prior.") } && svi.parameters.count > 0)
    let losses = try svi.run(steps: 300, showsProgress: false).losses
    let exact = -Normal(2, 0.5).logProb(data).sum().scalar()
    #expect(losses[299] < exact + 10 && losses[0] > exact + 500)

    let known = try flow.initialized()
    let fixed = { plate("rows", 200) { _ = sample("row", known, observed: data) } }
    #expect(try SVI(fixed, guide: {}, optimizer: Adam(0.02)).parameters.count == 0)
  }

  /// A flow as the guide of a site, with another as its prior: the divergence goes to zero.
  @Test func guidesAndPriors() throws {
    let prior = try NormalizingFlow(.realNVP(layers: 2, hidden: [8]), dimension: 2, name: "p")
      .initialized(seed: 1)
    let guide = NormalizingFlow(.iaf(hidden: [8]), dimension: 2, name: "q")
    let fit = try SVI(
      { sample("z", prior) }, guide: { sample("z", guide) },
      optimizer: Adam(.cosine(0.02, steps: 500)), loss: TraceELBO(particles: 16)
    ).run(steps: 500, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: 4000)
    #expect(elbo > -0.01 && elbo < 4.9 * error, "\(elbo) ± \(error)")
  }

  /// A flow that was saved and loaded gives the same bits; two seeds give different flows.
  @Test(arguments: ArchitectureCase.all) func files(_ subject: ArchitectureCase) throws {
    let dimension = subject.dimensions(3)[0]
    let flow = NormalizingFlow(subject.architecture, dimension: dimension, base: .studentT())
    let first = try flow.initialized(seed: 1)
    let path = FileManager.default.temporaryDirectory
      .appending(path: "\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try first.save(to: path)
    let points = RandomKey(8).normal([10, dimension]).detached()
    let loaded = try flow.loading(path)
    #expect(loaded.logProb(points).array() == first.logProb(points).array())
    let other = try flow.initialized(seed: 2)
    func numbers(_ flow: NormalizingFlow) -> [[Double]] {
      let store = flow.fittedParameters
      return (store?.names ?? []).map { store?[$0]?.array() ?? [] }
    }
    #expect((numbers(other) != numbers(first)) == subject.isRandom)
    for architecture in [FlowArchitecture.nice(layers: 7), .planar(layers: 9)] {
      let different = NormalizingFlow(architecture, dimension: dimension, base: .studentT())
      #expect(throws: FileError.self) { try different.loading(path) }
    }
    guard subject.dimension == nil else { return }
    let wider = NormalizingFlow(subject.architecture, dimension: 4, base: .studentT())
    #expect(throws: FileError.self) { try wider.loading(path) }
  }

  /// Two flows of a model have parameters of their own, and `scope` names them as it does sites.
  @Test func namesInModels() throws {
    let data = (2 + 0.5 * RandomKey(6).normal([50, 2])).detached()
    func names(_ model: @escaping () -> Void) throws -> Set<String> {
      Set(try SVI(model, guide: {}, optimizer: Adam(0.02)).parameters.names)
    }
    func flow(_ name: String) -> NormalizingFlow {
      NormalizingFlow(.nice(layers: 2, hidden: [4]), dimension: 2, name: name)
    }
    let one = try names { _ = sample("a", flow("p"), observed: data) }
    let two = try names {
      _ = sample("a", flow("p"), observed: data)
      _ = sample("b", flow("q"), observed: data)
    }
    #expect(two.count == 2 * one.count && two.isSuperset(of: one))
    let scoped = try names {
      for part in ["left", "right"] {
        scope(part) { _ = sample("a", flow("p"), observed: data) }
      }
    }
    #expect(scoped == Set(["left/", "right/"].flatMap { part in one.map { part + $0 } }))
  }

  /// Layers that follow no context stand beside those that do, and have no weights for it.
  @Test func layersWithoutContext() throws {
    let context = ContextNetwork(dimension: 2)
    let layers: [any Bijector] = [
      Coupling(.half(2), transformer: AffineTransformer(), network: MLP(hidden: [4]), name: "a"),
      MaskedAutoregressive(
        .sequence(2), transformer: AffineTransformer(), network: MADE(hidden: [4]), name: "b"),
      InverseAutoregressive(
        .sequence(2), transformer: AffineTransformer(), network: MADE(hidden: [4]), name: "c"),
      Planar(dimension: 2, name: "d"), Planar(dimension: 2, name: "e", context: context),
    ]
    let flow = NormalizingFlow(
      layers, base: Normal(0, 1).expanded(to: [2]), contextDimension: 2)
    let weights = LawParameters(key: RandomKey(5), spread: 0.5)
    let given = flow.conditioned(on: RandomKey(2).normal([4, 2]).detached())
    let densities = handle({ given.logProb(Tensor([0.5, -1])).array() }, with: weights)
    #expect(Set(densities).count == 4)
    let followers = weights.met.keys.filter { $0.lowercased().contains("context") }
    #expect(!followers.isEmpty && followers.allSatisfy { $0.hasPrefix("e.") }, "\(followers)")
  }

  /// What has no parameters is saved and loaded too.
  @Test func filesOfNothing() throws {
    let flow = NormalizingFlow([Exp()], base: Normal(0, 1))
    let path = FileManager.default.temporaryDirectory
      .appending(path: "\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try flow.save(to: path)
    let x = Tensor([0.5, 2])
    #expect(try flow.loading(path).logProb(x).array() == flow.logProb(x).array())
  }

  @Test func misuse() async {
    var result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let flow = NormalizingFlow(.maf(hidden: [8]), dimension: 2, contextDimension: 3)
      _ = try flow.initialized().logProb(Tensor([0, 0]))
    }
    expectTrap(result, "context")
    result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let flow = NormalizingFlow(.maf(hidden: [8]), dimension: 2, contextDimension: 3)
      _ = flow.conditioned(on: Tensor([0, 0]))
    }
    expectTrap(result, "context")
    result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = NormalizingFlow([SoftClamp().toEvent(2)], base: Normal(0, 1))
    }
    expectTrap(result, "act on events of 2 axes")
    result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let path = FileManager.default.temporaryDirectory.appending(path: "never-written").path
      try NormalizingFlow(.maf(hidden: [8]), dimension: 2).save(to: path)
    }
    expectTrap(result, "its parameters are not known here")
    result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = NormalizingFlow(
        [Planar(dimension: 3, name: "p")], base: Normal(0, 1).expanded(to: [4]))
    }
    expectTrap(result, "Planar: expected points of shape [3]")
  }
}
