extension ModelGraph {
  /// The graph in the language of Graphviz: plates are boxes, latent sites ellipses, data shaded,
  /// computed values dashed, factors small squares, parameters plain.
  public var dot: String {
    let inner = ModelGraph.cluster(nodes.map { ($0, $0.plates[...]) }, path: "", indent: "  ")
    let arrows = edges.map { "  \(quoted($0.from)) -> \(quoted($0.to));" }
    return (["digraph {"] + inner + arrows + ["}"]).joined(separator: "\n") + "\n"
  }

  /// The nodes that stand in no further plate, and a box for each plate with the rest.
  private static func cluster(
    _ nodes: [(node: Node, plates: ArraySlice<Site.Plate>)], path: String, indent: String
  ) -> [String] {
    let own = nodes.filter(\.plates.isEmpty).map { indent + statement($0.node) }
    var plates: [Site.Plate] = []
    for plate in nodes.compactMap(\.plates.first)
    where !plates.contains(where: { $0.name == plate.name }) {
      plates.append(plate)
    }
    return own
      + plates.flatMap { plate -> [String] in
        let inside = nodes.filter { $0.plates.first?.name == plate.name }
        let path = "\(path)/\(plate.name)"
        let size = plate.count == plate.size ? "\(plate.size)" : "\(plate.count) of \(plate.size)"
        return [
          "\(indent)subgraph \(quoted("cluster\(path)")) {",
          "\(indent)  label=\(quoted("\(plate.name) (\(size))")); labelloc=b; labeljust=r;",
        ]
          + cluster(
            inside.map { ($0.node, $0.plates.dropFirst()) }, path: path, indent: indent + "  ")
          + ["\(indent)}"]
      }
  }

  private static func statement(_ node: Node) -> String {
    let label = node.name + (node.distribution.map { "\n\($0)" } ?? "")
    let style =
      switch node.kind {
      case .latent: "shape=ellipse"
      case .observed: "shape=ellipse, style=filled, fillcolor=lightgrey"
      case .deterministic: "shape=ellipse, style=dashed"
      case .param: "shape=plain"
      case .factor: "shape=square, style=filled, fillcolor=lightgrey"
      }
    return "\(quoted(node.name)) [label=\(quoted(label)), \(style)];"
  }
}

/// A string of the language, on one line.
private func quoted(_ text: String) -> String {
  let escaped = text.map { character in
    switch character {
    case "\"": "\\\""
    case "\\": "\\\\"
    case "\n": "\\n"
    default: String(character)
    }
  }
  return "\"\(escaped.joined())\""
}
