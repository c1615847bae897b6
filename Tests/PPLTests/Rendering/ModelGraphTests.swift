import Foundation
import Models
import Testing

@testable import PPL

@Suite struct ModelGraphTests {
  private typealias Edge = ModelGraph.Edge

  private static func edges<Result>(_ model: @escaping () -> Result) throws -> Set<String> {
    Set(try renderModel(model).edges.map { "\($0.from) \($0.to)" })
  }

  @Test func eightSchools() throws {
    let graph = try renderModel(EightSchools.nonCentered)
    #expect(
      graph.edges == [
        Edge(from: "mu", to: "theta"), Edge(from: "tau", to: "theta"),
        Edge(from: "eta", to: "theta"), Edge(from: "theta", to: "effect"),
      ])
    #expect(graph.nodes.map(\.name) == ["mu", "tau", "eta", "theta", "effect"])
    #expect(
      graph.nodes.map(\.kind) == [.latent, .latent, .latent, .deterministic, .observed])
    #expect(
      graph.nodes.map { $0.plates.map(\.name) } == [[], [], ["schools"], ["schools"], ["schools"]])
  }

  @Test func text() throws {
    let expected = """
      digraph {
        "mu" [label="mu\\nNormal", shape=ellipse];
        "tau" [label="tau\\nHalfCauchy", shape=ellipse];
        subgraph "cluster/schools" {
          label="schools (8)"; labelloc=b; labeljust=r;
          "eta" [label="eta\\nNormal", shape=ellipse];
          "theta" [label="theta", shape=ellipse, style=dashed];
          "effect" [label="effect\\nNormal", shape=ellipse, style=filled, fillcolor=lightgrey];
        }
        "mu" -> "theta";
        "tau" -> "theta";
        "eta" -> "theta";
        "theta" -> "effect";
      }

      """
    #expect(try renderModel(EightSchools.nonCentered).dot == expected)
  }

  /// Every way by which one site may depend on another.
  @Test func kindsOfDependence() throws {
    let edges = try Self.edges {
      let p = param("p", Tensor([0.5], shape: []), constraint: .unitInterval)
      let k = sample("k", Bernoulli(probs: p))
      let scale = sample("scale", Gamma(2, 1 + k))
      let bound = sample("bound", Uniform(0, scale))
      let x = masked(bound .> 0.5) { sample("x", Normal(0, 1)) }
      let total = deterministic("total", x + p)
      factor("penalty", -total)
      sample("data", Normal(0, exp(total)), observed: 1)
      sample("alone", Normal(0, 1))
    }
    #expect(
      edges == [
        "p k", "k scale", "scale bound", "bound x", "x total", "p total", "total penalty",
        "total data",
      ])
  }

  /// A parameter met twice is one node, also where a subset of its rows is used.
  @Test func repeatedParameters() throws {
    let graph = try renderModel {
      plate("rows", 6, subsampleSize: 2) { _ in
        let loc = param("loc", Tensor.zeros([6]), eventRank: 0)
        sample("x", Normal(loc, 1))
      }
      let loc = param("loc", Tensor.zeros([6]))
      sample("y", Normal(loc.sum(), 1))
    }
    #expect(graph.nodes.map(\.name) == ["loc", "x", "y"])
    #expect(graph.edges == [Edge(from: "loc", to: "x"), Edge(from: "loc", to: "y")])
    #expect(graph.dot.contains("rows (2 of 6)"))
  }

  /// Handlers change who depends on whom.
  @Test func conditionedAndIntervened() throws {
    func chain() {
      let a = sample("a", Normal(0, 1))
      let b = sample("b", Normal(a, 1))
      sample("c", Normal(b, 1))
    }
    #expect(try Self.edges(chain) == ["a b", "b c"])
    let conditioned = try renderModel { condition(["b": 1], chain) }
    #expect(conditioned.nodes.map(\.kind) == [.latent, .observed, .latent])
    #expect(conditioned.edges.count == 2)
    #expect(try Self.edges { intervene(["b": 1], chain) } == ["a b"])
  }

  /// Swift code may read values while the graph is made.
  @Test func branchingModels() throws {
    let edges = try Self.edges {
      let a = sample("a", Normal(0, 1))
      let b = a.scalar() > 100 ? sample("b", Normal(0, 1)) : sample("b", Normal(2 * a, 1))
      deterministic("c", b * b)
    }
    #expect(edges == ["a b", "b c"])
  }

  /// Plates within one another are boxes in boxes; crossing ones make a box of their own each.
  @Test func plates() throws {
    let dot = try renderModel {
      plate("rows", 2, axis: -2) {
        sample("r", Normal(0, 1))
        plate("columns", 3, axis: -1) { _ = sample("rc", Normal(0, 1)) }
      }
      plate("columns", 3, axis: -1) { _ = sample("c", Normal(0, 1)) }
    }.dot
    let shape = dot.split(separator: "\n").map { line in
      let indent = line.prefix { $0 == " " }.count
      let words = line.split(separator: "\"")
      return "\(indent) \(words.count > 1 ? String(words[1]) : String(line.dropFirst(indent)))"
    }
    #expect(
      shape == [
        "0 digraph {", "2 cluster/rows", "4 rows (2)", "4 r", "4 cluster/rows/columns",
        "6 columns (3)", "6 rc", "4 }", "2 }", "2 cluster/columns", "4 columns (3)", "4 c", "2 }",
        "0 }",
      ])
  }

  @Test func strangeNames() throws {
    let dot = try renderModel { _ = sample("a \"b\" \\ c", Normal(0, 1)) }.dot
    #expect(dot.contains(#""a \"b\" \\ c" [label="a \"b\" \\ c\nNormal", shape=ellipse];"#))
  }

  // MARK: Drawing

  /// A folder with a program `dot` in place of Graphviz.
  ///
  /// Another process puts it there: what this one has open for writing its other threads' children
  /// have open too, for a moment, and the system runs no file that is.
  private static func withProgram(_ script: String, _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appending(path: "text")
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: text)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "install -m 755 text dot"]
    process.currentDirectoryURL = folder
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    try body(folder.path())
  }

  /// `dot` gets the text and the names of files for it and for the drawing.
  @Test func drawing() throws {
    let graph = try renderModel(EightSchools.nonCentered)
    try Self.withProgram(#"[ "$1 $2" = "-Tsvg -o" ] && sed 's/^/svg /' "$4" > "$3""#) { folder in
      let svg = try graph.svg(searching: "/nowhere:\(folder)")
      #expect(svg == graph.dot.split(separator: "\n").map { "svg \($0)\n" }.joined())
    }
  }

  @Test func drawingFails() throws {
    let graph = try renderModel(EightSchools.nonCentered)
    #expect(throws: RenderError.noGraphviz) { try graph.svg(searching: "/nowhere") }
    try Self.withProgram("echo no room >&2; exit 3") { folder in
      #expect(throws: RenderError.graphvizFailed(status: 3, message: "no room\n")) {
        try graph.svg(searching: folder)
      }
    }
  }

  @Test func writing() throws {
    let graph = try renderModel(EightSchools.nonCentered)
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).dot")
    defer { try? FileManager.default.removeItem(at: path) }
    try graph.write(to: path.path())
    #expect(try String(contentsOf: path, encoding: .utf8) == graph.dot)
    #expect(throws: FileError.self) { try graph.write(to: "/nowhere/at/all.dot") }
  }
}
