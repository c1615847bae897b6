import Foundation
import TestSupport
import Testing

@testable import FlowGuides

/// Inverses by iteration and ways of points along a field: each point of a batch is on its own.
@Suite struct SolverTests {
  private static let layers: [(name: String, layer: any Bijector)] = [
    ("lipschitz", Residual(dimension: 2, network: .lipschitz(hidden: [5]), name: "f")),
    ("proximal", Residual(dimension: 2, network: .proximal(hidden: [4]), name: "f")),
    ("field", ContinuousFlow(NetworkField(dimension: 2, hidden: [4], name: "f"))),
    ("potential", ContinuousFlow(PotentialField(dimension: 2, width: 4, name: "f"))),
  ]

  /// Rows that are no numbers, or infinite, stay so and change nothing in the others, in either
  /// direction, nor in their derivatives.
  @Test(arguments: layers.indices, [Double.nan, .infinity])
  func oneBadRow(_ index: Int, _ bad: Double) {
    let (name, layer) = Self.layers[index]
    let good = RandomKey(3).normal([3, 2]).detached()
    let all = concat([good.slice(0..<1), Tensor([[bad, 1]]), good.slice(1..<3)]).detached()
    // The steps of a field are chosen for all numbers of the batch, and so are the same without a row
    // that has none.
    let tolerance = index > 1 && bad == .infinity ? 1e-7 : 1e-12
    let close = Tolerance.relative(tolerance, absolute: tolerance)
    func slopes(_ x: Tensor, _ rows: [Int], _ isInverse: Bool) -> (values: Tensor, slopes: Tensor) {
      let (y, logDet) =
        isInverse
        ? layer.inv.forwardAndLogDet(x, context: nil) : layer.forwardAndLogDet(x, context: nil)
      let chosen = concat([y, logDet.expandingDims(at: -1)], along: -1)
        .gathered(Tensor(rows), along: 0)
      let slopes = gradient(of: square(chosen).sum(), withRespectTo: x)
      return (chosen, slopes.gathered(Tensor(rows), along: 0))
    }
    handle(
      {
        for isInverse in [false, true] {
          let (alone, beside) = (
            slopes(good, [0, 1, 2], isInverse), slopes(all, [0, 2, 3], isInverse)
          )
          expectClose(beside.values, alone.values, within: close, "\(name) \(isInverse)")
          expectClose(beside.slopes, alone.slopes, within: close, "\(name) \(isInverse)")
          #expect(alone.values.array().allSatisfy { $0.isFinite })
        }
        let back = layer.inverse(all).selecting(1, along: 0)
        #expect(back.array().contains { !$0.isFinite }, "\(name)")
      }, with: LawParameters(key: RandomKey(2), spread: 1))
  }

  /// x − 0.999 x = y and x + 0.999 x = y, whose iterations come nearer by a thousandth each time: the
  /// slowest that a bound of 0.999 allows; values, derivatives and second derivatives.
  @Test(arguments: [-1.0, 1]) func slowContraction(_ sign: Double) {
    let layer = Residual(
      dimension: 1, network: .lipschitz(hidden: [], bound: 0.999), name: "f")
    let slope = 1 / (1 + 0.999 * sign)
    let weights: [String: Tensor] = ["f.weight0": Tensor([[50 * sign]]), "f.bias0": Tensor([0.25])]
    handle(
      {
        let y = Tensor([[3.0], [-0.02], [.nan], [0]])
        let (x, logDet) = layer.inverseAndLogDet(y, context: nil)
        let expected = y.array().map { ($0 - 0.25) * slope }
        expectClose(x, expected, shape: [4, 1], within: .relative(1e-9, absolute: 1e-9))
        #expect((logDet.array()[0] - log(slope)).magnitude < 1e-9)
        let good = Tensor([[3.0], [0.5]])
        let cube = layer.inverse(good)
        let first = gradient(of: (cube * cube * cube).sum(), withRespectTo: good)
        let second = gradient(of: first.sum(), withRespectTo: good)
        let values = good.array().map { ($0 - 0.25) * slope }
        expectClose(
          first, values.map { 3 * $0 * $0 * slope }, shape: [2, 1], within: .relative(1e-8))
        expectClose(
          second, values.map { 6 * $0 * slope * slope }, shape: [2, 1], within: .relative(1e-8))
      }, with: Substitute(values: weights))
  }

  /// What has not come to an end is no number: f(x) = −x has no inverse here, for all its steps of 1.
  @Test func noFixedPoint() {
    let map = ContractiveMap(function: { x, _ in -x }, scale: { _ in 0 })
    let x = map.inverse(Tensor([[1.0], [0]]), [])
    #expect(x.array()[0].isNaN && x.array()[1] == 0)
  }

  /// Layers whose slope is as near to 0 as e⁻⁶⁰ at a point: log det log softplus(−60) of a planar
  /// layer, log(4 / (e⁶⁰ + e⁻⁶⁰)²) of a Sylvester layer with saturated diagonals.
  @Test(arguments: [DType.float64, .float32]) func steepLayers(_ dtype: DType) {
    func check(_ layer: any Bijector, _ values: [String: Double], _ shape: Shape, _ slope: Double) {
      let sites = values.mapValues { Tensor([$0], shape: [1], dtype: dtype) }
        .mapValues { $0.reshaped(to: shape) }
      let given = sites.merging(["f.b": Tensor.zeros(layer is Planar ? [] : [1], dtype: dtype)]) {
        $1
      }
      handle(
        {
          for point in [0, 0.3, -1.2] {
            let x = Tensor([point], dtype: dtype)
            let (y, logDet) = layer.forwardAndLogDet(x, context: nil)
            let h = tanh(point)
            let expected = log(h * h + (1 - h * h) * exp(slope))
            let tolerance = dtype == .float64 ? 1e-12 : 1e-5
            expectClose(
              logDet.array(), [expected], within: .relative(tolerance, absolute: tolerance))
            guard point != 0 else { continue }
            let (back, inverse) = layer.inverseAndLogDet(y.detached(), context: nil)
            let loose = 1e3 * tolerance
            expectClose(back.array(), [point], within: .relative(loose))
            expectClose(inverse.array(), [-expected], within: .relative(loose, absolute: loose))
          }
        }, with: Substitute(values: given))
    }
    let planar = Planar(dimension: 1, name: "f")
    check(planar, ["f.w": 1, "f.u": -60 - log(exp(1) - 1)], [1], -60)
    // The point's own element has the slope 1 / cosh², and R̃ stretches it by tanh 30 = 1.
    let sylvester = Sylvester(dimension: 1, form: .triangular(isReversed: false), name: "f")
    check(sylvester, ["f.outer": -30, "f.inner": 30], [1, 1], log(4) - 60)
  }
}
