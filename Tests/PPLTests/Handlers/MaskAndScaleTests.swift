import Foundation
import PPL
import TestSupport
import Testing

/// Which log densities count, and how often.
@Suite struct MaskAndScaleTests {
  private static let x = Tensor([1.0, -2, 0.5])
  private static func density(_ index: Int) -> Double {
    normalLogDensity([1.0, -2, 0.5][index], 0.3, 1.2)
  }

  private static func model() {
    plate("rows", 3) { _ = sample("x", Normal(0.3, 1.2), observed: x) }
  }

  private static func logProb<Result>(_ model: () throws -> Result) throws -> Double {
    try seeded(key: RandomKey(1)) { try trace(model) }.logProbSum().scalar()
  }

  private static func close(_ a: Double, _ b: Double) -> Bool {
    (a - b).magnitude <= 1e-13 * (1 + b.magnitude)
  }

  @Test func masks() throws {
    let some = Tensor([true, false, true])
    let masked = try Self.logProb { PPL.masked(some, Self.model) }
    #expect(Self.close(masked, Self.density(0) + Self.density(2)))
    #expect(try Self.logProb { PPL.masked(false, Self.model) } == 0)
    let all = try Self.logProb(Self.model)
    #expect(try Self.logProb { PPL.masked(true, Self.model) } == all)
  }

  /// Masks within one another both apply, whichever is outside.
  @Test func nestedMasks() throws {
    let (a, b) = (Tensor([true, true, false]), Tensor([false, true, true]))
    for (outer, inner) in [(a, b), (b, a)] {
      let value = try Self.logProb { PPL.masked(outer) { PPL.masked(inner, Self.model) } }
      #expect(Self.close(value, Self.density(1)))
    }
    #expect(try Self.logProb { PPL.masked(a) { PPL.masked(false, Self.model) } } == 0)
  }

  /// What is masked is 0 with derivative 0, even where the density is −∞ or NaN.
  @Test func hidesInfinities() throws {
    let data = Tensor([1.0, -3])
    let rate = Tensor([2.0], shape: [])
    let logProb = try trace {
      PPL.masked(Tensor([true, false])) {
        plate("rows", 2) { _ = sample("x", Exponential(rate), observed: data) }
      }
    }.logProbSum()
    #expect(Self.close(logProb.scalar(), Foundation.log(2) - 2))
    expectClose(
      gradient(of: logProb, withRespectTo: [rate])[0], [0.5 - 1], within: .relative(1e-14))
  }

  @Test func factorsToo() throws {
    #expect(try Self.logProb { PPL.masked(false) { factor("f", 3) } } == 0)
    #expect(try Self.logProb { scaled(by: 2) { factor("f", 3) } } == 6)
    let each = try Self.logProb {
      plate("rows", 2) { PPL.masked(Tensor([true, false])) { factor("f", Tensor([3.0, 5])) } }
    }
    #expect(each == 3)
  }

  /// The draws are the same, masked or not.
  @Test func drawsStay() throws {
    func draw(_ mask: Bool) -> [Double] {
      seeded(key: RandomKey(4)) {
        PPL.masked(mask) { plate("rows", 5) { sample("z", Normal(0, 1)) } }
      }.array()
    }
    #expect(draw(true) == draw(false))
  }

  @Test func current() {
    #expect(currentMask() == nil)
    PPL.masked(Tensor([true, false])) {
      PPL.masked(Tensor([true, true])) { #expect(currentMask()?.boolArray() == [true, false]) }
      PPL.masked(false) { #expect(currentMask()?.boolArray() == [false, false]) }
    }
  }

  @Test func scales() throws {
    let all = try Self.logProb(Self.model)
    let value = try Self.logProb { scaled(by: 3) { scaled(by: 0.5, Self.model) } }
    #expect(Self.close(value, 1.5 * all))
  }

  /// Two plates of 2 × 2 with subsets of n and m: a constant density of one counts 4 / (n m) times.
  @Test(arguments: [(1, 1, 4.0), (1, 2, 2), (2, 2, 1)]) func nestedSubsets(
    _ inner: Int, _ outer: Int, _ expected: Double
  ) throws {
    let record = try seeded(key: RandomKey(1)) {
      try trace {
        plate("a", 2, subsampleSize: outer) { _ in
          plate("b", 2, subsampleSize: inner) { _ in factor("one", 1) }
        }
      }
    }
    #expect(record["one"]?.scale == expected)
    // The sum over the subset estimates that over the whole.
    #expect(record.logProbSum().scalar() == 4)
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        scaled(by: 0) {}
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        scaled(by: -1) {}
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        masked(Tensor([1.0, 0])) {}
      })
  }
}
