/// A graph by whose structure a plan for something derived from it can be found again.
package struct TracedGraph {
  private let roots: [Node]
  /// The nodes, every input before its users; owned by the roots.
  private let nodes: ContiguousArray<Unmanaged<Node>>
  /// Nil where the graph was found to be like another.
  private let order: GraphOrder?
  /// The plan that serves it, where it is like the last graph of its cache.
  let plan: Plan?

  /// - Parameters:
  ///   - tensors: everything whose value or structure the derived plan depends on.
  ///   - cache: has the plan, if the last graph it had a plan for was like this one.
  package init(_ tensors: [Tensor], cache: PlanCache? = nil) {
    roots = tensors.map(\.node)
    if let recent = cache?.recent, let nodes = recent.template.match(roots) {
      (self.nodes, order, plan) = (nodes, nil, recent.plan)
    } else {
      let order = GraphOrder(roots)
      nodes = ContiguousArray(order.nodes.map(Unmanaged.passUnretained))
      (self.order, plan) = (order, nil)
    }
  }

  private var sorted: GraphOrder { order ?? GraphOrder(roots) }

  package var key: GraphKey { GraphKey(sorted, outputs: roots) }

  var template: GraphTemplate { GraphTemplate(sorted, roots: roots) }

  /// A plan for tensors derived from this graph. Its arguments are the graph's values and, numbered
  /// after them, the `extra` placeholders, then the values that the derivation brought in, such as
  /// an optimizer's own: these the plan keeps.
  package func plan(_ outputs: [Tensor], extra: [Tensor]) -> Plan {
    let own = sorted
    let outputs = outputs.map(\.node)
    let order = GraphOrder(outputs) { $0.hasValue }
    var numbers = NodeTable()
    for (number, tensor) in extra.enumerated() {
      numbers.set(Unmanaged.passUnretained(tensor.node), number)
    }
    let captured = order.nodes.filter {
      $0.hasValue && !($0.operation is Literal) && own.table[$0] == nil && numbers[$0] == nil
    }
    for (offset, node) in captured.enumerated() {
      numbers.set(Unmanaged.passUnretained(node), extra.count + offset)
    }
    return Plan(order, outputs: outputs, captured: captured.compactMap(\.storage)) { node in
      if let position = own.table[node] {
        return node.operation is Literal && node.hasTelltaleValue ? nil : position
      }
      return numbers[node].map { own.nodes.count + $0 }
    }
  }

  /// A plan like `plan(_:extra:)` for being run many times while only the `varying` leaves change:
  /// what depends on none of them is computed now. Its values follow the `extra` ones.
  package func loopPlan(_ outputs: [Tensor], extra: [Tensor], varying: [Tensor])
    -> (loop: LoopPlan, invariants: [Storage])
  {
    let invariants = TracedGraph.invariants(outputs.map(\.node), varying.map(\.node))
    let own = sorted.table
    let before = invariants.isEmpty ? nil : plan(invariants, extra: [])
    let values = before.map { $0.run(self.values($0, extra: [])) } ?? []
    for (tensor, value) in zip(invariants, values) { tensor.node.attach(value) }
    let loop = LoopPlan(
      plan: plan(outputs, extra: extra + invariants), before: before,
      positions: invariants.map { own[$0.node] })
    return (loop, values)
  }

  /// The last computations on every path that do not depend on what varies. Views cost nothing and
  /// stay in the plan; what they view counts.
  static func invariants(_ outputs: [Node], _ varying: [Node]) -> [Tensor] {
    let order = GraphOrder(outputs) { $0.hasValue }
    var varies = [Bool](repeating: false, count: order.nodes.count)
    var isWanted = [Bool](repeating: false, count: order.nodes.count)
    for node in varying { if let position = order.table[node] { varies[position] = true } }
    for (position, node) in order.nodes.enumerated() {
      node.forEachInput { varies[position] = varies[position] || varies[order.table[$0] ?? 0] }
    }
    for output in outputs { isWanted[order.table[output] ?? 0] = true }
    var result: [Tensor] = []
    for (position, node) in order.nodes.enumerated().reversed() {
      if varies[position] || (isWanted[position] && node.operation is any ViewOperation) {
        node.forEachInput { isWanted[order.table[$0] ?? 0] = true }
      } else if isWanted[position], !node.hasValue, !(node.operation is any SourceOperation) {
        result.append(Tensor(node))
      }
    }
    return result
  }

  /// The values of a plan's arguments in this graph.
  package func values(_ plan: Plan, extra: [Storage]) -> ArgumentValues {
    let own = extra + plan.captured
    return ArgumentValues(
      plan.arguments.map { position -> ArgumentValues.Source in
        position < nodes.count
          ? .node(nodes[position].takeUnretainedValue()) : .storage(own[position - nodes.count])
      })
  }

  /// The number of nodes.
  package var count: Int { nodes.count }

  /// The node at a position, nil for an extra placeholder.
  package func node(_ position: Int) -> Node? {
    position < nodes.count ? nodes[position].takeUnretainedValue() : nil
  }
}

/// A plan for many runs between which only some leaves of a graph change. It serves all graphs of one
/// structure.
package struct LoopPlan: Sendable {
  package let plan: Plan
  /// For what does not change.
  fileprivate let before: Plan?
  /// Where that stands in the graph; nil for what was derived from it.
  fileprivate let positions: [Int?]

  /// What does not change, computed from a graph's values.
  package func invariants(of graph: TracedGraph) -> [Storage] {
    let values = before.map { $0.run(graph.values($0, extra: [])) } ?? []
    for (position, value) in zip(positions, values) {
      if let position { graph.node(position)?.attach(value) }
    }
    return values
  }
}

extension Tensor {
  /// A leaf with a value, reads of which are noted.
  package static func traced(_ tensor: Tensor, _ recorder: TraceRecorder) -> Tensor {
    let node = Node(TracedArgument(recorder), shape: tensor.shape, dtype: tensor.dtype)
    node.attach(tensor.evaluated())
    return Tensor(node)
  }

  /// A leaf whose value is bound when a plan runs.
  package static func placeholder(_ shape: Shape, _ dtype: DType) -> Tensor {
    Tensor(Node(Stored.shared, shape: shape, dtype: dtype))
  }

  /// A fresh copy of the elements.
  package func copiedStorage() -> Storage { evaluated().copied() }
}

extension Plan {
  /// Where each argument's node stands in the graph the plan was made from.
  package var argumentPositions: [Int] { arguments }
}
