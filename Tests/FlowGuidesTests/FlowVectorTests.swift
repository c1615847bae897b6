import Models
import TestSupport
import Testing

@testable import FlowGuides

/// One small vector for each kind of layer, by torch, Zuko and Pyro: every one in the file.
@Suite struct FlowVectorTests {
  struct Entry: Decodable {
    let x: [Double]?
    let y: [Double]?
    let logDet: Double?
    let logDets: [Double]?
    let parameters: [String: JSONTensor]?
    let dimension: Int?
    let hidden: [Int]?
    let order: [Int]?
    let context: Int?
    let masks: [[[Int]]]?

    subscript(_ name: String) -> Tensor { parameters?[name]?.tensor ?? Tensor(.nan) }
    var point: Tensor { Tensor(x ?? []) }
  }

  /// What an entry is about.
  private enum Subject {
    case layer(any Bijector, [String: Tensor] = [:])
    case transformer(any Transformer, [Tensor])
    case function((Tensor) -> Tensor)
    case boundedBlocks(gate: Tensor?)
    case masks
  }

  private static let entries =
    (try? Golden.load("flow_vectors.json", as: [String: Entry].self)) ?? [:]

  @Test func allAreThere() { #expect(Self.entries.count == 23) }

  @Test(arguments: entries.keys.sorted()) func values(_ name: String) throws {
    let entry = try #require(Self.entries[name])
    switch try #require(Self.subject(name, entry), "nothing is known of \(name)") {
    case .layer(let layer, let sites):
      handle({ Self.check(entry, layer) }, with: Substitute(values: sites))
    case .transformer(let transformer, let parameters):
      Self.check(entry, transformer, parameters)
    case .function(let function):
      expectClose(function(entry.point), try #require(entry.y), within: .relative(1e-13))
    case .boundedBlocks(let gate):
      let (y, logDet) = boundedBlocks(entry.point, Self.blockSites(entry), gate: gate)
      expectClose(y, try #require(entry.y), within: .relative(1e-13))
      expectClose(logDet, [try #require(entry.logDet)], shape: [], within: .relative(1e-13))
    case .masks: try Self.checkMasks(entry)
    }
  }

  // MARK: Checks

  private static let tolerance = Tolerance.relative(1e-10, absolute: 1e-10)

  private static func check(_ entry: Entry, _ layer: any Bijector) {
    let (y, logDet) = layer.forwardAndLogDet(entry.point, context: nil)
    expectClose(y, entry.y ?? [], within: tolerance)
    expectClose(logDet.sum(), [entry.logDet ?? .nan], shape: [], within: tolerance)
    let (x, inverse) = layer.inverseAndLogDet(Tensor(entry.y ?? []), context: nil)
    expectClose(x, entry.x ?? [], within: tolerance)
    expectClose(inverse.sum(), [-(entry.logDet ?? .nan)], shape: [], within: tolerance)
  }

  private static func check(
    _ entry: Entry, _ transformer: any Transformer, _ parameters: [Tensor]
  ) {
    let (y, logDet) = transformer.forwardAndLogDet(entry.point, parameters)
    expectClose(y, entry.y ?? [], within: tolerance)
    let slopes = entry.logDets
    if let slopes { expectClose(logDet, slopes, within: tolerance) }
    if let total = entry.logDet {
      expectClose(logDet.sum(), [total], shape: [], within: tolerance)
    }
    let (x, inverse) = transformer.inverseAndLogDet(Tensor(entry.y ?? []), parameters)
    expectClose(x, entry.x ?? [], within: tolerance)
    if let slopes { expectClose(inverse, slopes.map(-), within: tolerance) }
  }

  private static func checkMasks(_ entry: Entry) throws {
    let (dimension, context) = (try #require(entry.dimension), try #require(entry.context))
    let network = MaskedPerceptron(
      MADE(hidden: try #require(entry.hidden), activation: .tanh),
      .order(try #require(entry.order)), start: [0, 0], hasContext: context > 0, name: "net")
    let found = connections(of: network, dimension, context: context)
    #expect(found == (try #require(entry.masks)).map { $0.map { $0.map { $0 == 1 } } })
  }

  // MARK: Subjects

  private static func subject(_ name: String, _ entry: Entry) -> Subject? {
    autoregressive(name, entry) ?? transformer(name, entry) ?? shallow(name, entry)
      ?? elementwise(name, entry)
      ?? (name.hasPrefix("made_") ? .masks : nil)
  }

  private static func autoregressive(_ name: String, _ entry: Entry) -> Subject? {
    guard name.hasPrefix("iaf") || name.hasPrefix("maf") else { return nil }
    let weights = [
      "net.weight0": concat([entry["shift"], entry["scale"]]).transposed(),
      "net.bias0": concat([entry["shift_bias"], entry["scale_bias"]]),
    ]
    func layer(_ transformer: some Transformer) -> Subject {
      .layer(
        InverseAutoregressive(
          .sequence(3), transformer: transformer, network: MADE(hidden: []), name: "net"), weights)
    }
    switch name {
    case "iaf_logscale": return layer(AffineTransformer(.logScale))
    case "iaf_sigmoid_bias2": return layer(AffineTransformer(.gated))
    case "maf_density_dir": return layer(Backwards(base: AffineTransformer(.logScale)))
    default: return nil
    }
  }

  private static func transformer(_ name: String, _ entry: Entry) -> Subject? {
    func rows(_ names: String...) -> [Tensor] {
      names.flatMap { name in
        (0..<entry[name].shape[0]).map { entry[name].selecting($0, along: 0) }
      }
    }
    func columns(_ names: String...) -> [Tensor] {
      names.flatMap { name in
        (0..<entry[name].shape[1]).map { entry[name].selecting($0, along: 1) }
      }
    }
    switch name {
    case "rqs_K4_B3":
      return .transformer(
        RationalQuadraticSpline(bins: 4, bound: 3), rows("widths", "heights", "slopes"))
    case "rqs_zuko_B5":
      return .transformer(
        RationalQuadraticSpline(bins: 4, bound: 5, form: .softClamped),
        rows("widths", "heights", "slopes"))
    case "lrs_K4_B3":
      return .transformer(
        LinearRationalSpline(bins: 4, bound: 3), rows("widths", "heights", "slopes", "cuts"))
    case "dsf_H3":
      return .transformer(DeepSigmoidal(units: 3), columns("slopes", "offsets", "weights"))
    case "sos_poly":
      let a = rows("a").flatMap { row in (0..<3).map { row.selecting($0, along: 0) } }
      return .transformer(SumOfSquares(polynomials: 2, degree: 2), a + [0])
    case "zuko_affine":
      return .transformer(AffineTransformer(.softClamped), [entry["shift"], entry["raw"]])
    default: return nil
    }
  }

  private static func shallow(_ name: String, _ entry: Entry) -> Subject? {
    func sites(_ names: [String: Tensor]) -> [String: Tensor] {
      Dictionary(uniqueKeysWithValues: names.map { ("f.\($0)", $1) })
    }
    switch name {
    case "planar_tanh":
      // The layer's own u is zero where its direction has no part along w.
      let (w, u) = (entry["w"], entry["u"])
      let own = u - 0.541324854612918 / square(w).sum() * w
      return .layer(
        Planar(dimension: 3, name: "f"), sites(["w": w, "u": own, "b": entry["b"]]))
    case "radial":
      let names = ["center", "alpha", "gamma"]
      let values = Dictionary(uniqueKeysWithValues: names.map { ($0, entry[$0]) })
      return .layer(Radial(dimension: 3, name: "f"), sites(values))
    case "sylvester_householder":
      let values = [
        "vectors": entry["v"].expandingDims(at: 0), "b": entry["b"],
        "outer": entry["outer"].transposed(), "inner": entry["inner"].transposed(),
      ]
      return .layer(
        Sylvester(dimension: 3, form: .householder(reflections: 1), name: "f"), sites(values))
    case "lulinear":
      let values = [
        "lower": entry["lower"], "upper": entry["upper"].transposed(), "shift": entry["shift"],
      ]
      return .layer(LULinear(dimension: 3, name: "f"), sites(values))
    case "householder":
      return .layer(
        Householder(dimension: 3, name: "f"), sites(["vectors": entry["v"].expandingDims(at: 0)]))
    default: return nil
    }
  }

  private static func elementwise(_ name: String, _ entry: Entry) -> Subject? {
    switch name {
    case "loft_tau2": .layer(LOFT(threshold: 2).toEvent(1))
    case "softclip_B5": .layer(Softclip(bound: 5).toEvent(1))
    case "leaky_tanh": .layer(LeakyTanh().toEvent(1))
    case "asym_soft_clamp": .function(asymmetricSoftClamp)
    case "bnaf_D2_H2": .boundedBlocks(gate: nil)
    case "bnaf_gated_gamma.3": .boundedBlocks(gate: entry["gate"])
    default: nil
    }
  }

  private static func blockSites(_ entry: Entry) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: (entry.parameters ?? [:]).map { ("f.\($0)", $1.tensor) })
  }
}

/// A transformer with its directions exchanged: the affine layers of flows that write down the map
/// from data to noise.
private struct Backwards: Transformer {
  let base: AffineTransformer

  var start: [Double] { base.start }

  func forwardAndLogDet(_ x: Tensor, _ parameters: [Tensor]) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = base.inverseAndLogDet(x, parameters)
    return (y, logDet)
  }

  func inverseAndLogDet(_ y: Tensor, _ parameters: [Tensor]) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = base.forwardAndLogDet(y, parameters)
    return (x, logDet)
  }
}
