import Foundation
import PPL
import TestSupport
import Testing

/// Where latent sites start.
@Suite struct InitStrategyTests {
  private static func model() {
    sample("normal", Normal(3, 2))
    sample("positive", LogNormal(1, 0.5))
    plate("rows", 2) { _ = sample("unit", Beta(2, 3)) }
    sample("simplex", Dirichlet(Tensor([1.0, 2, 3])))
    sample("heavy", HalfCauchy(2))
    sample("flat", ImproperUniform(.positive))
    sample("data", Normal(0, 1), observed: 7)
  }

  private static func start(_ strategy: InitStrategy) throws -> [String: [Double]] {
    var values: [String: [Double]] = [:]
    let record = try trace {
      handle({ seeded(key: RandomKey(1), model) }, with: InitHandler(strategy: strategy))
    }
    for site in record.sites { values[site.name] = site.value!.array() }
    #expect(values["data"] == [7])
    for site in record.sites where !site.isObserved {
      let isInside = site.distribution!.support.contains(site.value!)
      #expect(isInside.boolArray().allSatisfy { $0 }, "\(site.name)")
      #expect(site.value!.shape == site.distribution!.batchShape + site.distribution!.eventShape)
    }
    return values
  }

  @Test func feasible() throws {
    let values = try Self.start(.feasible)
    #expect(values["normal"] == [0] && values["positive"] == [1])
    #expect(values["unit"] == [0.5, 0.5] && values["flat"] == [1])
    expectClose(Tensor(values["simplex"]!), [1 / 3.0, 1 / 3, 1 / 3], within: .relative(1e-14))
  }

  /// The moments that exist, the median of draws where the mean does not.
  @Test func means() throws {
    let values = try Self.start(.mean)
    #expect(values["normal"] == [3])
    expectClose(Tensor(values["positive"]!), [Foundation.exp(1.125)], within: .relative(1e-14))
    expectClose(Tensor(values["unit"]!), [0.4, 0.4], within: .relative(1e-14))
    expectClose(Tensor(values["simplex"]!), [1 / 6.0, 1 / 3, 1 / 2], within: .relative(1e-14))
    #expect(values["heavy"]![0] > 0 && values["heavy"]![0] < 50)
    #expect(values["flat"] == [1])
  }

  /// The median of many draws of N(3, 2) is 3 ± 2.5/√n; 5,000 draws, |z| < 5.
  @Test func medians() throws {
    let values = try Self.start(.median(samples: 5000))
    #expect((values["normal"]![0] - 3).magnitude < 5 * 2.5 / 5000.0.squareRoot())
    #expect((values["positive"]![0] / Foundation.exp(1) - 1).magnitude < 0.06)
  }

  @Test func draws() throws {
    let values = try Self.start(.sample)
    #expect(values["normal"] != [0] && values["unit"]![0] != values["unit"]![1])
    #expect(values["flat"] == [1])
  }

  /// Unconstrained numbers stay within the radius.
  @Test func uniform() throws {
    let values = try Self.start(.uniform(radius: 0.1))
    #expect(values["normal"]![0].magnitude <= 0.1)
    #expect(Foundation.log(values["positive"]![0]).magnitude <= 0.1)
    #expect(values["normal"] != [0])
  }

  @Test func given() throws {
    let values = try Self.start(.values(["positive": 4, "unit": 0.3], otherwise: .feasible))
    #expect(values["positive"] == [4] && values["unit"] == [0.3, 0.3] && values["normal"] == [0])
  }
}
