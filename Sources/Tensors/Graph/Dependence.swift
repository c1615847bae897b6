/// Which of some tensors of a graph its other tensors are computed from.
package struct Dependence {
  private let order: GraphOrder
  /// For each node the numbers of the tensors it is computed from, ascending.
  private var sources: [[Int]]

  /// - Parameters:
  ///   - outputs: what may be asked about, with everything it is computed from.
  ///   - leaves: the tensors looked for.
  package init(of outputs: [Tensor], on leaves: [Tensor]) {
    order = GraphOrder(outputs.map(\.node))
    sources = [[Int]](repeating: [], count: order.nodes.count)
    for (number, leaf) in leaves.enumerated() {
      if let position = order.table[leaf.node] { sources[position].append(number) }
    }
    for (position, node) in order.nodes.enumerated() {
      var union = sources[position]
      node.forEachInput { input in
        guard let from = order.table[input] else { return }
        union = Dependence.merged(union, sources[from])
      }
      sources[position] = union
    }
  }

  /// The numbers of the leaves that a tensor is computed from, ascending.
  package subscript(tensor: Tensor) -> [Int] {
    order.table[tensor.node].map { sources[$0] } ?? []
  }

  private static func merged(_ a: [Int], _ b: [Int]) -> [Int] {
    if b.isEmpty || a == b { return a }
    return a.isEmpty ? b : Set(a).union(b).sorted()
  }
}
