import TestSupport
import Testing

@testable import PPL

@Suite struct WolfeSearchTests {
  struct Curve: Sendable, CustomStringConvertible {
    let description: String
    let value: @Sendable (Tensor) -> Tensor
  }

  /// The first two are equations 5.1 and 5.2 of Moré & Thuente, "Line search algorithms with
  /// guaranteed sufficient decrease" (1994); the third is wavy like their 5.3.
  static let curves = [
    Curve(description: "long tail") { -$0 / (square($0) + 2) },
    Curve(description: "quintic") { pow($0 + 0.004, 5) - 2 * pow($0 + 0.004, 4) },
    Curve(description: "waves") { square($0 - 1) + 0.02 * sin(60 * $0) },
    Curve(description: "bowl") { square($0 - 3) },
    Curve(description: "steep") { exp(10 * $0) - 20 * $0 },
    Curve(description: "barrier") { -log(1 - $0) - 2 * $0 },
    Curve(description: "corner of the domain") { sqrt(0.3 - $0) - 0.1 * log(0.3 - $0) },
  ]

  private static func objective(_ curve: Curve) throws -> SmoothFunction {
    try SmoothFunction(Tensor([0.0])) { curve.value($0).sum() }
  }

  /// Whatever length is tried first, the one found satisfies both conditions.
  @Test(arguments: curves, [1e-6, 1e-3, 0.1, 1, 10, 1e3, 1e6])
  func conditions(_ curve: Curve, _ first: Double) throws {
    let objective = try Self.objective(curve)
    let start = objective.evaluate([0])
    let direction = [-start.gradient[0].sign]
    let search = WolfeSearch(objective, from: start, along: direction)
    #expect(search.slope == -start.gradient[0].magnitude)
    let found = try #require(search.run(first: first), "\(curve)")
    let length = found.position[0] * direction[0]
    #expect(length > 0)
    #expect(found.value <= start.value + 1e-4 * length * search.slope + 1e-15)
    #expect((found.gradient[0] * direction[0]).magnitude <= 0.9 * search.slope.magnitude)
  }

  /// Uphill, along a level, or where slopes overflow there is nothing to be found.
  @Test func noDescent() throws {
    let objective = try SmoothFunction(Tensor([0.0, 0])) { square($0 - 1).sum() }
    let start = objective.evaluate([0, 0])
    for direction in [[-1.0, -1], [1, -1], [0, 0], [.nan, 1], [1e308, 1e308]] {
      #expect(WolfeSearch(objective, from: start, along: direction).run(first: 1) == nil)
    }
  }

  /// A value that rises by an error as small as rounding's: the slopes lead to the minimum.
  @Test func slopesDecideWhereValuesCannot() throws {
    let objective = try SmoothFunction(Tensor([0.0])) { x in
      1e12 + (`where`(x .> 0, Tensor(5e-4), 0) + square(x - 1e-3)).sum()
    }
    let start = objective.evaluate([0])
    let search = WolfeSearch(objective, from: start, along: [1])
    let found = try #require(search.run(first: 1))
    #expect(found.value > start.value)
    #expect(found.gradient[0].magnitude <= 0.9 * start.gradient[0].magnitude)
  }

  /// Where nothing but the start has a value, the search gives up.
  @Test func nowhereToGo() throws {
    let objective = try SmoothFunction(Tensor([0.0])) { x in
      `where`(x .> 0, Tensor(Double.nan), -x).sum()
    }
    let start = objective.evaluate([0])
    #expect(start.gradient == [-1])
    #expect(WolfeSearch(objective, from: start, along: [1]).run(first: 1) == nil)
  }
}

extension Double {
  fileprivate var sign: Double { self < 0 ? -1 : 1 }
}
