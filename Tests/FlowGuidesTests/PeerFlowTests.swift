import FlowGuides
import Foundation
import TestSupport
import Testing

/// Flows learned in other libraries, loaded, against the log densities they have there.
@Suite struct PeerFlowTests {
  private static let flows: [(String, FlowArchitecture)] = [
    ("zuko_maf", .zukoMAF(layers: 4, hidden: [13, 16])),
    ("zuko_nsf", .zukoNSF(layers: 4, hidden: [13, 16])),
    ("zuko_naf", .zukoNAF(signal: 4, monotone: [8, 6], hidden: [13, 16])),
    ("zuko_maf_context", .zukoMAF(hidden: [13, 16])),
    ("zuko_nsf_context", .zukoNSF(hidden: [13, 16])),
    ("zuko_naf_context", .zukoNAF(signal: 4, monotone: [8, 6], hidden: [13, 16])),
    ("pyro_affine", .pyroAffineAutoregressive(hidden: [13, 16])),
    ("nflows_spline", .nflowsSplineCoupling(layers: 3, bins: 6, bound: 3, hidden: [13, 16])),
    ("nflows_residual", .nflowsSplineCoupling(layers: 3, bins: 6, bound: 3, width: 16)),
  ]

  private static func path(_ name: String) -> String {
    Golden.folder.appending(path: "weights/\(name).safetensors").path
  }

  /// A thousand points: in double precision to rounding.
  @Test(arguments: flows.map(\.0)) func logDensities(_ name: String) throws {
    let found = try Self.densities(name, .float64)
    expectClose(found.own, found.exact, within: .relative(1e-10), name)
  }

  /// In single precision the worst of a thousand points is within a millionth of the log density, or
  /// of 1 where that is less: |log p − log p̂| ≤ 1e-6 max(1, |log p|), where log p is the density in
  /// double precision of the same parameters, in the library that learned the flow.
  @Test(arguments: flows.map(\.0)) func singlePrecision(_ name: String) throws {
    let found = try Self.densities(name, .float32)
    let errors = [found.own, found.single].map { Self.error($0, found.exact) }
    #expect(errors[0] <= 1e-6, "the other library's own error is \(errors[1])")
  }

  /// The log densities here, in another library in double precision, and in single.
  private static func densities(
    _ name: String, _ dtype: DType
  ) throws -> (own: Tensor, exact: Tensor, single: Tensor) {
    let architecture = try #require(flows.first { $0.0 == name }?.1)
    let file = try SafeTensors(contentsOf: path("\(name)_points"))
    let points = try #require(file["points"])
    #expect(points.shape == [1000, 5])
    let context = file["context"]?.cast(to: dtype)
    let flow = NormalizingFlow(
      architecture, dimension: 5, contextDimension: context == nil ? 0 : 3)
    let loaded = try flow.loading(path(name), dtype: dtype)
    let density =
      context.map { loaded.conditioned(on: $0).logProb(points.cast(to: dtype)) }
      ?? loaded.logProb(points.cast(to: dtype))
    #expect(density.dtype == dtype)
    return (
      density.cast(to: .float64), try #require(file["logProb"]),
      try #require(file["logProb32"]).cast(to: .float64)
    )
  }

  /// The largest error relative to max(1, |exact|).
  private static func error(_ value: Tensor, _ exact: Tensor) -> Double {
    (abs(value - exact) / maximum(abs(exact), 1)).max().scalar()
  }

  /// Draws of conditional flows have the densities that points have, also of a batch of contexts for
  /// one point and of many points for one context.
  @Test(arguments: flows.filter { $0.0.hasSuffix("context") }.map(\.0))
  func conditional(_ name: String) throws {
    let architecture = try #require(Self.flows.first { $0.0 == name }?.1)
    let flow = try NormalizingFlow(architecture, dimension: 5, contextDimension: 3)
      .loading(Self.path(name), dtype: .float64)
    let contexts = Tensor([[0.3, -1, 0.5], [1, 0.2, -0.7]])
    let several = flow.conditioned(on: contexts)
    let (x, logProb) = several.sampleAndLogProb([4], key: RandomKey(3), dtype: .float64)
    #expect(x.shape == [4, 2, 5])
    expectClose(several.logProb(x), logProb.array(), within: .relative(1e-8), "\(name), draws")
    let point = x.selecting(0, along: 0).selecting(0, along: 0)
    let each = (0..<2).map {
      flow.conditioned(on: contexts.selecting($0, along: 0)).logProb(point).scalar()
    }
    expectClose(several.logProb(point), each, within: .relative(1e-12), name)
  }

  /// There is no place for a context in the weights of these flows.
  @Test func contexts() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = NormalizingFlow(
          .nflowsSplineCoupling(layers: 1, hidden: [4]), dimension: 2, contextDimension: 1)
      }, "nflowsSplineCoupling: a flow")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = NormalizingFlow(
          .pyroAffineAutoregressive(hidden: [4]), dimension: 2, contextDimension: 1)
      }, "pyroAffineAutoregressive: a flow of the other library without a context")
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let layers = FlowArchitecture.zukoNAF(layers: 1).build(dimension: 2)
        _ = Compose(layers).forwardShape([3])
      }, "expected points of shape [2]")
  }

  /// Another architecture is told by the first parameter that does not fit.
  @Test func otherArchitectures() {
    let path = Self.path("zuko_maf")
    let wider = NormalizingFlow(.zukoMAF(layers: 4, hidden: [16, 13]), dimension: 5)
    #expect(throws: FileError.self) { try wider.loading(path) }
    let deeper = NormalizingFlow(.zukoMAF(layers: 5, hidden: [13, 16]), dimension: 5)
    #expect(throws: FileError.self) { try deeper.loading(path) }
    let shorter = NormalizingFlow(.zukoMAF(layers: 3, hidden: [13, 16]), dimension: 5)
    #expect(throws: FileError.self) { try shorter.loading(path) }
    let spline = NormalizingFlow(.zukoNSF(layers: 4, hidden: [13, 16]), dimension: 5)
    #expect(throws: FileError.self) { try spline.loading(path) }
    #expect(throws: FileError.self) { try spline.loading("/no/such/file") }
  }
}
