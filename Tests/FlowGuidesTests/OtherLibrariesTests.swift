import Foundation
import TestSupport
import Testing

@testable import FlowGuides

/// The article "From other flow libraries".
@Suite struct OtherLibrariesTests {
  /// What the article writes for this library is what is compiled and run here.
  @Test func theArticleShowsThem() throws {
    let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    func text(_ path: String) throws -> String {
      try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
    func solid(_ text: some StringProtocol) -> String { String(text.filter { !$0.isWhitespace }) }
    let article = try text("Sources/FlowGuides/FlowGuides.docc/FromOtherFlowLibraries.md")
    let source = try text("Tests/FlowGuidesTests/OtherLibraries.swift")
    let known = solid(source)
    var count = 0
    for line in article.split(separator: "\n") where line.hasPrefix("| ") {
      let cells = line.split(separator: "|")
      guard cells.count > 2 || line.hasSuffix("|  |"), !line.hasPrefix("| there") else { continue }
      let parts = cells[1].components(separatedBy: "`")
      for (index, part) in parts.enumerated() where index % 2 == 1 && !part.hasPrefix("tutorials") {
        let isKnown = known.contains(solid(part))
        #expect(isKnown, "\(part)")
        count += 1
      }
    }
    #expect(count > 150)
    let programs = source.components(separatedBy: "// ----").filter { $0.hasPrefix(" ") }
    #expect(programs.count == 2)
    for program in programs {
      let lines = program.split(separator: "\n").dropFirst()
        .map { $0.hasPrefix("    ") ? String($0.dropFirst(4)) : String($0) }
      let listing = lines.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
      let isShown = article.contains("```swift\n\(listing)\n```")
      #expect(isShown, "\(listing)")
    }
  }

  private static func check(
    _ layer: some Bijector, _ event: Shape, context: Tensor? = nil, _ what: String
  ) {
    let x = (0.2 + 0.6 * RandomKey(3).uniform([3] + event)).detached()
    let back = handle(
      {
        let y = layer.forwardAndLogDet(x, context: context).y.detached()
        return layer.inverseAndLogDet(y, context: context).x
      }, with: InitialWeights())
    expectClose(back, x, within: .relative(1e-4, absolute: 1e-4), what)
  }

  @Test func architectures() {
    for (index, architecture) in OtherLibraries.architectures.enumerated() {
      Self.check(Compose(architecture.build(dimension: 4)), [4], "architecture \(index)")
    }
    for (index, architecture) in OtherLibraries.images.enumerated() {
      Self.check(Compose(architecture.build(dimension: 16)), [16], "images \(index)")
    }
  }

  @Test func bijectors() {
    for layer in OtherLibraries.layers { Self.check(layer, [4], "\(layer)") }
    for layer in OtherLibraries.conditional {
      Self.check(layer, [4], context: Tensor([0.5, -1]), "\(layer)")
    }
    for layer in OtherLibraries.ofImages { Self.check(layer, [3, 2, 2], "\(layer)") }
  }

  /// Transformers in layers of any network.
  @Test func parts() {
    func open(_ transformer: some Transformer, _ network: some MaskedNetwork) -> any Bijector {
      MaskedAutoregressive(.sequence(4), transformer: transformer, network: network, name: "f")
    }
    func open(_ network: some ConditionerNetwork) -> any Bijector {
      Coupling(
        .channels([2, 4, 4]), transformer: AffineTransformer(), network: network, name: "f")
    }
    for transformer in OtherLibraries.transformers {
      for network in OtherLibraries.masked {
        Self.check(open(transformer, network), [4], "\(transformer) \(network)")
      }
    }
    for network in OtherLibraries.networks { Self.check(open(network), [2, 4, 4], "\(network)") }
  }

  /// Each draws and scores its draws.
  @Test func flows() throws {
    let nice = FlowArchitecture.nice(layers: 1, hidden: [4])
    let flows =
      OtherLibraries.flows().map { ($0, context: 0) } + OtherLibraries.conditionalFlows()
      + OtherLibraries.bases.map { (NormalizingFlow(nice, dimension: 4, base: $0), 0) }
      + OtherLibraries.conditionalBases.map { base in
        (NormalizingFlow(nice, dimension: 4, contextDimension: 2, base: base), 2)
      }
    for (index, (flow, context)) in flows.enumerated() {
      let start = try flow.initialized(seed: 1)
      let given = context > 0 ? start.conditioned(on: RandomKey(2).normal([context])) : start
      let (draws, logProb) = given.sampleAndLogProb([5], key: RandomKey(1), dtype: .float64)
      #expect(draws.shape == [5, 4], "\(index)")
      expectClose(
        given.logProb(draws.detached()), logProb, within: .relative(1e-8, absolute: 1e-8),
        "\(index)")
    }
  }

  @Test func statements() throws {
    let count = try seeded(key: RandomKey(0)) { try OtherLibraries.statements().count }
    #expect(count == 19)
    let sites = try seeded(key: RandomKey(0)) { try trace { OtherLibraries.penalties() }.sites }
    #expect(sites.contains { $0.name == "cost" } && sites.contains { $0.name == "ddnf/cost" })
  }

  @Test func distributions() {
    for distribution in OtherLibraries.distributions {
      let draws = distribution.sample([5], key: RandomKey(4), dtype: .float64)
      #expect(draws.shape == [5] + distribution.eventShape, "\(distribution)")
      let density = distribution.logProb(draws).array()
      #expect(density.allSatisfy { $0.isFinite }, "\(distribution)")
    }
  }

  /// An encoder is learned with the flow: its weights are parameters, met once.
  @Test func encoder() throws {
    let flow = OtherLibraries.encoder()
    let names = try #require(try flow.initialized().fittedParameters).names
    #expect(names.filter { $0.hasPrefix("encoder.") }.count == 4)
    #expect(names.contains { $0.hasPrefix("flow1.") })
    let contexts = RandomKey(5).normal([200, 10]).detached()
    let data = (contexts.slice(0..<4, along: 1) + 0.1 * RandomKey(6).normal([200, 4])).detached()
    let start = try flow.initialized().conditioned(on: contexts).logProb(data).mean().scalar()
    let fitted = try fit(
      flow, to: data, context: contexts, optimizer: Adam(0.01), epochs: 40, showsProgress: false
    ).flow
    let end = fitted.conditioned(on: contexts).logProb(data).mean().scalar()
    #expect(end > start + 0.5, "\(start) \(end)")
  }
}
