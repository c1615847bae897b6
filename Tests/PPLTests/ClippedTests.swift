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
  }
}
