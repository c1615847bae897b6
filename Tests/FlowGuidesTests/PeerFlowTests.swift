import FlowGuides
import Foundation
import TestSupport
import Testing

/// Flows learned in other libraries, loaded, against the log densities they have there.
@Suite struct PeerFlowTests {
  private static let flows: [(String, FlowArchitecture)] = [
    ("zuko_maf", .zukoMAF(layers: 4, hidden: [13, 16])),
    ("zuko_nsf", .zukoNSF(layers: 4, hidden: [13, 16])),
    ("pyro_affine", .pyroAffineAutoregressive(hidden: [13, 16])),
    ("nflows_spline", .nflowsSplineCoupling(layers: 3, bins: 6, bound: 3, hidden: [13, 16])),
  ]

  private static func path(_ name: String) -> String {
    Golden.folder.appending(path: "weights/\(name).safetensors").path
  }

  /// A thousand points: to rounding in double precision, and to single precision in single precision.
  @Test(arguments: flows.map(\.0)) func logDensities(_ name: String) throws {
    let architecture = try #require(Self.flows.first { $0.0 == name }?.1)
    let file = try SafeTensors(contentsOf: Self.path("\(name)_points"))
    let (points, expected) = (try #require(file["points"]), try #require(file["logProb"]))
    #expect(points.shape == [1000, 5])
    let flow = NormalizingFlow(architecture, dimension: 5)
    for dtype in [DType.float32, .float64] {
      let loaded = try flow.loading(Self.path(name), dtype: dtype)
      let density = loaded.logProb(points.cast(to: dtype))
      #expect(density.dtype == dtype)
      expectClose(
        density.cast(to: .float64), expected,
        within: dtype == .float32 ? .relative(1e-5, absolute: 1e-5) : .relative(1e-10),
        "\(name) \(dtype)")
    }
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
