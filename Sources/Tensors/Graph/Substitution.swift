/// Stands for a value that is not known yet: an argument of a body that is planned on its own.
final class Placeholder: SourceOperation {
  let name = "value of a loop's body"
  /// Which argument; −1 where it only serves to be replaced.
  let number: Int

  init(_ number: Int) { self.number = number }

  func encodeAttributes(into key: inout [Int]) { key.append(number) }
}

extension Tensor {
  init(placeholder shape: Shape, _ dtype: DType, number: Int = -1, isWeak: Bool = false) {
    Node.beginEpoch()
    self.init(Node(Placeholder(number), shape: shape, dtype: dtype, isWeak: isWeak))
  }

  /// The same operation on other inputs of the same shapes.
  fileprivate func rebuilt(on inputs: [Node]) -> Tensor {
    Tensor(
      Node(
        node.operation, inputs.first, inputs.count > 1 ? inputs[1] : nil,
        inputs.count > 2 ? inputs[2] : nil, rest: Array(inputs.dropFirst(3)), shape: shape,
        dtype: dtype, isWeak: node.isWeak, payload: node.payload))
  }
}

/// The same computations with some tensors of their graph exchanged for others of their shapes.
package func substitute(_ outputs: [Tensor], _ replacements: [(Tensor, Tensor)]) -> [Tensor] {
  let order = GraphOrder(outputs.map(\.node), dependingOn: replacements.map(\.0.node))
  var replaced = [Tensor?](repeating: nil, count: order.nodes.count)
  for (old, new) in replacements {
    if let position = order.table[old.node] { replaced[position] = new }
  }
  for (position, node) in order.nodes.enumerated() where replaced[position] == nil {
    var changed = false
    var inputs: [Node] = []
    node.forEachInput { input in
      let replacement = order.table[input].flatMap { replaced[$0] }
      changed = changed || replacement != nil
      inputs.append(replacement?.node ?? input)
    }
    if changed { replaced[position] = Tensor(node).rebuilt(on: inputs) }
  }
  return outputs.map { order.table[$0.node].flatMap { replaced[$0] } ?? $0 }
}

/// The same computations for many values at once of some tensors of their graph.
///
/// - Parameter replacements: tensors with their values along a new outermost axis of `size`.
/// - Returns: the outputs with that axis, where they depend on what was replaced; else unchanged.
package func batchingDependents(
  _ outputs: [Tensor], replacing replacements: [(Tensor, Tensor)], size: Int
) -> [Tensor?] {
  let order = GraphOrder(outputs.map(\.node), dependingOn: replacements.map(\.0.node))
  var batched = [Tensor?](repeating: nil, count: order.nodes.count)
  for (old, new) in replacements {
    if let position = order.table[old.node] { batched[position] = new }
  }
  for (position, node) in order.nodes.enumerated() where batched[position] == nil {
    var isBatched: [Bool] = []
    var inputs: [Tensor] = []
    node.forEachInput { source in
      let replacement = order.table[source].flatMap { batched[$0] }
      isBatched.append(replacement != nil)
      inputs.append(replacement ?? Tensor(source))
    }
    guard isBatched.contains(true) else { continue }
    batched[position] = node.operation.batched(inputs, isBatched, size: size, original: node)
  }
  return outputs.map { order.table[$0.node].flatMap { batched[$0] } }
}

/// As `batchingDependents`, with outputs that do not depend on what was replaced repeated.
func batch(
  _ outputs: [Tensor], replacing replacements: [(Tensor, Tensor)], size: Int
) -> [Tensor] {
  let results = batchingDependents(outputs, replacing: replacements, size: size)
  return zip(outputs, results).map { output, result in
    result ?? output.broadcast(to: [size] + output.shape)
  }
}
