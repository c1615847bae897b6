import Foundation
import PPL
import TestSupport
import Testing

@Suite struct SeedTests {
  private static func draws(_ key: Int, _ body: () -> Void) throws -> [String: [Double]] {
    let record = try seeded(key: RandomKey(key)) { try trace(body) }
    return Dictionary(
      uniqueKeysWithValues: record.sites.map { ($0.name, $0.value?.array() ?? []) })
  }

  private static func model() {
    sample("a", Normal(0, 1))
    plate("rows", 4) { _ = sample("b", HalfCauchy(1)) }
    sample("c", LogNormal(0, 1))
  }

  @Test func sameKeySameDraws() throws {
    #expect(try Self.draws(1, Self.model) == Self.draws(1, Self.model))
    let (one, two) = (try Self.draws(1, Self.model), try Self.draws(2, Self.model))
    for name in ["a", "b", "c"] { #expect(one[name] != two[name]) }
  }

  /// Adding a site, or moving one, changes no other draw.
  @Test func sitesAreIndependentOfEachOther() throws {
    let before = try Self.draws(1, Self.model)
    let after = try Self.draws(1) {
      sample("new", Normal(0, 1))
      sample("c", LogNormal(0, 1))
      plate("rows", 4) { _ = sample("b", HalfCauchy(1)) }
      deterministic("d", 3)
      param("w", Tensor([1.0]))
      sample("a", Normal(0, 1))
      sample("data", Normal(0, 1), observed: 2)
    }
    for name in ["a", "b", "c"] { #expect(before[name] == after[name], "\(name)") }
  }

  /// Random initial values too depend on names alone.
  @Test func initialValuesAreIndependentOfEachOther() throws {
    func initial(_ names: [String]) throws -> [String: [Double]] {
      let guide = {
        for name in names { _ = param(name, initializedBy: { $0.normal([3]) }) }
        sample("z", Normal(param("loc", Tensor([0.0], shape: [])), 1))
      }
      return try SVI(
        { _ = sample("z", Normal(0, 1)) }, guide: guide, optimizer: Adam(), seed: 5
      ).parameters.values
    }
    let (few, many) = (try initial(["u"]), try initial(["v", "u", "w"]))
    #expect(few["u"] == many["u"])
    #expect(Set([many["u"], many["v"], many["w"]]).count == 3)
  }

  /// The inner of two keys counts.
  @Test func innerKey() throws {
    let nested = try seeded(key: RandomKey(9)) { try Self.draws(1, Self.model) }
    #expect(try nested == Self.draws(1, Self.model))
  }

  /// So does the dtype that belongs to it.
  @Test func innerDType() {
    let draw = seeded(key: RandomKey(9), dtype: .float64) {
      seeded(key: RandomKey(1), dtype: .float32) { sample("x", Normal(0, 1)) }
    }
    #expect(draw.dtype == .float32)
    let wider = seeded(key: RandomKey(9), dtype: .float32) {
      seeded(key: RandomKey(1)) { sample("x", Normal(0, 1)) }
    }
    #expect(wider.dtype == .float64)
    #expect(wider.scalar() == seeded(key: RandomKey(1)) { sample("x", Normal(0, 1)) }.scalar())
  }

  @Test(arguments: [DType.float32, .float64]) func dtypes(_ dtype: DType) throws {
    let record = try seeded(key: RandomKey(1), dtype: dtype) { try trace(Self.model) }
    for site in record.sites { #expect(site.value?.dtype == dtype) }
    let strong = seeded(key: RandomKey(1), dtype: .float32) {
      sample("x", Normal(Tensor([0.0], dtype: .float64), 1))
    }
    #expect(strong.dtype == .float64)
  }

  /// Names spread the draws like independent numbers: Kolmogorov–Smirnov over 10,000 names, ε =
  /// 0.027 at a false alarm of one key in a million; a distribution function off by 0.054 is caught.
  @Test func namesSpread() {
    let count = 10_000
    let values = seeded(key: RandomKey(6)) {
      let sites = (0..<count).map { sample("site\($0)", Normal(0, 1)) }
      eval(sites)
      return sites.map { $0.scalar() }
    }
    let bound = sqrt(log(2 / 1e-6) / Double(2 * count))
    let distance = values.sorted().enumerated().reduce(0.0) { worst, item in
      let p = 0.5 * erfc(-item.element / 2.0.squareRoot())
      return max(
        worst, p - Double(item.offset) / Double(count), Double(item.offset + 1) / Double(count) - p)
    }
    #expect(distance < bound, "\(distance)")
    #expect(Set(values).count == count)
  }
}
