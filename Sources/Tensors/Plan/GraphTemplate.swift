/// The structure of a graph, for telling in one pass and without sorting whether another graph has
/// it too: the graph of a step is mostly that of the step before.
///
/// `@unchecked Sendable`: constant after `init`; operations are immutable.
final class GraphTemplate: @unchecked Sendable {
  /// What is compared at every node: plain values, so that nothing is retained meanwhile.
  private struct Entry {
    let operation: ObjectIdentifier
    let shape: Shape
    let dtype: DType
    let hasValue: Bool
    /// The value of a literal that tells plans apart.
    let telltale: UInt64?
    /// Where its inputs' positions are.
    let inputs: Range<Int>
  }
  /// Every input before its users.
  private let entries: ContiguousArray<Entry>
  private let operations: ContiguousArray<any Operation>
  private let attributes: ContiguousArray<[Int]>
  private let inputs: ContiguousArray<Int>
  private let roots: [Int]

  init(_ order: GraphOrder, roots: [Node]) {
    var inputs: ContiguousArray<Int> = []
    entries = ContiguousArray(
      order.nodes.map { node in
        let start = inputs.count
        node.forEachReference { inputs.append(order.table.position($0)) }
        return Entry(
          operation: ObjectIdentifier(node.operation), shape: node.shape, dtype: node.dtype,
          hasValue: node.hasValue, telltale: GraphTemplate.telltale(node),
          inputs: start..<inputs.count)
      })
    operations = ContiguousArray(order.nodes.map(\.operation))
    attributes = ContiguousArray(order.nodes.map(GraphTemplate.attributes))
    self.inputs = inputs
    self.roots = roots.map { order.table.position(Unmanaged.passUnretained($0)) }
  }

  /// The nodes of a graph in the order of this one's, owned by the roots; nil where its structure is
  /// another. What are two nodes here may be one there: they have the same value.
  func match(_ roots: [Node]) -> ContiguousArray<Unmanaged<Node>>? {
    guard let last = roots.last, roots.count == self.roots.count else { return nil }
    // Every entry is met, from a root, before it is read.
    var nodes = ContiguousArray(repeating: Unmanaged.passUnretained(last), count: entries.count)
    var isMet = ContiguousArray(repeating: false, count: entries.count)
    let isSame = nodes.withUnsafeMutableBufferPointer { nodes in
      isMet.withUnsafeMutableBufferPointer { isMet in
        matches(roots, Met(nodes: nodes, isMet: isMet))
      }
    }
    return isSame ? nodes : nil
  }

  private func matches(_ roots: [Node], _ met: Met) -> Bool {
    for (root, position) in zip(roots, self.roots) {
      guard met.note(Unmanaged.passUnretained(root), position) else { return false }
    }
    return entries.withUnsafeBufferPointer { entries in
      inputs.withUnsafeBufferPointer { inputs in
        for position in entries.indices.reversed() {
          let agrees = met.nodes[position]._withUnsafeGuaranteedRef { node in
            isSame(node, entries[position], position)
              && met.note(inputsOf: node, inputs, from: entries[position].inputs.lowerBound)
          }
          guard agrees else { return false }
        }
        return true
      }
    }
  }

  @inline(__always)
  private func isSame(_ node: Node, _ entry: Entry, _ position: Int) -> Bool {
    guard node.inputCount == entry.inputs.count, node.dtype == entry.dtype,
      node.hasValue == entry.hasValue, node.shape == entry.shape
    else { return false }
    if ObjectIdentifier(node.operation) == entry.operation {
      return node.inputCount > 0 || GraphTemplate.telltale(node) == entry.telltale
    }
    return node.operation.identity == operations[position].identity
      && GraphTemplate.attributes(node) == attributes[position]
  }

  private static func telltale(_ node: Node) -> UInt64? {
    node.operation === Literal.shared && node.hasTelltaleValue ? node.payload : nil
  }

  private static func attributes(_ node: Node) -> [Int] {
    var attributes: [Int] = []
    node.operation.encodeAttributes(into: &attributes)
    return attributes
  }

  /// The nodes found so far to stand where a template's do.
  private struct Met {
    let nodes: UnsafeMutableBufferPointer<Unmanaged<Node>>
    let isMet: UnsafeMutableBufferPointer<Bool>

    /// Notes a node at a position; tells whether no other is there.
    @inline(__always)
    func note(_ node: Unmanaged<Node>, _ position: Int) -> Bool {
      if isMet[position] { return nodes[position].toOpaque() == node.toOpaque() }
      nodes[position] = node
      isMet[position] = true
      return true
    }

    @inline(__always)
    func note(
      inputsOf node: Node, _ positions: UnsafeBufferPointer<Int>, from start: Int
    ) -> Bool {
      var next = start
      var isSame = true
      node.forEachReference { input in
        isSame = note(input, positions[next]) && isSame
        next += 1
      }
      return isSame
    }
  }
}
