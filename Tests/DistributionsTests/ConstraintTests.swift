import TestSupport
import Testing

@testable import Distributions

@Suite struct ConstraintTests {
  static let continuous: [Constraint] = [
    .real, .positive, .nonNegative, .unitInterval, .greaterThan(2), .greaterThan(-1e3),
    .lessThan(-1), .lessThan(7.5), .interval(-1, 3), .interval(10, 10.5), .softplusPositive,
    .openInterval(-1, 3), .halfOpenInterval(0, 2), .circular,
  ]

  private struct Membership: Sendable {
    let constraint: Constraint
    let inside: [Double]
    let outside: [Double]
  }

  private static let memberships: [Membership] = [
    .init(constraint: .real, inside: [0, -1e308, .leastNonzeroMagnitude], outside: []),
    .init(
      constraint: .positive, inside: [.leastNonzeroMagnitude, 1, 1e308],
      outside: [0, -0.0, -.leastNonzeroMagnitude, -1]),
    .init(
      constraint: .nonNegative, inside: [0, -0.0, .leastNonzeroMagnitude],
      outside: [-.leastNonzeroMagnitude, -2]),
    .init(constraint: .greaterThan(2), inside: [(2.0).nextUp, 9], outside: [2, 1, -3]),
    .init(constraint: .lessThan(2), inside: [(2.0).nextDown, -9], outside: [2, 3]),
    .init(
      constraint: .interval(-1, 3), inside: [-1, 0, 3], outside: [(-1.0).nextDown, (3.0).nextUp]),
    .init(
      constraint: .openInterval(-1, 3), inside: [(-1.0).nextUp, 0, (3.0).nextDown],
      outside: [-1, 3, -2, 4]),
    .init(
      constraint: .halfOpenInterval(-1, 3), inside: [-1, 0, (3.0).nextDown],
      outside: [(-1.0).nextDown, 3, 4]),
    .init(
      constraint: .softplusPositive, inside: [.leastNonzeroMagnitude, 1e308], outside: [0, -1]),
    .init(constraint: .unitInterval, inside: [0.5, 1e-300], outside: [-1e-300, (1.0).nextUp]),
    .init(
      constraint: .boolean, inside: [0, 1, -0.0], outside: [0.5, -1, 2, .leastNonzeroMagnitude]),
  ]

  /// Number by number and as a mask.
  @Test func membership() {
    for item in Self.memberships {
      let points = item.inside + item.outside + [.nan]
      let expected = item.inside.map { _ in true } + item.outside.map { _ in false } + [false]
      #expect(points.map(item.constraint.accepts) == expected, "\(item.constraint)")
      #expect(
        item.constraint.contains(Tensor(points)).boolArray() == expected, "\(item.constraint)")
    }
  }

  @Test func infinities() {
    for constraint in Self.continuous + [.boolean] {
      #expect(!constraint.accepts(.infinity) && !constraint.accepts(-.infinity), "\(constraint)")
    }
  }

  /// Values of the bijector are in the set, for points of any size that a fit may visit.
  @Test(arguments: continuous) func bijectorsStayInside(_ constraint: Constraint) {
    let x = Tensor([-30, -5, -0.1, 0, 0.1, 5, 30])
    let y = constraint.bijector.forward(x)
    #expect(constraint.contains(y).boolArray().allSatisfy { $0 }, "\(constraint) \(y.array())")
    #expect(constraint.bijector.domain == .real)
  }

  /// Rounding leads no value beyond a bound, and none onto the wrong one.
  @Test(arguments: [DType.float32, .float64]) func intervalsAreKept(_ dtype: DType) {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<200 {
      let ends = generator.uniform(2, in: -10...10).sorted()
      let set = Constraint.interval(Tensor(ends[0], dtype: dtype), Tensor(ends[1], dtype: dtype))
      let x = Tensor([-700, -80, -30, -15, 15, 20, 30, 80, 700], dtype: dtype)
      let y = set.bijector.forward(x)
      #expect(set.contains(y).boolArray().allSatisfy { $0 }, "\(ends) \(y.array())")
    }
  }

  /// The range of the bijector is the set itself.
  @Test(arguments: continuous.filter { $0 != .nonNegative && $0 != .softplusPositive })
  func codomain(_ constraint: Constraint) {
    #expect(constraint.bijector.codomain == constraint)
  }

  @Test func discreteSets() async {
    #expect(Constraint.boolean.isDiscrete)
    #expect(Self.continuous.allSatisfy { !$0.isDiscrete })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Constraint.boolean.bijector
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Constraint.interval(1, 1)
      })
  }

  @Test func descriptions() {
    #expect("\(Constraint.positive)" == "positive")
    #expect("\(Constraint.greaterThan(2))" == "greater than 2.0")
    #expect("\(Constraint.interval(-1, 3))" == "between -1.0 and 3.0")
  }
}
