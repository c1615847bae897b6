import Foundation
import TestSupport
import Testing

@testable import FlowGuides

@Suite struct IAFTests {
  private static let dimensions = [1, 2, 3, 5, 8]

  /// A layer over a network with random weights.
  private static func layer(
    _ dimension: Int, _ form: AffineForm, seed: Int, activation: Activation = .tanh,
    spread: Double = 1
  ) -> IAF {
    let weights = RandomWeights(seed, spread: spread)
    let network = MADE(
      dimension: dimension, hidden: [16, 16], outputs: 2, activation: activation, name: "net",
      dtype: .float64)
    return IAF(dimension: dimension, form: form) { x in handle({ network(x) }, with: weights) }
  }

  private static func points(_ shape: Shape, seed: Int = 1, scale: Double = 1) -> Tensor {
    Tensor((scale * RandomKey(seed).normal(shape)).array(), shape: shape)
  }

  /// Both parametrisations, on a linear conditioner, at the numbers of torch.
  @Test func goldens() throws {
    let golden = try Golden.load("flows.json", as: FlowGoldens.self).layers
    let (shift, scale) = (Tensor(golden.shift), Tensor(golden.scale))
    let network: @Sendable (Tensor) -> [Tensor] = { x in
      [
        matmul(x, shift.transposed()) + Tensor(golden.shiftBias),
        matmul(x, scale.transposed()) + Tensor(golden.scaleBias),
      ]
    }
    #expect(golden.points.count == 5)
    for point in golden.points {
      for (form, value) in [(AffineForm.logScale, point.logScale), (.gated, point.gated)] {
        let layer = IAF(dimension: 3, form: form, network: network)
        let (y, logDet) = layer.forwardAndLogDet(Tensor(point.x), context: nil)
        expectClose(y, value.y, shape: [3], within: .relative(1e-10), "\(form)")
        expectClose(logDet, [value.logDet], shape: [], within: .relative(1e-10), "\(form)")
        let (x, inverse) = layer.inverseAndLogDet(Tensor(value.y), context: nil)
        expectClose(x, point.x, within: .relative(1e-10, absolute: 1e-10), "\(form)")
        expectClose(inverse, [-value.logDet], within: .relative(1e-10), "\(form)")
      }
    }
  }

  /// log |det| against the Jacobian by automatic differentiation, whose upper half must be zero and
  /// whose diagonal positive.
  @Test(arguments: dimensions, AffineForm.all)
  func logDeterminant(_ dimension: Int, _ form: AffineForm) {
    for (seed, activation) in Activation.all.enumerated() {
      let layer = Self.layer(dimension, form, seed: seed, activation: activation)
      let x = Self.points([dimension], seed: seed)
      let (y, logDet) = layer.forwardAndLogDet(x, context: nil)
      let rows = jacobian(of: y, x)
      for (row, slopes) in rows.enumerated() {
        #expect(slopes[row] > 0 && slopes.dropFirst(row + 1).allSatisfy { $0 == 0 })
      }
      let exact = rows.enumerated().reduce(0) { $0 + log($1.element[$1.offset]) }
      expectClose(
        [logDet.scalar()], [exact], within: .relative(1e-10, absolute: 1e-10), "\(activation)")
    }
  }

  /// The gated form cannot expand.
  @Test func gateContracts() {
    let layer = Self.layer(5, .gated, seed: 4, spread: 3)
    let x = Self.points([200, 5], scale: 3)
    let logDet = layer.forwardAndLogDet(x, context: nil).logDet.array()
    #expect(logDet.allSatisfy { $0 < 0 })
  }

  @Test(arguments: dimensions, AffineForm.all)
  func roundTrip(_ dimension: Int, _ form: AffineForm) {
    for seed in 1...10 {
      let layer = Self.layer(dimension, form, seed: seed, spread: 0.7)
      let x = Self.points([50, dimension], seed: seed, scale: 2)
      let (y, forward) = layer.forwardAndLogDet(x, context: nil)
      let (back, inverse) = layer.inverseAndLogDet(y, context: nil)
      expectClose(back, x, within: .relative(1e-8, absolute: 1e-8), "\(seed)")
      expectClose(inverse, -forward, within: .relative(1e-8, absolute: 1e-8), "\(seed)")
      let (again, _) = layer.forwardAndLogDet(back, context: nil)
      expectClose(again, y, within: .relative(1e-8, absolute: 1e-8), "\(seed)")
    }
  }

  @Test(arguments: [[], [1], [4], [2, 3]] as [Shape], AffineForm.all)
  func shapes(_ batch: Shape, _ form: AffineForm) {
    for bijector in [
      Self.layer(3, form, seed: 2) as any Bijector, Reverse(), Self.layer(3, form, seed: 2).inv,
      Compose([Self.layer(3, form, seed: 2), Reverse(), Self.layer(3, form, seed: 3)]),
      Compose([Reverse(), Reverse()]),
    ] {
      let x = Self.points(batch + [3])
      let (y, forward) = bijector.forwardAndLogDet(x, context: nil)
      let (back, inverse) = bijector.inverseAndLogDet(y, context: nil)
      #expect(bijector.eventRank == 1)
      #expect(y.shape == x.shape && back.shape == x.shape, "\(bijector)")
      #expect(forward.shape == batch && inverse.shape == batch, "\(bijector)")
    }
  }

  /// A flow of several layers: the Jacobian is dense, its determinant still the sum.
  @Test(arguments: AffineForm.all) func composition(_ form: AffineForm) {
    let flow = Compose([
      Self.layer(4, form, seed: 1, spread: 0.5), Reverse(),
      Self.layer(4, form, seed: 2, spread: 0.5), Reverse(),
      Self.layer(4, form, seed: 3, spread: 0.5),
    ])
    let x = Self.points([4])
    let (y, logDet) = flow.forwardAndLogDet(x, context: nil)
    let rows = jacobian(of: y, x)
    #expect(rows.allSatisfy { $0.allSatisfy { $0 != 0 } })
    expectClose(
      [logDet.scalar()], [FlowGuidesTests.logDeterminant(rows)],
      within: .relative(1e-10, absolute: 1e-10))
    expectClose(flow.inverse(y), x, within: .relative(1e-8, absolute: 1e-8))
    #expect(!flow.isVolumePreserving)
  }

  @Test func reversal() {
    let x = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(Reverse().forward(x).array() == [3, 2, 1, 6, 5, 4])
    #expect(Reverse().inverse(Reverse().forward(x)).array() == x.array())
    #expect(Reverse().isVolumePreserving)
    #expect(Reverse().forwardAndLogDet(x, context: nil).logDet.array() == [0, 0])
  }

  /// Log scales are limited to [−5, 3]; their derivative is not.
  @Test func limits() {
    let layer = { (value: Double) in
      IAF(dimension: 1, form: .logScale) { x in [0 * x, 0 * x + Tensor(value)] }
    }
    for (value, expected) in [(-1e3, -5.0), (-5, -5), (0, 0), (3, 3), (1e3, 3)] {
      let logDet = layer(value).forwardAndLogDet(Tensor([1.0]), context: nil).logDet
      expectClose(logDet.array(), [expected], within: .relative(1e-15))
    }
    let x = Tensor([-10.0, -5, 0, 3, 40])
    let limited = clampPreservingGradient(x, -5, 3)
    #expect(limited.array() == [-5, -5, 0, 3, 3])
    #expect(gradient(of: limited.sum(), withRespectTo: x).array() == [1, 1, 1, 1, 1])
  }

  @Test(arguments: AffineForm.all) func gradients(_ form: AffineForm) {
    let layer = Self.layer(3, form, seed: 6, spread: 0.5)
    checkGradients(of: [Self.points([2, 3])]) {
      let (y, logDet) = layer.forwardAndLogDet($0[0], context: nil)
      return [y, logDet]
    }
    checkGradients(of: [Self.points([2, 3])], order: 1) {
      let (x, logDet) = layer.inverseAndLogDet($0[0], context: nil)
      return [x, logDet]
    }
  }

  @Test(arguments: AffineForm.all) func singlePrecision(_ form: AffineForm) {
    let wide = Self.layer(5, form, seed: 7, spread: 0.3)
    let network = MADE(
      dimension: 5, hidden: [16, 16], outputs: 2, name: "net", dtype: .float32)
    let weights = RandomWeights(7, spread: 0.3)
    let seededWeights = SinglePrecision()
    let narrow = IAF(dimension: 5, form: form) { x in
      handle({ handle({ network(x) }, with: weights) }, with: seededWeights)
    }
    let x = Self.points([50, 5])
    let (y, logDet) = narrow.forwardAndLogDet(x.cast(to: .float32), context: nil)
    #expect(y.dtype == .float32 && logDet.dtype == .float32)
    let expected = wide.forwardAndLogDet(x, context: nil)
    expectClose(y.array(), expected.y.array(), within: .relative(1e-4, absolute: 1e-4))
    expectClose(logDet.array(), expected.logDet.array(), within: .relative(1e-4, absolute: 1e-4))
    let back = narrow.inverse(y)
    #expect(back.dtype == .float32)
    expectClose(back.array(), x.array(), within: .relative(1e-3, absolute: 1e-3))
  }
}

/// Casts parameters on their way.
private struct SinglePrecision: Handler {
  func process(_ site: inout Site) {
    if site.kind == .param { site.value = site.value?.cast(to: .float32) }
  }
}
