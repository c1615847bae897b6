import Foundation
import Synchronization
import TestSupport
import Testing

@testable import FlowGuides

/// What the libraries that this one follows promised of their flows, where no other test is about it.
@Suite struct PromiseTests {
  private static func points(_ shape: Shape, seed: Int = 1) -> Tensor {
    RandomKey(seed).normal(shape).detached()
  }

  // MARK: FlowTorch

  /// A recipe has no parameters; those of two flows made from one are independent.
  @Test func parametersAreBuiltLate() throws {
    let sites = try seeded(key: RandomKey(0)) {
      try trace {
        _ = FlowArchitecture.maf().build(dimension: 3)
        _ = NormalizingFlow(.maf(hidden: [8]), dimension: 3)
      }.sites
    }
    #expect(sites.isEmpty)
    let flow = NormalizingFlow(.maf(hidden: [8]), dimension: 3)
    let (first, second) = (try flow.initialized(seed: 1), try flow.initialized(seed: 2))
    let x = Self.points([4, 3])
    let before = second.logProb(x).array()
    let fitted = try fit(
      first, to: Self.points([50, 3]), epochs: 1, batchSize: 10, showsProgress: false
    ).flow
    #expect(fitted.logProb(x).array() != first.logProb(x).array())
    #expect(second.logProb(x).array() == before && flow.fittedParameters == nil)
  }

  /// The shapes of parameters follow from the dimension: D × H, H × H and H × D k weights for k
  /// parameters of a transformer.
  @Test func parameterShapes() throws {
    let recipes: [(FlowArchitecture, Int)] = [
      (.maf(layers: 1, hidden: [8, 6]), 2),
      (.nsf(layers: 1, conditioning: .masked, bins: 4, hidden: [8, 6]), 11),
    ]
    for (architecture, count) in recipes {
      let store = try #require(
        try NormalizingFlow(architecture, dimension: 3).initialized().fittedParameters)
      let shapes = store.names.sorted().map { store[$0]?.shape }
      #expect(shapes == [[8], [6], [3 * count], [3, 8], [8, 6], [6, 3 * count]])
    }
  }

  /// Parameters come in the order of the layers, and layers without any have none.
  @Test func parametersOfCompositions() throws {
    let layers: [any Bijector] = [
      Planar(dimension: 2, name: "a"), Reverse(), LULinear(dimension: 2, name: "b"),
      Tanh(), Radial(dimension: 2, name: "c"),
    ]
    let record = try seeded(key: RandomKey(0)) {
      try trace { _ = Compose(layers).forward(Self.points([2])) }
    }
    let owners = record.sites.map { $0.name.prefix(1) }
    #expect(owners == ["a", "a", "a", "b", "b", "b", "c", "c", "c"])
  }

  /// What is kept beside the parameters is saved with them: the statistics of a batch norm.
  @Test func mutableValuesAreSaved() throws {
    let flow = NormalizingFlow(
      [LULinear(dimension: 2, name: "lu"), BatchNorm(dimension: 2, name: "norm")],
      base: Normal(0, 1).expanded(to: [2]).toEvent(1))
    let data = (3 + 2 * Self.points([200, 2])).detached()
    let fitted = try fit(flow, to: data, epochs: 3, batchSize: 50, showsProgress: false).flow
    let path = FileManager.default.temporaryDirectory
      .appending(path: "\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try fitted.save(to: path)
    let loaded = try flow.loading(path)
    let x = Self.points([5, 2])
    #expect(loaded.logProb(x).array() == fitted.logProb(x).array())
    let mean = try #require(loaded.fittedParameters?.mutable("norm.mean"))
    #expect(mean.min().scalar() > 0.5)
  }

  /// An inverse is the map read backwards, bit by bit, and one of an inverse the map itself; the
  /// inverse's density integrates to one, as it would not with a log determinant of the wrong sign (0.25
  /// for a scale of 2).
  @Test func inverses() {
    for subject in ArchitectureCase.all {
      let dimension = subject.dimensions(2)[0]
      let flow = subject.build(dimension)
      let x = Self.points([3, dimension])
      handle(
        {
          let pairs: [(any Bijector, any Bijector)] = [
            (Inverse(Inverse(flow)), flow), (Inverse(flow.inv).inv, flow.inv),
          ]
          for (twice, once) in pairs {
            let (y, logDet) = once.forwardAndLogDet(x, context: nil)
            let (again, same) = twice.forwardAndLogDet(x, context: nil)
            #expect(y.array() == again.array() && logDet.array() == same.array(), "\(subject)")
          }
          let (back, logDet) = flow.inv.forwardAndLogDet(x, context: nil)
          let (expected, same) = flow.inverseAndLogDet(x, context: nil)
          #expect(back.array() == expected.array() && logDet.array() == same.array())
        }, with: RandomWeights(1, isScaled: true))
    }
    let grid = Tensor.linspace(-30, 30, count: 6001)
    let flow = TransformedDistribution(Normal(0, 1), [Affine(shift: 0, scale: 2).inv])
    #expect((exp(flow.logProb(grid)).sum().scalar() * 0.01 - 1).magnitude < 1e-10)
  }

  /// Layers of vectors and of numbers go together, in any order, as a density in an event of two axes
  /// too.
  @Test func compositions() {
    let layer = InverseAutoregressive(
      .sequence(6), transformer: AffineTransformer(), network: MADE(hidden: [8]), name: "f")
    let matrices = Reshape(from: [6], to: [2, 3])
    for parts in [[layer, Tanh(), matrices], [Tanh(), layer, matrices, Sigmoid()]]
      as [[any Bijector]]
    {
      let flow = NormalizingFlow(parts, base: Normal(0, 1).expanded(to: [4, 6]))
      handle(
        {
          #expect(flow.batchShape == [4] && flow.eventShape == [2, 3])
          let (value, logProb) = flow.sampleAndLogProb([5], key: RandomKey(1), dtype: .float64)
          #expect(value.shape == [5, 4, 2, 3] && logProb.shape == [5, 4])
          expectClose(
            flow.logProb(value.detached()), logProb, within: .relative(1e-9, absolute: 1e-9))
        }, with: RandomWeights(2, isScaled: true))
    }
  }

  /// A layer shows what its network is connected with: the masks, as a product, are the dependencies
  /// of its order, and `graph` takes what a layer shows.
  @Test func masksAreShown() {
    let order = [2, 0, 3, 1]
    let layer = MaskedAutoregressive(
      .order(order), transformer: AffineTransformer(), network: MADE(hidden: [6, 7]), name: "f")
    let adjacency = layer.dependencies.adjacency
    for (stage, coordinate) in order.enumerated() {
      #expect((0..<4).filter { adjacency[coordinate][$0] } == order[..<stage].sorted())
    }
    let masks = layer.masks
    #expect(masks.map(\.count) == [4, 6, 7] && masks.map { $0[0].count } == [6, 7, 8])
    let reach = masks.dropFirst().reduce(masks[0]) { reach, mask in
      reach.map { row in
        mask[0].indices.map { column in row.indices.contains { row[$0] && mask[$0][column] } }
      }
    }
    for output in 0..<8 {
      #expect((0..<4).map { reach[$0][output] } == adjacency[output % 4])
    }
    let same = MaskedAutoregressive(
      .graph(adjacency), transformer: AffineTransformer(), network: MADE(hidden: [6, 7]), name: "f")
    #expect(same.dependencies.adjacency == adjacency)
  }

  /// What a network gives a layer has the batch of the points, of any rank, in front of one number for
  /// each output; a layer without parameters meets no site.
  @Test func outputsFollowTheBatch() throws {
    let network = MLP(hidden: [5])
    for batch in [Shape([]), [3], [2, 3]] {
      let outputs = handle(
        {
          network(
            Self.points(batch + [4]), context: nil, start: [Double](repeating: 0, count: 6),
            name: "net")
        }, with: RandomWeights(1))
      #expect(outputs.shape == batch + [6])
    }
    let none = try trace { _ = Compose([Tanh(), Reverse()]).forward(Self.points([4])) }
    #expect(none.sites.isEmpty)
  }

  // MARK: Zuko

  /// A draw with its density meets the weights of each network once, whatever the direction; so does
  /// the density of a point.
  @Test(arguments: ArchitectureCase.all.filter { $0.tolerance == 1e-9 })
  func weightsAreMetOnce(_ subject: ArchitectureCase) {
    let dimension = subject.dimensions(4)[0]
    let flow = subject.density(dimension)
    let x = Self.points([5, dimension])
    let runs: [() -> Void] = [
      { _ = flow.sampleAndLogProb([5], key: RandomKey(1), dtype: .float64) },
      { _ = flow.logProb(x) },
    ]
    for run in runs {
      let visits = Visits()
      handle({ handle(run, with: visits) }, with: RandomWeights(3, isScaled: true))
      #expect(!visits.counts.isEmpty)
      // Integrands, inside a transformer, are evaluated at the nodes.
      let networks = visits.counts.filter {
        $0.key.contains("weight") && !$0.key.contains("transformer")
      }
      #expect(networks.values.allSatisfy { $0 == 1 }, "\(networks)")
    }
  }

  /// It applies the transformer to each coordinate once, also where they are found one after another.
  @Test(arguments: [Conditioning.coupling, .masked, .inverseMasked])
  func coordinatesAreTransformedOnce(_ conditioning: Conditioning) {
    let probe = Probe()
    let layers = FlowArchitecture.layers(2, of: probe, conditioning: conditioning, hidden: [8])
    let flow = TransformedDistribution(
      Normal(0, 1).expanded(to: [4]).toEvent(1), layers.build(dimension: 4))
    // Two layers of five points, of whose coordinates couplings keep half.
    let count = conditioning == .coupling ? 20 : 40
    handle(
      {
        _ = flow.sampleAndLogProb([5], key: RandomKey(1), dtype: .float64)
        #expect(probe.elements == count)
        _ = flow.logProb(Self.points([5, 4]))
        #expect(probe.elements == 2 * count)
      }, with: RandomWeights(3, isScaled: true))
  }

  /// A transformer that counts the numbers it is applied to.
  private final class Probe: Transformer {
    private let count = Mutex(0)
    private let base = AffineTransformer(.softClamped)
    var elements: Int { count.withLock { $0 } }
    var start: [Double] { base.start }

    func forwardAndLogDet(
      _ x: Tensor, _ parameters: [Tensor]
    ) -> (y: Tensor, logDet: Tensor) {
      count.withLock { $0 += x.count }
      return base.forwardAndLogDet(x, parameters)
    }

    func inverseAndLogDet(
      _ y: Tensor, _ parameters: [Tensor]
    ) -> (x: Tensor, logDet: Tensor) {
      count.withLock { $0 += y.count }
      return base.inverseAndLogDet(y, parameters)
    }
  }

  private final class Visits: Handler {
    private let met = Mutex<[String: Int]>([:])
    var counts: [String: Int] { met.withLock { $0 } }

    func process(_ site: inout Site) {
      let name = site.name
      if site.kind == .param { met.withLock { $0[name, default: 0] += 1 } }
    }
  }

  /// Axes of the base become part of the event where the layers ask for it, and log determinants are
  /// summed over the axes of the base's event; what is left in front are batches of distributions and
  /// of points.
  @Test func eventRanks() {
    let x = Self.points([7, 2, 3, 4])
    let (loc, factor) = (Tensor([1.0, 2, 3, 4]), Tensor.eye(4) + tril(Tensor.ones([4, 4])))
    let triangle = LowerCholeskyAffine(loc: loc, scaleTril: factor)
    let normal = MultivariateNormal(loc, covariance: matmul(factor, factor.transposed()))
    let close = Tolerance.relative(1e-11, absolute: 1e-11)
    for batch in [Shape([]), [3], [2, 3]] {
      // A map of vectors on numbers.
      let vectors = NormalizingFlow([triangle], base: Normal(0, 1).expanded(to: batch + [4]))
      #expect(vectors.batchShape == batch && vectors.eventShape == [4])
      #expect(vectors.logProb(x).shape == [7, 2, 3])
      expectClose(vectors.logProb(x), normal.logProb(x), within: close)
      // A map of numbers on vectors.
      let numbers = NormalizingFlow(
        [Exp()], base: Normal(0, 1).expanded(to: batch + [4]).toEvent(1))
      #expect(numbers.batchShape == batch && numbers.eventShape == [4])
      expectClose(
        numbers.logProb(exp(x)), LogNormal(0, 1).logProb(exp(x)).sum(axis: -1), within: close)
      #expect(numbers.sample([6], key: RandomKey(1), dtype: .float64).shape == [6] + batch + [4])
    }
    // The same distribution for a wider batch.
    let one = NormalizingFlow([triangle], base: Normal(0, 1).expanded(to: [4]))
    let many = one.expanded(to: [2, 3])
    expectClose(many.logProb(x), one.logProb(x), within: close)
  }

  /// Draws of a base that has no path derivatives have none; others do.
  @Test func pathDerivatives() {
    let mixture = MixtureSameFamily(
      Categorical(probs: Tensor([0.4, 0.6])), Normal(Tensor([-1, 2]), 1))
    #expect(!NormalizingFlow([Exp()], base: mixture).isReparameterized)
    let scale = Tensor(1.3)
    let flow = NormalizingFlow([Affine(shift: 0, scale: scale), Exp()], base: Normal(0, 1))
    #expect(flow.isReparameterized)
    let draws = flow.sample([20], key: RandomKey(1), dtype: .float64)
    let slope = gradient(of: log(draws).sum(), withRespectTo: scale).scalar()
    let noise = Normal(0, 1).sample([20], key: RandomKey(1), dtype: .float64)
    #expect((slope - noise.sum().scalar()).magnitude < 1e-12)
  }

  // MARK: Early Pyro

  /// One bijector or several, first to last: the exponential of a normal with a shift is not the shift
  /// of the exponential of a normal.
  @Test func orderOfBijectors() {
    let (shift, base) = (Affine(shift: 0.7, scale: 2), Normal(0, 1))
    let x = Tensor([1.5, 3, 8])
    let logNormal = TransformedDistribution(base, [shift, Exp()])
    expectClose(logNormal.logProb(x), LogNormal(0.7, 2).logProb(x), within: .relative(1e-13))
    let moved = TransformedDistribution(base, [Exp(), shift])
    expectClose(
      moved.logProb(x), LogNormal(0, 1).logProb((x - 0.7) / 2) - log(2.0),
      within: .relative(1e-13))
    // Draws are the bijectors applied to those of the base; the score of a batch is a sum.
    let draws = moved.sample([6], key: RandomKey(4), dtype: .float64)
    let noise = base.sample([6], key: RandomKey(4), dtype: .float64)
    expectClose(draws, exp(noise) * 2 + 0.7, within: .relative(1e-14))
  }

  /// What was drawn can be scored any number of times, and a score follows the parameters: nothing is
  /// cached.
  @Test func nothingIsCached() {
    let flow = TransformedDistribution(
      Normal(0, 1).expanded(to: [3]).toEvent(1),
      FlowArchitecture.iaf(hidden: [8]).build(dimension: 3))
    let old = RandomWeights(1, isScaled: true)
    let (value, logProb) = handle(
      { flow.sampleAndLogProb([4], key: RandomKey(1), dtype: .float64) }, with: old)
    let x = value.detached()
    let scores = (0..<2).map { _ in handle({ flow.logProb(x).array() }, with: old) }
    #expect(scores[0] == scores[1])
    expectClose(logProb.array(), scores[0], within: .relative(1e-9))
    let fresh = RandomWeights(2, isScaled: true)
    let other = handle({ flow.logProb(x).array() }, with: fresh)
    let (_, anew) = handle({ flow.inverse(x) }, with: fresh)
    #expect(other != scores[0] && other == anew)
  }

  /// A layer of D coordinates and H hidden units has D H + H + 2 H D + 2 D parameters, under its name
  /// in a guide.
  @Test func parameterCount() throws {
    let svi = try SVI(
      { _ = sample("z", Normal(0, 1).expanded(to: [5]).toEvent(1)) },
      FlowGuide(flow: .iaf(layers: 1, hidden: [7])), optimizer: Adam())
    #expect(svi.parameters.count == 5 * 7 + 7 + 7 * 10 + 10)
    #expect(svi.parameters.names.allSatisfy { $0.hasPrefix("flow0.") })
  }
}

extension TransformedDistribution where Base == Independent<Normal> {
  /// The density by hand: the point in the base, and the log density there less the log determinant.
  fileprivate func inverse(_ x: Tensor) -> (Tensor, [Double]) {
    let (z, logDet) = bijector.inverseAndLogDet(x, context: nil)
    return (z, (base.logProb(z) + logDet).array())
  }
}
