import Foundation
import TestSupport
import Testing

@testable import FlowGuides
@testable import PPL

/// Guides that follow the structure of a model: groups of sites, plates, the graph of the posterior.
@Suite struct PlateGuideTests {
  private static let data = Tensor([1.2, -0.5, 0.3, 2.2, 0.9, -1.4])

  /// x ~ N(0, 1.25 + 11ᵀ).
  private static var logEvidence: Double {
    let n = 6
    let covariance = 1.25 * Tensor.eye(n) + Tensor.ones([n, n])
    return MultivariateNormal(Tensor.zeros([n]), covariance: covariance).logProb(data).scalar()
  }

  private static func model(_ subset: Int?) -> @Sendable () -> Void {
    {
      let mean = sample("mean", Normal(0, 1))
      plate("rows", 6, subsampleSize: subset) { _ in
        let z = sample("z", Normal(mean, 1))
        sample("x", Normal(z, 0.5), observed: subsample(data))
      }
    }
  }

  /// A copy's posterior is normal, its mean linear in its datum and in the mean of all: a linear
  /// amortised guide is exact, the bound the evidence, by all rows or by random halves of them.
  @Test(arguments: [nil, 3] as [Int?]) func amortized(_ subset: Int?) throws {
    let guide = AmortizedFlowGuide(
      plate: "rows", contextDimension: 1, local: .iaf(layers: 1, hidden: []),
      global: .iaf(layers: 1, hidden: [])
    ) { subsample(Self.data).expandingDims(at: -1) }
    let svi = try SVI(
      Self.model(subset), guide, optimizer: Adam(.cosine(0.02, steps: 3000)),
      loss: TraceELBO(particles: 8, estimator: .stickingTheLanding))
    // Shift and scale of the mean; of a copy, and how both follow datum and mean.
    #expect(svi.parameters.count == 2 + 2 + 4)
    let fit = try svi.run(steps: 3000, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: subset == nil ? 2000 : 40_000)
    #expect((elbo - Self.logEvidence).magnitude < 0.01 + 4.9 * error, "\(elbo) ± \(error)")
    #expect(subset != nil || error < 0.005)
    // Posterior of the mean: precision 1 + 6 / 1.25.
    let summary = try fit.summary(draws: 20_000)
    let row = try #require(summary["mean"])
    let (precision, total) = (1 + 6 / 1.25, Self.data.sum().scalar())
    #expect((row.mean - total / 1.25 / precision).magnitude < 0.02)
    #expect((row.standardDeviation * precision.squareRoot() - 1).magnitude < 0.03)
  }

  /// Constrained sites of several numbers, without a variable outside the plate.
  @Test func amortizedSimplex() throws {
    let counts = Tensor([3, 1, 0, 0, 2, 5, 4, 4, 4], shape: [3, 3])
    let model = {
      plate("rows", 3) {
        let p = sample("p", Dirichlet(Tensor([2, 2, 2])))
        let rate = sample("rate", Gamma(counts.sum(axis: -1), 1))
        factor("counts", (counts * log(p)).sum(axis: -1) + 0 * rate)
      }
    }
    // Σ log of Dirichlet(2 + counts) normalisers over that of Dirichlet(2).
    func logBeta(_ a: [Double]) -> Double {
      a.map { lgamma($0) }.reduce(0, +) - lgamma(a.reduce(0, +))
    }
    let evidence = counts.rows().reduce(0) {
      $0 + logBeta($1.map { $0 + 2 }) - logBeta([2, 2, 2])
    }
    let guide = AmortizedFlowGuide(
      plate: "rows", contextDimension: 3, local: .iaf(layers: 2, hidden: [16])
    ) { counts }
    let fit = try SVI(
      model, guide, optimizer: Adam(.cosine(0.02, steps: 3000)),
      loss: TraceELBO(particles: 8, estimator: .stickingTheLanding)
    ).run(steps: 3000, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: 4000)
    #expect(elbo < evidence + 4.9 * error && elbo > evidence - 0.1, "\(elbo) \(evidence)")
  }

  @Test func unsuitablePlates() {
    func build(_ plate: String, _ model: @escaping () -> Void) throws {
      _ = try AmortizedFlowGuide(plate: plate, contextDimension: 1) { Tensor.zeros([6, 1]) }
        .body(for: model, dtype: .float64)
    }
    #expect(throws: ModelError.unsuitablePlate("columns", site: nil)) {
      try build("columns", Self.model(nil))
    }
    #expect(throws: ModelError.unsuitablePlate("rows", site: "z")) {
      try build("rows") {
        _ = plate("rows", 6, axis: -2) { plate("columns", 2) { sample("z", Normal(0, 1)) } }
      }
    }
  }

  // MARK: Groups

  /// Two groups of correlated sites, each with a flow of its own: the evidence is found, 0, and no
  /// parameter joins the groups.
  @Test func groups() throws {
    let model = {
      let a = sample("a", Normal(1, 2))
      let c = sample("c", Gamma(3, 1))
      sample("b", Normal(0.8 * a, 0.5))
      sample("d", Normal(log(c), 0.4))
    }
    let guide = GuideList(
      .sites(["a", "b"], FlowGuide(flow: .iaf(hidden: [8]))),
      .rest(FlowGuide(flow: .nsf(layers: 2, conditioning: .inverseMasked, hidden: [8]))))
    let fit = try SVI(
      model, guide, optimizer: Adam(.cosine(0.01, steps: 2000)),
      loss: TraceELBO(particles: 16, estimator: .stickingTheLanding)
    ).run(steps: 2000, showsProgress: false)
    #expect(
      Set(fit.parameters.names.map { $0.prefix { $0 != "." } }) == ["guide0", "guide1"])
    let (elbo, error) = try fit.elbo(particles: 4000)
    #expect(elbo > -0.02 && elbo < 4.9 * error + 1e-9, "\(elbo) ± \(error)")
  }

  // MARK: The graph of the posterior

  private static func parents(_ model: @escaping () -> Void) throws -> [Set<Int>] {
    try PosteriorGraph(model).parents.map { row in Set(row.indices.filter { row[$0] }) }
  }

  /// Copies of a plate depend on what is outside; states of a chain on the one before; causes of one
  /// observation on each other, which the prior does not say.
  @Test func posteriorGraphs() throws {
    let copies = try Self.parents {
      let mean = sample("mean", Normal(0, 1))
      let scale = sample("scale", HalfNormal(1))
      plate("p", 3) {
        let z = sample("z", Normal(mean, scale))
        sample("x", StudentT(3, z, 1), observed: Tensor([0.1, 2, -1]))
      }
    }
    #expect(copies == [[], [0], [0, 1], [0, 1], [0, 1]])
    let chain = try Self.parents {
      var z = sample("z0", Normal(0, 1))
      for step in 1..<5 { z = sample("z\(step)", Normal(sin(z), 1)) }
    }
    #expect(chain == [[], [0], [1], [2], [3]])
    let causes = try Self.parents {
      let (a, b, c) = (
        sample("a", Normal(0, 1)), sample("b", Normal(0, 1)), sample("c", Normal(0, 1))
      )
      sample("x", Normal(a * b, 1), observed: 1)
      sample("y", Normal(exp(c), 1), observed: 1)
    }
    #expect(causes == [[], [0], []])
    // A later site in common connects earlier ones that have nothing else to do with each other.
    let common = try Self.parents {
      let (a, b, c) = (
        sample("a", Normal(0, 1)), sample("b", Normal(0, 1)), sample("c", Normal(0, 1))
      )
      sample("x", Normal(a * c, 1), observed: 1)
      sample("y", Normal(b * c, 1), observed: 1)
    }
    #expect(common == [[], [0], [0, 1]])
    // And what they are connected to by that is connected in turn.
    let ring = try Self.parents {
      let sites = ["a", "b", "c", "d"].map { sample($0, Normal(0, 1)) }
      for (one, other) in [(1, 2), (2, 3), (0, 3)] {
        sample("x\(one)\(other)", Normal(sites[one] * sites[other], 1), observed: 1)
      }
    }
    #expect(ring == [[], [0], [0, 1], [0, 2]])
  }

  /// Layers have the connections of the graph and no others, and a funnel of many is found with them.
  @Test(arguments: [FlowArchitecture.iaf(layers: 2, hidden: [24, 24])])
  func followsTheGraph(_ flow: FlowArchitecture) throws {
    let model = { @Sendable in
      let v = sample("v", Normal(0, 1))
      plate("p", 4) { sample("x", Normal(0, exp(v / 2))) }
    }
    let guide = FlowGuide(flow: flow, dependence: .posterior, start: .at(scale: 1))
    let body = try guide.body(for: model, dtype: .float64)
    let weights = RandomWeights(3, isScaled: true)
    let record = try seeded(key: RandomKey(1)) { try trace { handle(body, with: weights) } }
    let latent = try #require(
      record["_auto_latent"]?.distribution as? TransformedDistribution<Independent<Normal>>)
    handle(
      {
        let x = RandomKey(2).normal([5]).detached()
        let rows = jacobian(of: latent.bijector.forward(x), x)
        for i in 0..<5 {
          for j in 0..<5 { #expect((rows[i][j] != 0) == (i == j || j == 0), "\(i) \(j)") }
        }
      }, with: weights)
    let fit = try SVI(
      model, guide, optimizer: Adam(.cosine(0.01, steps: 2000)),
      loss: TraceELBO(particles: 16, estimator: .stickingTheLanding)
    ).run(steps: 2000, showsProgress: false)
    let (elbo, error) = try fit.elbo(particles: 4000)
    #expect(elbo > -0.03 && elbo < 4.9 * error + 1e-9, "\(elbo) ± \(error)")
  }

  @Test func couplingsFollowNoGraph() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.realNVP().build(dimension: 3, dependencies: .sequence(3))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = FlowArchitecture.planar().build(dimension: 3, dependencies: .sequence(3))
      })
  }
}
