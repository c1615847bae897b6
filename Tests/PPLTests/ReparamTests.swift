import Foundation
import PPL
import TestSupport
import Testing

/// Sites drawn another way have the same posterior.
@Suite struct ReparamTests {
  private static func record<Result>(_ model: () throws -> Result) throws -> Trace {
    try seeded(key: RandomKey(2)) { try trace(model) }
  }

  private static let locations: [(String, any LocationScaleDistribution)] = [
    ("Normal", Normal(0.7, 1.9)), ("Cauchy", Cauchy(0.7, 1.9)), ("Laplace", Laplace(0.7, 1.9)),
    ("Logistic", Logistic(0.7, 1.9)), ("Gumbel", Gumbel(0.7, 1.9)),
    ("SoftLaplace", SoftLaplace(0.7, 1.9)), ("StudentT", StudentT(3.5, 0.7, 1.9)),
    ("SkewLogistic", SkewLogistic(0.7, 1.9, 0.6)),
    ("GeneralizedNormal", GeneralizedNormal(0.7, 1.9, 1.4)),
    ("AsymmetricLaplace", AsymmetricLaplace(0.7, 1.9, 1.3)),
    ("Independent", Normal(Tensor([0.7, -1]), 1.9).toEvent(1)),
  ]

  /// The density of the value that follows from the auxiliary site is that of the site: the Jacobian
  /// of decentered ↦ value is scale¹⁻ᶜ.
  @Test(arguments: locations.indices, [0, 0.3, 1] as [Double])
  func locScale(_ number: Int, _ centered: Double) throws {
    let (name, distribution) = Self.locations[number]
    let c = Tensor(floatLiteral: centered)
    let record = try Self.record {
      reparam(["x": LocScaleReparam(centered: c)]) { Self.draw(distribution) }
    }
    let (site, drawn) = (try #require(record["x"]), try #require(record["x_decentered"]))
    #expect(site.kind == .deterministic && drawn.kind == .sample)
    let value = try #require(site.value)
    let logJacobian = Double(value.count) * (1 - centered) * Foundation.log(1.9)
    expectClose(
      drawn.computedLogProb() - Tensor(floatLiteral: logJacobian),
      distribution.logProb(value).array(), within: .relative(1e-12), name)
  }

  private static func draw(_ distribution: some Distribution) { sample("x", distribution) }

  /// Without a centring of one's own, it is learned.
  @Test func learned() throws {
    let record = try Self.record {
      reparam(["x": LocScaleReparam()]) {
        plate("rows", 4) { sample("x", Normal(0.5, 2)) }
      }
    }
    let centered = try #require(record["x_centered"])
    #expect(centered.kind == .param && centered.declaration?.constraint == .unitInterval)
    expectClose(centered.value!, [0.5, 0.5, 0.5, 0.5])
    #expect(record["x_decentered"]?.plates.map(\.name) == ["rows"])
    #expect(record["x"]?.value?.shape == [4])
  }

  /// x = exp(2 z − 1): the base is drawn, and the value is its image.
  @Test func transforms() throws {
    func distribution() -> some Distribution {
      TransformedDistribution(Normal(0, 1), [Affine(shift: -1, scale: 2), Exp()])
    }
    let record = try Self.record {
      reparam(["x": TransformReparam(), "v": TransformReparam()]) {
        sample("x", distribution())
        sample("v", distribution().expanded(to: [3]).toEvent(1))
      }
    }
    let z = try #require(record["x_base"]?.value)
    expectClose(record["x"]!.value!, exp(2 * z - 1).array(), within: .relative(1e-15))
    #expect(record["v_base"]?.distribution?.eventShape == [3])
    #expect(record["v_base"]?.distribution?.batchShape == [])
    expectClose(
      record["x_base"]!.computedLogProb(), [normalLogDensity(z.scalar(), 0, 1)],
      within: .relative(1e-14))
  }

  /// The sites that a strategy makes can be drawn another way in their turn.
  @Test func inTurn() throws {
    let record = try Self.record {
      reparam(["x": TransformReparam(), "x_base": LocScaleReparam(centered: 0)]) {
        sample("x", TransformedDistribution(Normal(0.5, 3), [Exp()]))
      }
    }
    #expect(record.sites.filter { $0.kind == .sample }.map(\.name) == ["x_base_decentered"])
    let z = try #require(record["x_base_decentered"]?.value)
    expectClose(record["x"]!.value!, [exp(0.5 + 3 * z.scalar())], within: .relative(1e-14))
    expectClose(record.logProbSum(), [normalLogDensity(z.scalar(), 0, 1)], within: .relative(1e-14))
  }

  /// A hierarchy fitted in both geometries gives one posterior: effects of a group, exact by
  /// conjugacy: mu ~ N(0, 1), x ~ N(mu, 2), y = 3 ~ N(x, 1): E x = 3 · 5/6 = 2.5, sd √(5/6).
  @Test func samePosterior() throws {
    func model() {
      let mu = sample("mu", Normal(0, 1))
      let x = sample("x", Normal(mu, 2))
      sample("y", Normal(x, 1), observed: 3)
    }
    for centered in [0, 0.5] as [Tensor] {
      let fit = try SVI(
        { reparam(["x": LocScaleReparam(centered: centered)], model) },
        MultivariateNormalGuide(), optimizer: Adam(.cosine(0.05, steps: 3000)),
        loss: TraceELBO(particles: 16), seed: 1
      ).run(steps: 3000, showsProgress: false)
      let row = try #require(try fit.summary(draws: 40_000)["x"])
      #expect((row.mean - 2.5).magnitude < 0.05, "\(row)")
      #expect((row.standardDeviation - (5.0 / 6).squareRoot()).magnitude < 0.04, "\(row)")
    }
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? Self.record {
          reparam(["x": LocScaleReparam()]) { sample("x", Normal(0, 1), observed: 1) }
        }
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try? Self.record { reparam(["x": LocScaleReparam()]) { sample("x", Gamma(1, 1)) } }
      })
  }
}
