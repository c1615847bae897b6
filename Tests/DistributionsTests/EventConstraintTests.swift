import TestSupport
import Testing

@testable import Distributions

/// Sets of vectors and of matrices.
@Suite struct EventConstraintTests {
  private struct Membership: Sendable {
    let constraint: Constraint
    /// Vectors, or matrices by rows.
    let inside: [[[Double]]]
    let outside: [[[Double]]]
  }

  private static func vectors(
    _ constraint: Constraint, inside: [[Double]], outside: [[Double]]
  ) -> Membership {
    .init(constraint: constraint, inside: inside.map { [$0] }, outside: outside.map { [$0] })
  }

  private static let memberships: [Membership] = [
    vectors(
      .simplex, inside: [[0.2, 0.3, 0.5], [0, 0, 1], [0.2, 0.3, 0.5 + 5e-9]],
      outside: [[0.2, 0.3, 0.6], [-0.1, 0.6, 0.5], [0.2, 0.3, 0.5 + 5e-8], [0, 0, 0]]),
    vectors(
      .oneHot, inside: [[1, 0, 0], [0, 0, 1]],
      outside: [[0, 0, 0], [1, 1, 0], [0.5, 0.5, 0], [2, 0, -1], [-1, 1, 1]]),
    vectors(
      .multinomial(total: 5), inside: [[5, 0, 0], [1, 2, 2]],
      outside: [[1, 2, 3], [6, -1, 0], [2.5, 2.5, 0], [0, 0, 0]]),
    vectors(
      .sphere, inside: [[1, 0, 0], [0.6, 0, -0.8], [1 + 5e-9, 0, 0]],
      outside: [[1, 1, 0], [0, 0, 0], [1 + 5e-8, 0, 0]]),
    vectors(
      .l1Ball, inside: [[0, 0, 0], [0.5, -0.5, 0], [-1, 0, 0]],
      outside: [[0.5, -0.5, 0.1], [1 + 1e-7, 0, 0]]),
    vectors(
      .zeroSum, inside: [[0, 0, 0], [1, -0.5, -0.5], [1e10, -1e10, 0.5]],
      outside: [[1, 1, 1], [1e-7, 0, 0], [1e10, -1e10, 500]]),
    vectors(
      .ordered, inside: [[-1, 0, 3], [1, (1.0).nextUp, 2]],
      outside: [[0, 0, 1], [3, 2, 1], [-1, 2, 1]]),
    vectors(
      .positiveOrdered, inside: [[0.1, 0.2, 3]], outside: [[-1, 0, 3], [0, 1, 2], [1, 3, 2]]),
    vectors(
      .cat([.positive, .ordered], lengths: [1, 2]), inside: [[1, -2, -1]],
      outside: [[-1, -2, -1], [1, -1, -2]]),
    vectors(
      .stack([.positive, .real, .unitInterval]), inside: [[1, -2, 0.5]],
      outside: [[-1, 0, 0.5], [1, 0, 1.5]]),
    .init(
      constraint: .zeroSum(axes: 2), inside: [[[1, -1], [-1, 1]]],
      outside: [[[1, -1], [1, -1]], [[1, 1], [-1, -1]]]),
    .init(constraint: .square, inside: [[[1, 2], [3, 4]]], outside: []),
    .init(
      constraint: .symmetric, inside: [[[1, 2], [2, -5]], [[1, 1e6], [1e6 + 1e-3, 2]]],
      outside: [[[1, 2], [3, 4]], [[1, 1e6], [1e6 + 1, 2]]]),
    .init(
      constraint: .positiveDefinite, inside: [[[2, 1], [1, 2]], [[1e-12, 0], [0, 1]]],
      outside: [
        [[1, 2], [2, 1]], [[2, 1], [0.5, 2]], [[1, 1], [1, 1]], [[-1, 0], [0, -1]],
      ]),
    .init(
      constraint: .positiveSemidefinite,
      inside: [[[2, 1], [1, 2]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]],
      outside: [[[1, 2], [2, 1]], [[2, 1], [0.5, 2]], [[-1e-3, 0], [0, 1]]]),
    .init(
      constraint: .lowerTriangular, inside: [[[1, 0], [2, -3]], [[0, 0], [0, 0]]],
      outside: [[[1, 1e-300], [2, 3]]]),
    .init(
      constraint: .lowerCholesky, inside: [[[1, 0], [2, 3]]],
      outside: [[[1, 0.1], [2, 3]], [[1, 0], [2, -3]], [[0, 0], [2, 3]]]),
    .init(
      constraint: .softplusLowerCholesky, inside: [[[1, 0], [2, 3]]],
      outside: [[[1, 0], [2, -3]]]),
    .init(
      constraint: .scaledUnitLowerCholesky, inside: [[[1, 0], [2, 3]]],
      outside: [[[1, 0], [2, -3]]]),
    .init(
      constraint: .unitLowerCholesky, inside: [[[1, 0], [2, 1]]],
      outside: [[[1, 0], [2, 3]], [[1, 0.1], [2, 1]]]),
    .init(
      constraint: .correlationCholesky,
      inside: [[[1, 0], [0.6, 0.8]], [[1, 0], [0, 1 + 5e-9]]],
      outside: [[[1, 0], [0.6, -0.8]], [[1, 0], [0.6, 0.9]], [[1, 0.1], [0.6, 0.8]]]),
    .init(
      constraint: .correlation, inside: [[[1, 0.6], [0.6, 1]], [[1 + 5e-9, 0], [0, 1]]],
      outside: [[[1, 0.6], [0.6, 1.1]], [[1, 1.5], [1.5, 1]], [[1, 0.6], [0.5, 1]]]),
  ]

  private static func tensor(_ values: [[[Double]]], rank: Int, dtype: DType = .float64) -> Tensor {
    let rows = values[0].count
    let columns = values[0][0].count
    let event: Shape = rank == 1 ? [columns] : [rows, columns]
    return Tensor(values.flatMap { $0.flatMap { $0 } }, shape: [values.count] + event, dtype: dtype)
  }

  /// One by one and as a batch; NaN anywhere is outside.
  @Test func membership() {
    for item in Self.memberships {
      let set = item.constraint
      let poisoned = item.inside[0].indices.flatMap { row in
        item.inside[0][row].indices.map { column in
          var copy = item.inside[0]
          copy[row][column] = .nan
          return copy
        }
      }
      let all = item.inside + item.outside + poisoned
      let expected = all.indices.map { $0 < item.inside.count }
      let batch = Self.tensor(all, rank: set.eventRank)
      #expect(set.contains(batch).boolArray() == expected, "\(set)")
      for (index, value) in all.enumerated() {
        let single = Self.tensor([value], rank: set.eventRank)[0]
        let isInside = set.contains(single)
        #expect(
          isInside.shape == [] && isInside.boolArray()[0] == expected[index], "\(set) \(value)")
      }
    }
  }

  @Test func infinities() {
    for item in Self.memberships {
      for infinity in [Double.infinity, -.infinity] {
        var value = item.inside[0]
        value[value.count - 1][0] = infinity
        let tensor = Self.tensor([value], rank: item.constraint.eventRank)
        #expect(!item.constraint.contains(tensor).boolArray()[0], "\(item.constraint) \(value)")
      }
    }
  }

  @Test func ranksAndKinds() {
    #expect(Constraint.oneHot.isDiscrete && Constraint.multinomial(total: 3).isDiscrete)
    #expect(!Constraint.simplex.isDiscrete && Constraint.simplex.eventRank == 1)
    #expect(Constraint.correlation.eventRank == 2 && Constraint.zeroSum(axes: 3).eventRank == 3)
    #expect(Constraint.simplex.independent(2).eventRank == 3)
    #expect(Constraint.positive.independent(1).independent(1) == Constraint.positive.independent(2))
    #expect(Constraint.real.independent(1) == .realVector && Constraint.real != .realVector)
    #expect(Constraint.lowerCholesky != .softplusLowerCholesky)
  }

  /// A total for each element of the batch.
  @Test func totals() {
    let set = Constraint.multinomial(total: Tensor([2, 3]))
    #expect(set.contains(Tensor([[1, 1], [1, 1]])).boolArray() == [true, false])
  }

  static let continuous: [(set: Constraint, dimension: Int)] = [
    (.simplex, 4), (.sphere, 3), (.l1Ball, 3), (.zeroSum, 4), (.lowerTriangular, 6),
    (.lowerCholesky, 6), (.softplusLowerCholesky, 6), (.unitLowerCholesky, 6),
    (.scaledUnitLowerCholesky, 6), (.correlationCholesky, 6), (.symmetric, 6),
    (.ordered, 3), (.positiveOrdered, 3), (.positiveDefinite, 6), (.positiveSemidefinite, 6),
    (.correlation, 6), (.cat([.simplex, .positive], lengths: [3, 2]), 4),
  ]

  /// What a fit may visit leads into the set, in both precisions.
  @Test(arguments: continuous.indices, [DType.float64, .float32])
  func bijectorsStayInside(_ index: Int, _ dtype: DType) {
    let (set, dimension) = Self.continuous[index]
    for spread in [0.0, 0.5, 2] {
      var generator = SeededGenerator(seed: index)
      let x = Tensor(
        generator.uniform(50 * dimension, in: -spread...max(spread, 1e-9)),
        shape: [50, dimension], dtype: dtype)
      let (y, logDet) = set.bijector.forwardAndLogDet(x, context: nil)
      #expect(y.dtype == dtype && logDet.dtype == dtype)
      #expect(set.contains(y).boolArray().allSatisfy { $0 }, "\(set), spread \(spread)")
      #expect(logDet.array().allSatisfy { $0.isFinite }, "\(set), spread \(spread)")
    }
  }

  /// Coordinates of ±30 still lead inside where numbers can say so: sums of numbers whose ratio is
  /// beyond the precision are not increasing, and products of such rows not definite.
  @Test(arguments: continuous.prefix(11).indices) func extremes(_ index: Int) {
    let (set, dimension) = Self.continuous[index]
    var generator = SeededGenerator(seed: index)
    let x = Tensor(
      generator.signed(40 * dimension, magnitude: 30...30.1), shape: [40, dimension])
    let (y, logDet) = set.bijector.forwardAndLogDet(x, context: nil)
    #expect(set.contains(y).boolArray().allSatisfy { $0 }, "\(set)")
    #expect(logDet.array().allSatisfy { $0.isFinite }, "\(set)")
    let slopes = gradient(of: y.sum() + logDet.sum(), withRespectTo: x)
    #expect(slopes.array().allSatisfy { $0.isFinite }, "\(set)")
  }

  /// Zeros lead to the point that is in the middle of the set.
  @Test func middles() {
    func middle(_ set: Constraint, _ count: Int) -> [Double] {
      set.bijector.forward(Tensor.zeros([count])).array()
    }
    expectClose(middle(.simplex, 3), [0.25, 0.25, 0.25, 0.25], within: .ulps(2))
    expectClose(middle(.zeroSum, 2), [0, 0, 0], within: .ulps(0))
    expectClose(middle(.l1Ball, 2), [0, 0], within: .ulps(0))
    for set in [Constraint.lowerCholesky, .positiveDefinite] {
      expectClose(middle(set, 3), [1, 0, 0, 1], within: .ulps(2))
    }
    for set in [Constraint.correlationCholesky, .correlation] {
      expectClose(middle(set, 1), [1, 0, 0, 1], within: .ulps(2))
    }
  }

  /// Support and bijector of what a map makes of a set.
  @Test func images() {
    #expect(Compose([Exp(), Affine(shift: 1, scale: 2)]).codomain == .greaterThan(1))
    #expect(Compose([Exp(), Affine(shift: 1, scale: -2)]).codomain == .lessThan(1))
    #expect(Compose([Sigmoid(), Affine(shift: 1, scale: -2)]).codomain == .interval(-1, 1))
    #expect(Affine(shift: 0, scale: 2).image(of: .nonNegative) == .nonNegative)
    #expect(
      Affine(shift: 0, scale: 2).image(of: .halfOpenInterval(0, 1)).description
        == "between 0.0 and 2.0, the upper one excluded")
    let above = Compose([Softplus(), Exp()]).codomain
    let points = Tensor([0.5, 1, (1.0).nextUp, 7, .nan])
    #expect(above.contains(points).boolArray() == [false, false, true, true, false])
    #expect(above == Compose([Softplus(), Exp()]).codomain)
    #expect(above != Compose([Exp(), Exp()]).codomain.independent(1))
    #expect(
      above.contains(above.bijector.forward(Tensor([-3, 0, 3]))).boolArray() == [true, true, true])
    let scale = exp(Tensor([0.1]))
    let moved = Compose([Exp(), Affine(shift: 1, scale: scale)]).codomain
    #expect(moved.contains(Tensor([0.5])).boolArray() == [false])
    #expect(moved.contains(Tensor([1.5])).boolArray() == [true])
  }

  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Constraint.oneHot.bijector
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Constraint.correlation.contains([1, 2])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Constraint.symmetric.contains(Tensor.zeros([2, 3]))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = LowerCholesky().forward(Tensor.zeros([4]))
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Permute([0, 0])
      })
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Reshape(from: [2], to: [3])
      })
    #expect(!Constraint.square.contains(Tensor.zeros([2, 3])).boolArray()[0])
  }
}
