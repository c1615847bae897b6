import TestSupport
import Testing

@testable import Distributions

@Suite struct ConstraintTests {
  static let continuous: [Constraint] = [
    .real, .positive, .nonNegative, .unitInterval, .greaterThan(2), .greaterThan(-1e3),
    .lessThan(-1), .lessThan(7.5), .interval(-1, 3), .interval(10, 10.5),
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

  /// The range of the bijector is the set itself.
  @Test(arguments: [Constraint.real, .positive, .unitInterval])
  func codomain(_ constraint: Constraint) {
    #expect(constraint.bijector.codomain == constraint)
  }

  @Test func discreteSets() async {
    #expect(Constraint.boolean.isDiscrete)
    #expect(Self.continuous.allSatisfy { !$0.isDiscrete })
    await #expect(processExitsWith: .failure) { _ = Constraint.boolean.bijector }
    await #expect(processExitsWith: .failure) { _ = Constraint.interval(1, 1) }
  }

  @Test func descriptions() {
    #expect("\(Constraint.positive)" == "positive")
    #expect("\(Constraint.greaterThan(2))" == "greater than 2.0")
    #expect("\(Constraint.interval(-1, 3))" == "between -1.0 and 3.0")
  }
}
