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

  @Test(arguments: BijectorCase.all) func roundTrip(_ subject: BijectorCase) {
    let bijector = subject.bijector
    for seed in 1...5 {
      let x = subject.points([20], seed: seed)
      let (y, forward) = bijector.forwardAndLogDet(x, context: nil)
      let (back, inverse) = bijector.inverseAndLogDet(y, context: nil)
      expectClose(back, x, within: .relative(1e-10, absolute: 1e-10), "\(subject)")
      expectClose(inverse, -forward, within: .relative(1e-10, absolute: 1e-10), "\(subject)")
      expectClose(
        bijector.forward(back), y, within: .relative(1e-10, absolute: 1e-10), "\(subject)")
    }
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
  @Test(arguments: BijectorCase.all) func logDeterminant(_ subject: BijectorCase) throws {
    for seed in 1...5 {
      let x = subject.points([6], seed: seed)
      let (y, logDet) = subject.bijector.forwardAndLogDet(x, context: nil)
      let diagonal = try Self.diagonalJacobian(of: y, x)
      expectClose(
        logDet.array(), diagonal.map { log($0.magnitude) },
        within: .relative(1e-10, absolute: 1e-10), "\(subject)")
    }
  }

  /// The same of the other direction.
  @Test(arguments: BijectorCase.all) func inverseLogDeterminant(_ subject: BijectorCase) throws {
    let y = subject.bijector.forward(subject.points([6])).detached()
    let (x, logDet) = subject.bijector.inverseAndLogDet(y, context: nil)
    let diagonal = try Self.diagonalJacobian(of: x, y)
    expectClose(
      logDet.array(), diagonal.map { log($0.magnitude) },
      within: .relative(1e-10, absolute: 1e-10), "\(subject)")
  }

  /// Every map here is elementwise: a diagonal Jacobian, whose other entries must be zero.
  private static func diagonalJacobian(of y: Tensor, _ x: Tensor) throws -> [Double] {
    try (0..<x.count).map { row in
      let slopes = gradient(of: y.selecting(row, along: 0), withRespectTo: x).array()
      for (column, slope) in slopes.enumerated() where column != row { #expect(slope == 0) }
      return try #require(slopes.indices.contains(row) ? slopes[row] : nil)
    }
  }

  /// Derivatives through value and log determinant, to second order.
  @Test(arguments: BijectorCase.all) func gradients(_ subject: BijectorCase) {
    let bijector = subject.bijector
    let x = subject.points([4])
    checkGradients(of: [x], "\(subject)") {
      let (y, logDet) = bijector.forwardAndLogDet($0[0], context: nil)
      return [y, logDet]
    }
    let y = bijector.forward(x).detached()
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

  /// The flag says what the log determinant says.
  @Test(arguments: BijectorCase.all) func volumePreservation(_ subject: BijectorCase) {
    guard subject.bijector.isVolumePreserving else { return }
    let logDet = subject.bijector.forwardAndLogDet(subject.points([9]), context: nil).logDet
    #expect(logDet.array().allSatisfy { $0 == 0 })
  }

  @Test(arguments: BijectorCase.all) func singlePrecision(_ subject: BijectorCase) {
    let wide = subject.points([50]).cast(to: .float32).cast(to: .float64)
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
