/// The same computation for many values of one of its inputs at once.
///
/// - Parameters:
///   - outputs: tensors computed from `input`.
///   - input: a tensor of their graph.
///   - values: its values, along a new outermost axis.
/// - Returns: the outputs with a new outermost axis. Parts of the graph that do not depend on
///   `input` are computed once; an output that does not is repeated.
package func batch(_ outputs: [Tensor], over input: Tensor, values: Tensor) -> [Tensor] {
  let size = values.shape[0]
  let order = GraphOrder(outputs.map(\.node))
  var batched = [Tensor?](repeating: nil, count: order.nodes.count)
  if let position = order.table[input.node] { batched[position] = values }
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
  return outputs.map { output in
    if let position = order.table[output.node], let result = batched[position] { return result }
    return output.broadcast(to: [size] + output.shape)
  }
}
