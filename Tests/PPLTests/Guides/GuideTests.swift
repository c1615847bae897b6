import Foundation
import PPL
import TestSupport
import Testing

/// The layout of latent sites in one vector, and the normal guides over it.
@Suite struct GuideTests {
  /// Sites of every kind of support, scalars, vectors and plates.
  private static func model() {
    let a = sample("a", Normal(0, 1))
    sample("b", LogNormal(a, 1))
    plate("rows", 2) { _ = sample("c", HalfCauchy(3)) }
    let unit = TransformedDistribution(Normal(0, 1).expanded(to: [3]), [Sigmoid()])
    sample("d", unit.toEvent(1))
    sample("e", TransformedDistribution(Normal(0, 1), [Exp(), Affine(shift: 0, scale: 2)]))
    sample("x", Normal(a, 1), observed: 1)
  }

  private static let dimension = 8

  private static func record(
    _ guide: some Guide, _ values: [String: Tensor] = [:]
  ) throws -> Trace {
    let body = try guide.body(for: model, dtype: .float64)
    return try seeded(key: RandomKey(1)) {
      try trace { handle(body, with: Substitute(values: values)) }
    }
  }

  @Test func parameters() throws {
    let diagonal = try SVI(
      Self.model, DiagonalNormalGuide(start: .at(scale: 0.2)), optimizer: Adam())
    #expect(diagonal.parameters.names == ["auto_loc", "auto_scale"])
    expectClose(diagonal.parameters["auto_loc"]!, [Double](repeating: 0, count: Self.dimension))
    expectClose(
      diagonal.parameters["auto_scale"]!, [Double](repeating: 0.2, count: Self.dimension),
      within: .relative(1e-15))
    let full = try SVI(Self.model, MultivariateNormalGuide(start: .at()), optimizer: Adam())
    #expect(full.parameters["auto_lower"]?.shape == [Self.dimension, Self.dimension])
  }

  /// Draws lie in the supports, with the shapes of the model.
  @Test func draws() throws {
    let prior = try seeded(key: RandomKey(1)) { try trace(Self.model) }
    for record in [
      try Self.record(DiagonalNormalGuide(start: .at(scale: 2))),
      try Self.record(MultivariateNormalGuide(start: .at(scale: 2))),
    ] {
      for site in prior.sites where site.kind == .sample && !site.isObserved {
        let value = try #require(record[site.name]?.value)
        #expect(value.shape == site.value?.shape, "\(site.name)")
        let support = try #require(site.distribution).support
        #expect(support.contains(value).boolArray().allSatisfy { $0 }, "\(site.name)")
      }
      #expect(record["x"] == nil)
    }
  }

  /// The guide's log density of its draws: normals over u, less the log determinants.
  @Test func diagonalDensity() throws {
    var generator = SeededGenerator(seed: 3)
    let u = generator.uniform(Self.dimension, in: -1...1)
    let loc = generator.uniform(Self.dimension, in: -1...1)
    let scale = generator.uniform(Self.dimension, in: 0.5...2)
    let record = try Self.record(
      DiagonalNormalGuide(start: .at()),
      ["_auto_latent": Tensor(u), "auto_loc": Tensor(loc), "auto_scale": Tensor(scale)])
    var expected = (0..<Self.dimension).reduce(0) {
      $0 + normalLogDensity(u[$1], loc[$1], scale[$1])
    }
    expected -= u[1] + u[2] + u[3]  // exp
    for index in 4..<7 { expected -= -u[index] - 2 * log1p(exp(-u[index])) }  // sigmoid
    expected -= u[7]  // exp: twice a positive number is positive
    expectClose([record.logProbSum().scalar()], [expected], within: .relative(1e-12))
    expectClose(record["b"]!.value!.array(), [exp(u[1])], within: .relative(1e-14))
    expectClose(record["c"]!.value!.array(), [exp(u[2]), exp(u[3])], within: .relative(1e-14))
    expectClose(
      record["d"]!.value!.array(), u[4..<7].map { 1 / (1 + exp(-$0)) }, within: .relative(1e-14))
    expectClose(record["e"]!.value!.array(), [exp(u[7])], within: .relative(1e-14))
  }

  /// A full covariance: draws are loc + scale · (L ε), and their density is that of the normal with
  /// covariance S L Lᵀ S.
  @Test func fullDensity() throws {
    let d = Self.dimension
    var generator = SeededGenerator(seed: 4)
    let loc = Tensor(generator.uniform(d, in: -1...1))
    let scale = Tensor(generator.uniform(d, in: 0.5...2))
    let entries = Tensor(generator.uniform(d * d, in: -1...1), shape: [d, d])
    let parameters = ["auto_loc": loc, "auto_scale": scale, "auto_lower": entries]
    let drawn = try Self.record(MultivariateNormalGuide(start: .at()), parameters)
    let site = try #require(drawn["_auto_latent"])
    let (value, logProb) = (try #require(site.value), try #require(site.logProb))
    // Only the part below the diagonal counts.
    let unit = tril(entries, -1) + Tensor.eye(d)
    let factor = scale.expandingDims(at: -1) * unit
    let whitened = solve(factor, (value - loc).expandingDims(at: -1)).array()
    let expected =
      whitened.reduce(0) { $0 + normalLogDensity($1, 0, 1) } - log(scale).sum().scalar()
    expectClose([logProb.scalar()], [expected], within: .relative(1e-12))
    let distribution = try #require(site.distribution)
    expectClose(
      [distribution.logProb(value.detached()).scalar()], [expected], within: .relative(1e-12))
  }

  /// Covariances of 100,000 draws: each of 36 entries within 5.8 standard errors of L Lᵀ, which
  /// together fails for one seed in a million; a unit variance off by 0.05 is caught.
  @Test func fullCovariance() throws {
    let (d, count) = (Self.dimension, 100_000)
    var generator = SeededGenerator(seed: 5)
    let entries = Tensor(generator.uniform(d * d, in: -1...1), shape: [d, d])
    let ones = Tensor.ones([d]).detached()
    let record = try Self.record(
      MultivariateNormalGuide(start: .at()), ["auto_scale": ones, "auto_lower": entries])
    let distribution = try #require(record["_auto_latent"]?.distribution)
    let draws = distribution.sample([count], key: RandomKey(6), dtype: .float64)
    let sampled = (matmul(draws.transposed(), draws) / Double(count)).rows()
    let unit = tril(entries, -1) + Tensor.eye(d)
    let exact = matmul(unit, unit.transposed()).rows()
    for row in 0..<d {
      for column in 0...row {
        let variance = exact[row][row] * exact[column][column] + pow(exact[row][column], 2)
        #expect(
          isPlausible(
            sampled[row][column], exact[row][column], sd: variance.squareRoot(), count: count,
            bound: 5.8))
      }
    }
  }

  /// A guide written as a function, and one given as a type.
  @Test func functionGuide() throws {
    let model = { _ = sample("z", Normal(0, 1)) }
    let draw = { _ = sample("z", Normal(param("loc", Tensor([0.5], shape: [])), 1)) }
    let first = try SVI(model, guide: draw, optimizer: Adam(0.1), seed: 4)
    let second = try SVI(model, FunctionGuide(draw), optimizer: Adam(0.1), seed: 4)
    for _ in 0..<5 { #expect(try first.step() == second.step()) }
  }

  /// The layout in float32 draws in float32.
  @Test func singlePrecision() throws {
    let body = try DiagonalNormalGuide().body(for: Self.model, dtype: .float32)
    let record = try seeded(key: RandomKey(1), dtype: .float32) { try trace(body) }
    let svi = try SVI(Self.model, DiagonalNormalGuide(), optimizer: Adam(0.1), dtype: .float32)
    #expect(try svi.step().isFinite)
    #expect(record["d"]?.value?.shape == [3])
    let draws = try svi.run(steps: 1, showsProgress: false).samplePosterior(2)
    #expect(draws.allSatisfy { $0.draws.dtype == .float32 })
  }
}
