import Foundation
import TestSupport
import Testing

@testable import PPL

/// What single guides have of their own.
@Suite struct SpecialGuideTests {
  // MARK: Subsets

  private static let data: [Double] = [-2, -1, 0, 1, 2, 3, 4, 5]

  /// zᵢ ~ N(0, 1), xᵢ ~ N(zᵢ, 1): the posterior of zᵢ is N(xᵢ / 2, ½).
  private static func local(size: Int?) -> @Sendable () -> Void {
    {
      plate("rows", 8, subsampleSize: size) { rows in
        let z = sample("z", Normal(0, 1))
        sample("x", Normal(z, 1), observed: Tensor(data)[rows])
      }
    }
  }

  /// Parameters for all copies, of which each step moves those it sees.
  @Test(arguments: [3, 8]) func subsampledPlates(_ size: Int) throws {
    let fit = try SVI(
      Self.local(size: size), NormalGuide(), optimizer: Adam(.cosine(0.05, steps: 3000)),
      loss: TraceELBO(particles: 4)
    ).run(steps: 3000, showsProgress: false)
    let (loc, scale) = (fit.parameters["z_auto_loc"]!, fit.parameters["z_auto_scale"]!)
    #expect(loc.shape == [8] && scale.shape == [8])
    guard size < 8 else { return }
    expectClose(loc, Self.data.map { $0 / 2 }, within: .relative(0, absolute: 0.1))
    expectClose(scale, Self.data.map { _ in 0.5.squareRoot() }, within: .relative(0.08))
    // A draw of the posterior has no rows, which would be others each time.
    #expect(try fit.samplePosterior(5).isEmpty && fit.summary().rows.isEmpty)
    let points = try SVI(
      Self.local(size: size), DeltaGuide(), optimizer: Adam(.cosine(0.05, steps: 2000))
    ).run(steps: 2000, showsProgress: false)
    expectClose(
      points.parameters["z_auto_loc"]!, Self.data.map { $0 / 2 },
      within: .relative(0, absolute: 0.01))
  }

  /// What stands outside of the subset is in the posterior; so is all of a subset that is chosen.
  @Test func posteriorBesideSubsets() throws {
    func names(_ model: @escaping () -> Void) throws -> [String] {
      let fit = try SVI(model, NormalGuide(start: .at()), optimizer: Adam())
        .run(steps: 2, showsProgress: false)
      return try fit.samplePosterior(4).map(\.name)
    }
    func rows() {
      let z = sample("z", Normal(0, 1))
      deterministic("twice", 2 * z)
    }
    #expect(
      try names {
        sample("loc", Normal(0, 1))
        plate("rows", 8, subsampleSize: 3) { _ in rows() }
        deterministic("one", 1)
      } == ["loc", "one"])
    #expect(
      try names { plate("rows", 8, subsample: Tensor([1, 4])) { rows() } } == ["z", "twice"])
  }

  /// The table of a subset would be that of other rows at each step.
  @Test func subsampledTables() {
    #expect(throws: ModelError.subsampledSite("z", plate: "rows")) {
      try SVI(
        { plate("rows", 8, subsampleSize: 3) { _ in _ = sample("z", Bernoulli(probs: 0.3)) } },
        DiscreteParallelGuide(), optimizer: Adam(), loss: TraceEnumELBO())
    }
  }

  @Test func subsampledJointGuides() {
    let guides: [any Guide] = [DiagonalNormalGuide(), MultivariateNormalGuide(), StructuredGuide()]
    for guide in guides {
      #expect(throws: ModelError.subsampledSite("z", plate: "rows")) {
        try SVI(Self.local(size: 3), guide, optimizer: Adam())
      }
    }
    let message = "\(ModelError.subsampledSite("z", plate: "rows"))"
    for word in ["\"z\"", "\"rows\"", "NormalGuide"] { #expect(message.contains(word)) }
  }

  /// Supports that depend on other sites: each draw lies in the one of its own run.
  @Test func movingSupports() throws {
    let fit = try SVI(
      {
        let a = sample("a", Uniform(0, 1))
        sample("b", ImproperUniform(.interval(0, 1 - a)))
      }, NormalGuide(), optimizer: Adam(0.02), loss: TraceELBO(particles: 8)
    ).run(steps: 300, showsProgress: false)
    let draws = try fit.samplePosterior(1000)
    #expect((draws[0].draws + draws[1].draws).max().scalar() < 1)
    // Over the triangle the evidence is ½.
    let elbo = try fit.elbo(particles: 20_000)
    #expect(elbo.mean < Foundation.log(0.5) + 5 * elbo.error && elbo.mean > -1)
  }

  // MARK: Laplace's approximation

  /// Beta(16, 14) in log odds: the mode is log(16/14), the curvature 30 · p (1 − p) at p = 16/30.
  @Test func laplace() throws {
    let fit = try SVI(
      { _ = sample("p", Beta(16, 14)) }, LaplaceGuide(), optimizer: Adam()
    ).run(steps: 2, showsProgress: false)
    #expect(fit.parameters.count == 0)
    let quantiles = try fit.quantiles([0.5, 0.841344746068543])[0].values.array()
    let odds = quantiles.map { Foundation.log($0 / (1 - $0)) }
    let sd = 1 / (30 * (16 / 30.0) * (14 / 30.0)).squareRoot()
    expectClose([odds[0]], [Foundation.log(16 / 14.0)], within: .relative(0, absolute: 1e-6))
    expectClose([odds[1] - odds[0]], [sd], within: .relative(1e-6))
  }

  /// Only the sum of two sites is known.
  @Test func flatDirections() {
    let model = {
      let a = sample("a", ImproperUniform(.real))
      let b = sample("b", ImproperUniform(.real))
      sample("x", Normal(a + b, 1), observed: 1)
    }
    #expect {
      try SVI(model, LaplaceGuide(), optimizer: Adam())
    } throws: { error in
      guard case .singularHessian(let name)? = error as? ModelError else { return false }
      return name == "a" || name == "b"
    }
    #expect("\(ModelError.singularHessian("a"))".contains("proper prior"))
  }

  // MARK: Discrete sites

  private static let weights: [Double] = [0.2, 0.3, 0.5]
  private static let centres: [Double] = [-2, 0, 1]

  /// p(k | x) of a mixture of normals.
  private static func responsibilities(_ x: Double) -> (posterior: [Double], evidence: Double) {
    let joint = zip(weights, centres).map { $0 * Foundation.exp(normalLogDensity(x, $1, 1)) }
    let evidence = joint.reduce(0, +)
    return (joint.map { $0 / evidence }, evidence)
  }

  /// Categorical, one-hot and Bernoulli sites get their exact posteriors, and the bound is the
  /// evidence.
  @Test func discreteParallel() throws {
    let centres = Tensor(Self.centres)
    let fit = try SVI(
      {
        plate("data", 2) {
          let k = sample("k", Categorical(probs: Tensor(Self.weights)))
          sample("x", Normal(centres[k.cast(to: .int64)], 1), observed: Tensor([-1.0, 0.7]))
        }
        let flag = sample("flag", Bernoulli(probs: 0.3))
        sample("y", Normal(2 * flag, 1), observed: 1.5)
      }, DiscreteParallelGuide(), optimizer: Adam(.cosine(0.1, steps: 800)),
      loss: TraceEnumELBO()
    ).run(steps: 800, showsProgress: false)
    let (first, second) = (Self.responsibilities(-1), Self.responsibilities(0.7))
    expectClose(
      fit.parameters["k_auto_probs"]!, first.posterior + second.posterior,
      within: .relative(0, absolute: 1e-3))
    let flags = [
      0.7 * Foundation.exp(normalLogDensity(1.5, 0, 1)),
      0.3 * Foundation.exp(normalLogDensity(1.5, 2, 1)),
    ]
    expectClose(
      fit.parameters["flag_auto_probs"]!, [flags[1] / (flags[0] + flags[1])],
      within: .relative(0, absolute: 1e-3))
    let evidence = first.evidence * second.evidence * (flags[0] + flags[1])
    expectClose(
      [fit.losses[799]], [-Foundation.log(evidence)], within: .relative(0, absolute: 1e-4))
  }

  @Test func discreteErrors() {
    #expect(throws: ModelError.notTabled("n")) {
      try SVI(
        { _ = sample("n", Poisson(2)) }, DiscreteParallelGuide(), optimizer: Adam(),
        loss: TraceEnumELBO())
    }
    #expect(throws: ModelError.noLatentSites) {
      try SVI(
        { sample("x", Normal(0, 1), observed: 0) }, DiscreteParallelGuide(), optimizer: Adam())
    }
    #expect("\(ModelError.notTabled("n"))".contains("Bernoulli"))
    let impossible: [any Distribution] = [
      Bernoulli(probs: 0), Categorical(probs: [0.5, 0, 0.5]), Categorical(probs: [1, 0]),
    ]
    for prior in impossible {
      #expect(throws: ModelError.impossibleValue("k")) {
        try SVI(
          { _ = sample("k", prior) }, DiscreteParallelGuide(), optimizer: Adam(),
          loss: TraceEnumELBO())
      }
    }
    #expect("\(ModelError.impossibleValue("k"))".contains("\"k\""))
  }

  // MARK: Lists

  /// Discrete and continuous sites together; the discrete part is exact given the other's optimum.
  @Test func mixedList() throws {
    let fit = try SVI(
      {
        let loc = sample("loc", Normal(0, 3))
        plate("data", 4) {
          let flag = sample("flag", Bernoulli(probs: 0.5))
          sample(
            "x", Normal(loc + 4 * flag, 1), observed: Tensor([0.1, -0.3, 4.2, 3.8]))
        }
      },
      GuideList(.sites(["flag"], DiscreteParallelGuide()), .rest(MultivariateNormalGuide())),
      optimizer: Adam(.cosine(0.05, steps: 1000)), loss: TraceEnumELBO(particles: 8)
    ).run(steps: 1000, showsProgress: false)
    let probs = fit.parameters["flag_auto_probs"]!.array()
    #expect(probs[0] < 0.01 && probs[1] < 0.01 && probs[2] > 0.99 && probs[3] > 0.99)
    // Given the flags the mean is that of the data less 4 where set, shrunk by 36/37.
    let median = try fit.median().first { $0.name == "loc" }!.value
    expectClose(median, [-0.05 * 36 / 37], within: .relative(0, absolute: 0.02))
    guard case .rejected = fit.start else {
      Issue.record("\(String(describing: fit.start))")
      return
    }
  }

  @Test func listErrors() throws {
    let model = {
      let a = sample("a", Uniform(0, 1))
      sample("b", ImproperUniform(.interval(0, 1 - a)))
    }
    #expect(throws: ModelError.self) {
      try SVI(
        model, GuideList(.sites(["c"], NormalGuide()), .rest(NormalGuide())), optimizer: Adam())
    }
    let error = #expect(throws: ModelError.self) {
      try SVI(
        model, GuideList(.sites(["a"], NormalGuide()), .rest(NormalGuide())), optimizer: Adam())
    }
    #expect("\(error!)".contains("b"))
  }

  /// Parts that start at a normal distribution, and those that cannot since a site is seen in
  /// parts: parameters of their own in either case.
  @Test(arguments: [3, 8]) func listNames(_ size: Int) throws {
    let model = {
      let a = sample("a", Normal(1, 1))
      let b = sample("b", Normal(a, 2))
      sample("c", Normal(b, 0.5))
      sample("d", Normal(2, 0.3))
      Self.local(size: size)()
    }
    let guide = GuideList(
      .sites(["a", "b"], MultivariateNormalGuide()), .sites(["c", "d"], DiagonalNormalGuide()),
      .rest(NormalGuide()))
    let fit = try SVI(model, guide, optimizer: Adam(.cosine(0.02, steps: 1500))).run(
      steps: 1500, showsProgress: false)
    #expect(Set(fit.parameters.names).count == fit.parameters.names.count)
    for prefix in ["guide0.", "guide1.", "z_auto"] {
      #expect(fit.parameters.names.contains { $0.hasPrefix(prefix) }, "\(fit.parameters.names)")
    }
    // The normal part of d starts exact, and stays within a third of a standard deviation, whatever
    // the rest.
    let draws = try fit.samplePosterior(4000)
    let d = try #require(draws.first { $0.name == "d" }).draws.array()
    #expect((d.reduce(0, +) / 4000 - 2).magnitude < 0.1)
  }

  /// Laplace's normal distribution is one of all sites: a part of a list it cannot be.
  @Test func laplaceInList() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = GuideList(.sites(["a"], LaplaceGuide()), .rest(NormalGuide()))
    }
    expectTrap(result, "LaplaceGuide", "MultivariateNormalGuide")
  }

  // MARK: Quantiles

  /// Which supports map quantiles of unconstrained numbers to quantiles.
  @Test func increasingSupports() {
    let joined = Constraint.cat([.positive, .real], lengths: [2, 3])
    let ordered = Constraint.cat([.real, .ordered], lengths: [2, 3])
    let increasing: [(Constraint, Shape, Bool)] = [
      (.real, [], true), (.positive, [3], true), (.interval(-1, 2), [2, 3], true),
      (joined, [5], true), (ordered, [5], false), (.ordered, [4], false),
      (.cat([.ordered, .real], lengths: [2, 3]), [5], false), (.ordered, [1], true),
      (.lowerCholesky, [3], false),
    ]
    for (support, shape, expected) in increasing {
      #expect(support.bijector.isIncreasing(shape) == expected, "\(support) \(shape)")
    }
  }

  // MARK: Structure

  @Test func structuredErrors() {
    let model = {
      sample("a", Normal(0, 1))
      sample("b", Normal(0, 1))
    }
    #expect(throws: ModelError.laterDependency("a", on: "b")) {
      try SVI(
        model, StructuredGuide(dependencies: .given(["a": ["b"]])), optimizer: Adam())
    }
    #expect(throws: ModelError.self) {
      try SVI(model, StructuredGuide(conditionals: ["c": .delta]), optimizer: Adam())
    }
    for names in [["c": ["a"]], ["b": ["c"]]] {
      let error = #expect(throws: ModelError.self) {
        try SVI(model, StructuredGuide(dependencies: .given(names)), optimizer: Adam())
      }
      #expect("\(error!)".contains("\"c\""))
    }
    #expect("\(ModelError.laterDependency("a", on: "b"))".contains("earlier"))
  }

  /// A point among normals: the others are what they are given it.
  @Test func structuredPoints() throws {
    let fit = try SVI(
      {
        let a = sample("a", Normal(1, 1))
        sample("b", Normal(a, 2))
      }, StructuredGuide(conditionals: ["a": .delta]), optimizer: Adam(.cosine(0.03, steps: 1500)),
      loss: TraceELBO(particles: 16)
    ).run(steps: 1500, showsProgress: false)
    let quantiles = try fit.quantiles([0.5, 0.841344746068543])
    expectClose(quantiles[0].values, [1, 1], within: .relative(0, absolute: 0.03))
    let b = quantiles[1].values.array()
    #expect((b[1] - b[0] - 2).magnitude < 0.1 && (b[0] - 1).magnitude < 0.1)
  }
}
