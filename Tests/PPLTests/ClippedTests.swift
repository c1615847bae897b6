import Foundation
import PPL
import TestSupport
import Testing

@Suite struct ClippedTests {
  /// The gradient that a rule sees, from the step that plain descent takes.
  private static func seen(
    _ optimizer: some Optimizer, _ gradient: [Double], dtype: DType = .float64
  ) -> [Double] {
    optimizer.path(from: gradient.map { _ in 0 }, [gradient], dtype: dtype)[0].array().map { -$0 }
  }

  /// The length is limited, the direction kept: 3-4-5 triangles.
  @Test func norm() {
    let optimizer = SGD(1).clipped(norm: 10)
    #expect(Self.seen(optimizer, [3, -4]) == [3, -4])
    expectClose(
      Self.seen(optimizer, [30, 0, -40]), [6, 0, -8].map { $0 * 50 / (50 + 1e-6) },
      within: .relative(1e-15))
  }

  /// Gradients whose squares overflow or underflow are clipped like others.
  @Test(arguments: [DType.float32, .float64]) func extremes(_ dtype: DType) {
    let huge = dtype == .float32 ? 1e30 : 1e200
    let optimizer = SGD(1).clipped(norm: 5)
    expectClose(
      Self.seen(optimizer, [0.6 * huge, -0.8 * huge], dtype: dtype), [3, -4],
      within: .relative(1e-6))
    expectClose(
      Self.seen(optimizer, [3e-30, -4e-30], dtype: dtype), [3e-30, -4e-30],
      within: .relative(1e-6))
    #expect(Self.seen(optimizer, [0, 0], dtype: dtype) == [0, 0])
  }

  @Test func value() {
    #expect(
      Self.seen(SGD(1).clipped(value: 2), [-5, -2, 0.5, 2, 1e300]) == [-2, -2, 0.5, 2, 2])
  }

  /// The steps that plain descent takes along gradients that are clipped relative to those before.
  private static func relative(
    _ gradients: [[Double]], factor: Double = 5, dtype: DType = .float64
  ) -> [[Double]] {
    let path = SGD(1).clipped(relativeNorm: factor)
      .path(from: gradients[0].map { _ in 0 }, gradients, dtype: dtype).map { $0.array() }
    return zip(path, [gradients[0].map { _ in 0 }] + path).map { zip($1, $0).map(-) }
  }

  /// What is usual is the mean length of the hundred or so before, as they were shortened.
  @Test func relativeNorm() {
    expectClose(
      Self.relative([[3, 4], [-300, 400], [0, 60]], factor: 2).flatMap { $0 },
      [3, 4, -6, 8, 0, 2 * (0.99 * 5 + 10) / 1.99], within: .relative(1e-14))
  }

  /// Before the first gradient that is not 0 nothing is usual, and zeros before it count.
  @Test func relativeNormFromZero() {
    let steps = Self.relative([[0, 0], [0, 0], [300, 400], [0, 0], [3e6, 4e6]])
    #expect(steps[0] == [0, 0] && steps[1] == [0, 0] && steps[2] == [300, 400])
    let weights = [0, 1, 2, 3].map { pow(0.99, Double($0)) }
    let limit = 5 * 500 * weights[1] / weights.reduce(0, +)
    expectClose(steps[4], [0.6 * limit, 0.8 * limit], within: .relative(1e-9))
  }

  /// Where lengths rise in earnest, the limit follows by four percent at each step.
  @Test(arguments: [DType.float32, .float64]) func relativeNormFollows(_ dtype: DType) {
    let before = [[Double]](repeating: [1, 0], count: 1000)
    let after = [[Double]](repeating: [0, 1000], count: 200)
    let steps = Self.relative(before + after, dtype: dtype).map { $0[1] }.dropFirst(1000)
    let expected = (0..<200).map { min(5 * pow(1.04, Double($0)), 1000) }
    expectClose(Array(steps), expected, within: .relative(1e-3))
  }

  @Test(arguments: [DType.float32, .float64]) func relativeNormExtremes(_ dtype: DType) {
    let huge = dtype == .float32 ? 1e30 : 1e200
    let steps = Self.relative([[1, 0], [0.6 * huge, -0.8 * huge]], dtype: dtype)
    expectClose(steps[1], [3, -4], within: .relative(1e-6))
  }

  /// What it keeps for itself does not get in the way of what a rule reports.
  @Test func relativeNormOfAverages() {
    let averaged = SGD(0.5).averaged(from: 1)
    let gradients: [[Double]] = [[1, 2], [3, -1], [-2, 2]]
    let alone = averaged.path(from: [0, 0], gradients)
    let clipped = averaged.clipped(relativeNorm: 1e6).path(from: [0, 0], gradients)
    #expect(clipped.map { $0.array() } == alone.map { $0.array() })
  }

  /// `fit` limits a single gradient that is a thousand times as long as those before.
  @Test func inFit() throws {
    let model = {
      let count = mutable("count", 0)
      assign("count", count + 1)
      let z = sample("z", Normal(0, 1))
      factor("kick", `where`(count .== 150, 1000 * z, 0))
    }
    let adam = Adam(.cosine(0.01, steps: 300), beta2: 0.99)
    func losses(_ optimizer: some Optimizer) throws -> [Double] {
      try SVI(
        model, MultivariateNormalGuide(), optimizer: optimizer, loss: TraceELBO(particles: 32)
      ).run(steps: 300, showsProgress: false).losses
    }
    let found = try fit(model, steps: 300, showsProgress: false).losses
    #expect(try found == losses(adam.clipped(relativeNorm: 5)))
    #expect(try found != losses(adam))
  }

  /// The outer clip comes first.
  @Test func order() {
    let valueFirst = SGD(1).clipped(norm: 1).clipped(value: 3)
    let normFirst = SGD(1).clipped(value: 3).clipped(norm: 1)
    let direction = [3.0 / 5, 0.8].map { $0 * 5 }
    expectClose(
      Self.seen(valueFirst, [3, 40]), [1, 1].map { $0 / 2.0.squareRoot() },
      within: .relative(1e-6))
    expectClose(Self.seen(normFirst, direction), [0.6, 0.8], within: .relative(1e-6))
  }

  /// A step along no parameters at all is possible.
  @Test func nothing() {
    #expect(Self.seen(SGD(1).clipped(norm: 1), []) == [])
    #expect(Self.seen(SGD(1).clipped(value: 1), []) == [])
    #expect(Self.seen(SGD(1).clipped(relativeNorm: 2), []) == [])
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = SGD(1).clipped(norm: 0)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = SGD(1).clipped(value: -1)
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = SGD(1).clipped(relativeNorm: 1)
      })
  }
}
