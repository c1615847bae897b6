import Foundation
import TestSupport
import Testing

@testable import Distributions

@Suite struct BijectorLawTests {
  private static let batchShapes: [Shape] = [[], [1], [4], [2, 3]]

  /// Values and points have the shapes promised; a log determinant has that of the batch.
  @Test(arguments: BijectorCase.all, batchShapes)
  func shapes(_ subject: BijectorCase, _ batch: Shape) {
    let bijector = subject.bijector
    let x = subject.points(batch)
    let (y, forward) = bijector.forwardAndLogDet(x, context: nil)
    #expect(y.shape == bijector.forwardShape(x.shape))
    #expect(forward.shape == batch, "\(subject)")
    let (back, inverse) = bijector.inverseAndLogDet(y, context: nil)
    #expect(back.shape == x.shape && bijector.inverseShape(y.shape) == x.shape)
    #expect(inverse.shape == batch, "\(subject)")
  }

  @Test(arguments: BijectorCase.all, batchShapes)
  func roundTrip(_ subject: BijectorCase, _ batch: Shape) {
    let bijector = subject.bijector
    let close = Tolerance.relative(subject.tolerance, absolute: subject.tolerance)
    for seed in 1...5 {
      let x = subject.points(batch, seed: seed)
      let (y, forward) = bijector.forwardAndLogDet(x, context: nil)
      let (back, inverse) = bijector.inverseAndLogDet(y, context: nil)
      expectClose(back, x, within: close, "\(subject)")
      expectClose(inverse, -forward, within: close, "\(subject)")
      expectClose(bijector.forward(back), y, within: close, "\(subject)")
    }
  }

  /// Points are in the domain and values in the codomain; NaN is in neither.
  @Test(arguments: BijectorCase.all, batchShapes)
  func codomain(_ subject: BijectorCase, _ batch: Shape) {
    let bijector = subject.bijector
    let x = subject.points(batch)
    let y = bijector.forward(x)
    for (set, value, rank) in [
      (bijector.domain, x, bijector.eventRank), (bijector.codomain, y, bijector.valueRank),
    ] {
      #expect(set.eventRank == rank, "\(subject)")
      let isInside = set.contains(value)
      #expect(isInside.shape == batch && isInside.boolArray().allSatisfy { $0 }, "\(subject)")
      let isNaNInside = set.contains(value * Tensor(.nan)).boolArray()
      #expect(value.count == 0 || isNaNInside.allSatisfy { !$0 }, "\(subject)")
    }
    #expect(bijector.image(of: bijector.domain) == bijector.codomain, "\(subject)")
  }

  /// Value and log determinant together are those got apart.
  @Test(arguments: BijectorCase.all) func fused(_ subject: BijectorCase) {
    let x = subject.points([7])
    let y = subject.bijector.forward(x)
    expectClose(subject.bijector.forwardAndLogDet(x, context: nil).y, y)
    expectClose(
      subject.bijector.inverseAndLogDet(y, context: nil).x, subject.bijector.inverse(y))
  }

  /// log |det ∂y/∂x| against the Jacobian by automatic differentiation.
  @Test(arguments: BijectorCase.all, [Shape(), [1], [4], [2, 3]])
  func logDeterminant(_ subject: BijectorCase, _ batch: Shape) {
    let numbers = subject.numbers(batch, seed: 2)
    let x = subject.point(numbers)
    let (y, logDet) = subject.bijector.forwardAndLogDet(x, context: nil)
    let (_, inverse) = subject.bijector.inverseAndLogDet(y, context: nil)
    let expected = Self.logVolumes(subject, numbers, batch.elementCount) {
      (x: subject.point($0), y: subject.bijector.forward(subject.point($0)))
    }
    expectClose(
      logDet.array(), expected, within: .relative(1e-10, absolute: 1e-10), "\(subject)")
    // The inverse as it is differentiated, at values that move as the map moves them.
    let back = Self.logVolumes(subject, numbers, batch.elementCount) {
      let y = subject.bijector.forward(subject.point($0))
      return (x: subject.bijector.inverse(y), y: y)
    }
    expectClose(
      inverse.array(), back.map { -$0 },
      within: .relative(subject.tolerance, absolute: subject.tolerance), "\(subject), inverse")
  }

  /// log |det ∂y/∂x| of the free elements at each of some points, x and y being functions of free
  /// numbers.
  private static func logVolumes(
    _ subject: BijectorCase, _ numbers: Tensor, _ count: Int,
    _ map: (Tensor) -> (x: Tensor, y: Tensor)
  ) -> [Double] {
    let flat = numbers.reshaped(to: [count] + subject.event)
    return (0..<count).map { index in
      let u = flat[index].detached()
      let (x, y) = map(u)
      let points = jacobian(of: x, u, subject.freeOfPoint(x.shape))
      switch subject.volume {
      case .elements(let free):
        return Matrix.logAbsDet(jacobian(of: y, u, free(y.shape))) - Matrix.logAbsDet(points)
      case .surface:
        let slopes = jacobian(of: y, u, Free.all(y.shape))
        return 0.5 * Matrix.logAbsDet(Matrix.gram(slopes)) - Matrix.logAbsDet(points)
      }
    }
  }

  private static func jacobian(of y: Tensor, _ u: Tensor, _ rows: [Int]) -> [[Double]] {
    let elements = y.flattened()
    return rows.map { gradient(of: elements[$0], withRespectTo: u).array() }
  }

  /// Derivatives through value and log determinant, to second order, at free numbers.
  @Test(arguments: BijectorCase.all) func gradients(_ subject: BijectorCase) {
    guard subject.event.elementCount > 0 else { return }
    let bijector = subject.bijector
    let numbers = subject.numbers([3])
    checkGradients(of: [numbers], "\(subject)") {
      let (y, logDet) = bijector.forwardAndLogDet(subject.point($0[0]), context: nil)
      return [y, logDet]
    }
    // Off the surface of a kind of matrices there is no derivative to speak of.
    guard bijector.valueRank < 2, subject.chart == nil else {
      checkGradients(of: [numbers], relative: 1e-6, "\(subject), there and back") {
        let y = bijector.forward(subject.point($0[0]))
        let (x, logDet) = bijector.inverseAndLogDet(y, context: nil)
        return [x, logDet]
      }
      return
    }
    let y = bijector.forward(subject.points([3])).detached()
    checkGradients(of: [y], step: 1e-4, "\(subject), inverse") {
      let (x, logDet) = bijector.inverseAndLogDet($0[0], context: nil)
      return [x, logDet]
    }
  }

  /// Swapping directions twice is nothing, once negates the log determinant.
  @Test(arguments: BijectorCase.all) func inversion(_ subject: BijectorCase) {
    let bijector = subject.bijector
    let x = subject.points([5])
    let (y, forward) = bijector.forwardAndLogDet(x, context: nil)
    let (back, swapped) = bijector.inv.forwardAndLogDet(y, context: nil)
    let (expected, inverse) = bijector.inverseAndLogDet(y, context: nil)
    expectClose(back, expected)
    expectClose(swapped, inverse)
    let twice = bijector.inv.inv.forwardAndLogDet(x, context: nil)
    expectClose(twice.y, y)
    expectClose(twice.logDet, forward)
    #expect(bijector.inv.domain == bijector.codomain && bijector.inv.codomain == bijector.domain)
  }

  /// The flag says what the log determinant says. (A single element may have none where more have.)
  @Test(arguments: BijectorCase.all) func volumePreservation(_ subject: BijectorCase) {
    let logDet = subject.bijector.forwardAndLogDet(subject.points([9]), context: nil).logDet
    let isZero = logDet.array().allSatisfy { $0 == 0 }
    if subject.bijector.isVolumePreserving { #expect(isZero) }
    guard subject.event.rank == 0 || subject.event.elementCount > 1 else { return }
    #expect(subject.bijector.isVolumePreserving == isZero)
  }

  /// The flag says whether the Jacobian is lower triangular, with exact zeros. (A composition knows
  /// only what its parts are.)
  @Test(arguments: BijectorCase.all) func autoregressive(_ subject: BijectorCase) {
    let bijector = subject.bijector
    #expect(bijector.inv.isAutoregressive == bijector.isAutoregressive)
    let x = subject.points(subject.event.rank == 0 ? [3] : []).detached()
    let y = bijector.forward(x).detached()
    let isLower = [(bijector, x), (bijector.inv, y)].allSatisfy { map, point in
      let slopes = Self.jacobian(of: map.forward(point), point, Array(0..<map.forward(point).count))
      return slopes.enumerated().allSatisfy { row, slopes in
        slopes.dropFirst(row + 1).allSatisfy { $0 == 0 }
      }
    }
    if bijector.isAutoregressive { #expect(x.count == y.count && isLower) }
    let isComposed = bijector is Compose || bijector.inv is Compose
    if x.count == y.count && x.count > 1 && !isComposed {
      #expect(bijector.isAutoregressive == isLower)
    }
  }

  /// The derivative at 0, where what is made of sizes and signs is differentiated wrongly, is what the
  /// log determinant says.
  @Test(arguments: BijectorCase.all) func derivativeAtZero(_ subject: BijectorCase) {
    let bijector = subject.bijector
    let zero = Tensor(0.0).detached()
    guard bijector.eventRank == 0, bijector.domain.contains(zero).boolArray()[0] else { return }
    let (y, logDet) = bijector.forwardAndLogDet(zero, context: nil)
    guard logDet.scalar().isFinite else { return }
    let slope = gradient(of: y.sum(), withRespectTo: zero).scalar().magnitude
    #expect((slope - exp(logDet.scalar())).magnitude < 1e-12, "\(slope)")
  }

  @Test func nearIdentity() {
    #expect(Identity().startsNearIdentity && Compose([Identity()]).startsNearIdentity)
    #expect(!Exp().startsNearIdentity && !Compose([Identity(), Exp()]).startsNearIdentity)
  }

  /// Every public bijector is among the cases.
  @Test func completeness() throws {
    let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    let declared = try publicStructs(
      in: root.appending(path: "Sources/Distributions"),
      conformingTo: ["Bijector", "TriangleBijector"])
    #expect(declared.count > 35)
    let tried = BijectorCase.all.map { typeNames(in: $0.bijector) }
    #expect(declared.subtracting(tried.joined()) == [])
  }

  /// Numbers that no bijector has.
  @Test func misuse() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Affine(shift: 1, scale: 0)
      }, "Affine: scale must not be 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Affine(shift: 1, scale: Tensor([1.0, 0]))
      }, "Affine: scale must not be 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Power(0)
      }, "Power: exponent must not be 0")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = IntervalSigmoid(2, 2)
      }, "lower must be below upper")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = IntervalSigmoid(Tensor([0.0, 3]), 1)
      }, "lower must be below upper")
  }

  @Test(arguments: BijectorCase.all) func singlePrecision(_ subject: BijectorCase) {
    let wide = subject.points([20]).cast(to: .float32).cast(to: .float64)
    let narrow = wide.cast(to: .float32)
    let (y, logDet) = subject.bijector.forwardAndLogDet(wide, context: nil)
    let (y32, logDet32) = subject.bijector.forwardAndLogDet(narrow, context: nil)
    #expect(y32.dtype == .float32 && logDet32.dtype == .float32, "\(subject)")
    expectClose(y32.array(), y.array(), within: .relative(1e-5, absolute: 1e-5), "\(subject)")
    expectClose(
      logDet32.array(), logDet.array(), within: .relative(1e-5, absolute: 1e-5), "\(subject)")
  }

  // MARK: Composition

  /// log det (f ∘ g) is the sum of those along the way.
  @Test func composition() {
    let parts: [any Bijector] = [Affine(shift: 0.5, scale: 0.6), Softplus(), Exp()]
    let x = Tensor([-2, -0.5, 0.1, 1.5])
    var value = x
    var total = Tensor.zeros([4])
    for part in parts {
      let (next, logDet) = part.forwardAndLogDet(value, context: nil)
      (value, total) = (next, total + logDet)
    }
    let (y, logDet) = Compose(parts).forwardAndLogDet(x, context: nil)
    expectClose(y, value)
    expectClose(logDet, total, within: .relative(1e-14, absolute: 1e-14))
  }

  /// Elementwise parts of a map of vectors count once for every coordinate.
  @Test func compositionOfRanks() {
    let map = Compose([Affine(shift: 1, scale: 2), VectorFlip(), Exp()])
    #expect(map.eventRank == 1)
    let x = Tensor([0.1, 0.2, -0.3, 0.4, -0.5, 0.6], shape: [2, 3])
    let (y, logDet) = map.forwardAndLogDet(x, context: nil)
    #expect(y.shape == [2, 3])
    let inner = (1 + 2 * x).sum(axis: -1)
    expectClose(
      logDet, (3 * log(2.0) + inner).array(), shape: [2], within: .relative(1e-14))
    let back = map.inverseAndLogDet(y, context: nil)
    expectClose(back.x, x, within: .relative(1e-13))
    expectClose(back.logDet, -logDet, within: .relative(1e-13))
  }

  /// Extreme points give limits, not NaN.
  @Test func extremes() {
    let far = Tensor([-1e4, -800, 800, 1e4])
    let (sigmoid, sigmoidDet) = Sigmoid().forwardAndLogDet(far, context: nil)
    #expect(sigmoid.array() == [0, 0, 1, 1])
    expectClose(sigmoidDet.array(), [-1e4, -800, -800, -1e4], within: .relative(1e-15))
    let (softplus, softplusDet) = Softplus().forwardAndLogDet(far, context: nil)
    #expect(softplus.array() == [0, 0, 800, 1e4])
    #expect(softplusDet.array() == [-1e4, -800, 0, 0])
    let tiny = Tensor([1e-300, 1e-20, 40, 700])
    expectClose(
      Softplus().inverse(tiny).array(), [log(1e-300), log(1e-20), 40, 700],
      within: .relative(1e-14))
  }
}

/// Small matrices by rows, without this library.
enum Matrix {
  /// log |det| by elimination with pivots; 0 for a matrix of no rows.
  static func logAbsDet(_ rows: [[Double]]) -> Double {
    precondition(rows.allSatisfy { $0.count == rows.count }, "the Jacobian is not square")
    var rows = rows
    var total = 0.0
    for column in rows.indices {
      let pivot = rows.indices[column...].max {
        rows[$0][column].magnitude < rows[$1][column].magnitude
      }
      rows.swapAt(column, pivot ?? column)
      total += log(rows[column][column].magnitude)
      for row in rows.indices[(column + 1)...] {
        let factor = rows[row][column] / rows[column][column]
        for k in rows.indices[column...] { rows[row][k] -= factor * rows[column][k] }
      }
    }
    return total
  }

  /// JᵀJ.
  static func gram(_ rows: [[Double]]) -> [[Double]] {
    let columns = rows.first?.indices ?? 0..<0
    return columns.map { i in columns.map { j in rows.reduce(0) { $0 + $1[i] * $1[j] } } }
  }
}

/// Reverses vectors.
private struct VectorFlip: Bijector {
  var eventRank: Int { 1 }
  var isVolumePreserving: Bool { true }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (x.flipped(along: -1), Tensor.zeros(Shape(x.shape.dropLast())))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    (y.flipped(along: -1), Tensor.zeros(Shape(y.shape.dropLast())))
  }
}
