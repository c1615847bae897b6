import TestSupport
import Testing

@testable import FlowGuides

/// Layers against torch, at random parameters.
@Suite struct FlowBijectorGoldenTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Parameter: Decodable {
      let shape: [Int]
      let elements: [Double]
    }

    struct Point: Decodable {
      let x: [Double]
      let y: [Double]
      let logDet: Double
      var kinetic: Double?
      var roughness: Double?
    }

    let kind: String
    let parameters: [String: Parameter]
    let points: [Point]

    var testDescription: String { "\(kind) of \(points[0].x.count)" }
    var dimension: Int { points[0].x.count }

    /// The values of the sites of a layer called "f".
    var sites: [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: parameters.map { name, value in
          ("f.\(name)", Tensor(value.elements, shape: Shape(value.shape)))
        })
    }

    func count(_ name: String) -> Int { parameters[name]?.shape[0] ?? 0 }
  }

  private static let all: [Case] =
    (try? Golden.load("flow_bijectors.json", as: [Case].self)) ?? []

  private static func layer(_ golden: Case) -> (any Bijector)? {
    let n = golden.dimension
    func bnaf(_ residual: BNAFResidual) -> BNAF {
      let layers = golden.parameters.keys.filter { $0.hasPrefix("weight") }.count
      let hidden = (0..<layers - 1).map { golden.count("weight\($0)") / n }
      return BNAF(dimension: n, hidden: hidden, residual: residual, name: "f")
    }
    func continuous(_ field: any VelocityField) -> ContinuousFlow {
      ContinuousFlow(field, duration: 0.5, tolerance: 1e-12)
    }
    switch golden.kind {
    case "planar": return Planar(dimension: n, name: "f")
    case "radial": return Radial(dimension: n, name: "f")
    case "sylvesterHouseholder":
      let count = golden.count("vectors")
      return Sylvester(dimension: n, form: .householder(reflections: count), name: "f")
    case "sylvesterOrthogonal":
      return Sylvester(dimension: n, form: .orthogonal(columns: golden.count("b")), name: "f")
    case "sylvesterTriangular":
      return Sylvester(dimension: n, form: .triangular(isReversed: false), name: "f")
    case "sylvesterReversed":
      return Sylvester(dimension: n, form: .triangular(isReversed: true), name: "f")
    case "luLinear": return LULinear(dimension: n, name: "f")
    case "qrLinear": return QRLinear(dimension: n, name: "f")
    case "svdLinear": return SVDLinear(dimension: n, name: "f")
    case "matrixExponential": return MatrixExponential(dimension: n, name: "f")
    case "lowerAffine": return TriangularAffine(dimension: n, name: "f")
    case "upperAffine": return TriangularAffine(dimension: n, triangle: .upper, name: "f")
    case "householder":
      return Householder(dimension: n, reflections: golden.count("vectors"), name: "f")
    case "cayley": return Rotation(dimension: n, form: .cayley, name: "f")
    case "rotation": return Rotation(dimension: n, form: .exponential, name: "f")
    case "loft": return LOFT(threshold: 2).toEvent(1)
    case "softclip": return Softclip(bound: 5).toEvent(1)
    case "leakyTanh": return LeakyTanh().toEvent(1)
    case "softLeakyReLU": return SoftLeakyReLU(slope: 0.1).toEvent(1)
    case "softClamp": return SoftClamp().toEvent(1)
    case "bnaf": return bnaf(.none)
    case "bnafResidual": return bnaf(.normal)
    case "bnafGated": return bnaf(.gated)
    case "residual":
      return Residual(dimension: n, network: .lipschitz(hidden: [5, 4]), name: "f")
    case "residualConvolutional":
      return Residual(
        dimension: n, network: .convolutional(image: [2, 3, 2], hidden: [3]), name: "f")
    case "convolutionalField":
      return continuous(ConvolutionalField(image: [1, 2, 3], hidden: [2], name: "f"))
    case "tailedTanhLine": return TailedTanh(cut: 1.5, tail: .line).toEvent(1)
    case "tailedTanhLogarithm": return TailedTanh(tail: .logarithm).toEvent(1)
    case "proximal":
      return Residual(dimension: n, network: .proximal(hidden: [4, 3]), name: "f")
    case "networkField":
      return continuous(NetworkField(dimension: n, hidden: [4], name: "f"))
    case "potentialField": return continuous(PotentialField(dimension: n, width: 4, name: "f"))
    default: return nil
    }
  }

  @Test func allAreThere() throws {
    #expect(Self.all.count == 56)
    #expect(
      Set(Self.all.filter { Self.layer($0) == nil }.map(\.kind)) == ["bnafTanh", "bnafTanhGated"])
  }

  @Test(arguments: all) func values(_ golden: Case) throws {
    guard let layer = Self.layer(golden) else { return }
    let tolerance = Tolerance.relative(1e-10, absolute: 1e-10)
    for point in golden.points {
      let (y, logDet, x, inverseLogDet) = substitute(golden.sites) {
        let (y, logDet) = layer.forwardAndLogDet(Tensor(point.x), context: nil)
        let (x, inverseLogDet) = layer.inverseAndLogDet(Tensor(point.y), context: nil)
        return (y, logDet, x, inverseLogDet)
      }
      expectClose(y, point.y, within: tolerance, golden.kind)
      expectClose(logDet, [point.logDet], shape: [], within: tolerance, golden.kind)
      expectClose(x, point.x, within: tolerance, golden.kind)
      expectClose(inverseLogDet, [-point.logDet], shape: [], within: tolerance, golden.kind)
    }
  }

  /// The block network with hyperbolic tangents, whose values are bounded, and which is no bijector
  /// onto all numbers therefore.
  @Test(arguments: all.filter { $0.kind.hasPrefix("bnafTanh") })
  func boundedBlockNetwork(_ golden: Case) throws {
    for point in golden.points {
      let (y, logDet) = boundedBlocks(
        Tensor(point.x), golden.sites, gate: golden.sites["f.gate"])
      expectClose(y, point.y, within: .relative(1e-12, absolute: 1e-12))
      expectClose(logDet, [point.logDet], shape: [], within: .relative(1e-12, absolute: 1e-12))
    }
  }

  /// What ways cost.
  @Test(arguments: all.filter { $0.points[0].kinetic != nil }) func costs(_ golden: Case) throws {
    let flow = try #require(Self.layer(golden) as? ContinuousFlow)
    for point in golden.points {
      let costs = substitute(golden.sites) { flow.costs(of: Tensor(point.x)) }
      // A kink in the potential's cost keeps the two solvers from agreeing closely.
      let tolerance = Tolerance.relative(golden.kind == "potentialField" ? 1e-6 : 1e-10)
      expectClose(
        costs.kinetic, [try #require(point.kinetic)], shape: [], within: tolerance, golden.kind)
      expectClose(
        costs.roughness, [try #require(point.roughness)], shape: [], within: tolerance, golden.kind)
    }
  }
}
