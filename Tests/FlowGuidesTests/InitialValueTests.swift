import Foundation
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct InitialValueTests {
  private static func decay(_ tolerance: Double, end: Double = 2) -> InitialValueProblem {
    InitialValueProblem(
      field: { t, y, inputs in -inputs[0] * y + sin(t) }, start: 0, end: end, tolerance: tolerance)
  }

  /// y′ = −θ y + sin t, with its solution in closed form.
  private static func solution(_ y: Double, _ theta: Double, _ t: Double) -> Double {
    let particular = { (t: Double) in (theta * sin(t) - cos(t)) / (1 + theta * theta) }
    return particular(t) + (y - particular(0)) * exp(-theta * t)
  }

  /// The error follows the tolerance.
  @Test(arguments: [1e-3, 1e-6, 1e-9, 1e-12]) func accuracy(_ tolerance: Double) {
    let start = Tensor([1, -2, 0.3])
    let y = Self.decay(tolerance).solution(from: start, [Tensor(1.7)])
    let expected = start.array().map { Self.solution($0, 1.7, 2) }
    expectClose(y, expected, within: .relative(0, absolute: 10 * tolerance))
  }

  /// There and back.
  @Test func backward() {
    let start = Tensor([1, -2, 0.3])
    let forward = Self.decay(1e-11)
    let back = InitialValueProblem(field: forward.field, start: 2, end: 0, tolerance: 1e-11)
    let theta = Tensor(0.6)
    let returned = back.solution(from: forward.solution(from: start, [theta]), [theta])
    expectClose(returned, start.array(), within: .relative(0, absolute: 1e-9))
  }

  /// Derivatives of first and second order with respect to start and parameter, by the adjoint.
  @Test func derivatives() {
    let (start, theta) = (Tensor([1, -2, 0.3]), Tensor(0.6))
    checkGradients(of: [start, theta], relative: 1e-6, step: 1e-2) {
      [Self.decay(1e-12).solution(from: $0[0], [$0[1]])]
    }
    let y = Self.decay(1e-11).solution(from: Tensor(1.0), [theta])
    let slope = gradient(of: y, withRespectTo: theta)
    let step = 1e-4
    let difference =
      (Self.solution(1, 0.6 + step, 2) - Self.solution(1, 0.6 - step, 2)) / (2 * step)
    #expect((slope.scalar() - difference).magnitude < 1e-7)
  }

  /// A rotation: period, energy, and a vector per element of a batch.
  @Test func rotation() {
    let problem = InitialValueProblem(
      field: { _, y, _ in
        concat(
          [
            -y.selecting(1, along: -1).expandingDims(at: -1),
            y.selecting(0, along: -1).expandingDims(at: -1),
          ], along: -1)
      }, start: 0, end: 2 * .pi, tolerance: 1e-11)
    let start = Tensor([1, 0, 0.5, -2, 3, 3], shape: [3, 2])
    expectClose(
      problem.solution(from: start, []), start.array(), shape: [3, 2],
      within: .relative(0, absolute: 1e-8))
  }

  /// A solution that does not reach the end is no number; a constant one is reached in a step.
  @Test func limits() {
    let explosion = InitialValueProblem(
      field: { _, y, _ in y * y }, start: 0, end: 2, tolerance: 1e-6)
    #expect(explosion.solution(from: Tensor(1.0), []).scalar().isNaN)
    let rest = InitialValueProblem(field: { _, y, _ in 0 * y }, start: 0, end: 2, tolerance: 1e-6)
    #expect(rest.solution(from: Tensor([4.0, 5.0]), []).array() == [4, 5])
    #expect(rest.solution(from: Tensor([Double]()), []).count == 0)
  }

  @Test func singlePrecision() {
    let start = Tensor([1, -2, 0.3], dtype: .float32)
    let y = Self.decay(1e-9).solution(from: start, [Tensor(1.7, dtype: .float32)])
    #expect(y.dtype == .float32)
    let expected = [1, -2, 0.3].map { Self.solution($0, 1.7, 2) }
    expectClose(y.cast(to: .float64), expected, within: .relative(0, absolute: 1e-4))
  }
}
