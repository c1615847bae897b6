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

  // MARK: Outliers

  /// What a rule sees of gradients along one direction, by their lengths.
  private static func lengths(
    _ optimizer: some Optimizer, _ lengths: [Double], dtype: DType = .float64
  ) -> [Double] {
    let path = optimizer.path(from: [0, 0], lengths.map { [0.6 * $0, -0.8 * $0] }, dtype: dtype)
    let points = [[0, 0]] + path.map { $0.array() }
    return zip(points, points.dropFirst()).map { from, to in
      let step = [from[0] - to[0], from[1] - to[1]]
      let length = (step[0] * step[0] + step[1] * step[1]).squareRoot()
      // The direction stays.
      if length > 0 { expectClose(step, [0.6 * length, -0.8 * length], within: .relative(1e-4)) }
      return length
    }
  }

  /// The first four steps weigh alike, and only what was kept of a gradient counts.
  @Test func outliers() {
    let seen = Self.lengths(SGD(1).clipped(outliers: 5), [2, 4, 1e12, 15, 1e3])
    // Means: 2, 3, (2 + 4 + 15) / 3 = 7, (21 + 15) / 4 = 9.
    expectClose(seen, [2, 4, 15, 15, 45], within: .relative(1e-6))
  }

  /// The mean forgets: after a thousand steps of length 1 one of length 3 moves it by a hundredth.
  @Test func memory() {
    let seen = Self.lengths(
      SGD(1).clipped(outliers: 2), [Double](repeating: 1, count: 1000) + [3, 3])
    expectClose(Array(seen.suffix(2)), [2, 2.02], within: .relative(1e-9))
  }

  /// Gradients that become longer for good are seen whole before long.
  @Test func growth() {
    let seen = Self.lengths(
      SGD(1).clipped(outliers: 5),
      [Double](repeating: 1, count: 200)
        + [Double](repeating: 1000, count: 200))
    #expect(seen[200] == 5 && seen[399] > 999.9, "\(seen[200]) \(seen[399])")
  }

  /// Gradients of zero teach nothing; lengths whose squares overflow are lengths like others.
  @Test(arguments: [DType.float32, .float64]) func outlierExtremes(_ dtype: DType) {
    let huge = dtype == .float32 ? 1e25 : 1e200
    let seen = Self.lengths(SGD(1).clipped(outliers: 2), [0, 0, 5, huge], dtype: dtype)
    expectClose(seen, [0, 0, 5, 10 / 3.0], within: .relative(1e-5))
    let alike = Self.lengths(SGD(1).clipped(outliers: 2), [huge], dtype: dtype)
    #expect(alike[0] > 0.99 * huge)
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
    #expect(Self.seen(SGD(1).clipped(outliers: 2), []) == [])
  }

  @Test func misuse() async {
    await #expect(processExitsWith: .failure) { _ = SGD(1).clipped(norm: 0) }
    await #expect(processExitsWith: .failure) { _ = SGD(1).clipped(value: -1) }
    await #expect(processExitsWith: .failure) { _ = SGD(1).clipped(outliers: 1) }
  }
}
