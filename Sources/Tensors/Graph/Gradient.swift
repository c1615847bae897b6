/// The derivatives of a scalar tensor with respect to others: nodes of the graph like any others,
/// so that gradients of gradients work.
///
/// - Parameters:
///   - output: a floating-point tensor of one element; of more elements, the sum is differentiated.
///   - inputs: any tensors of the graph. One that `output` does not depend on gets zeros.
/// - Returns: one tensor per input, of its shape and dtype.
public func gradient(of output: Tensor, withRespectTo inputs: [Tensor]) -> [Tensor] {
  precondition(
    output.dtype.isFloat, "gradient: expected a floating-point tensor, got dtype \(output.dtype)")
  var sweep = ReverseSweep(output.node, inputs.map(\.node))
  return sweep.run(inputs)
}

public func gradient(of output: Tensor, withRespectTo input: Tensor) -> Tensor {
  gradient(of: output, withRespectTo: [input])[0]
}

/// One pass from an output back to some inputs. The cotangents live here, not in the nodes.
private struct ReverseSweep {
  private let order: ContiguousArray<Node>
  private let index: NodeTable
  private var reaches: [Bool]
  /// What has arrived at each node so far.
  private var arrived: [[Cotangent]]

  init(_ output: Node, _ inputs: [Node]) {
    let graph = GraphOrder([output], since: Node.firstEpoch(of: inputs))
    order = graph.nodes
    index = graph.table
    reaches = [Bool](repeating: false, count: order.count)
    for input in inputs {
      if let position = index[input] { reaches[position] = true }
    }
    arrived = [[Cotangent]](repeating: [], count: order.count)
    for position in order.indices where !reaches[position] {
      if order[position].operation is StopGradientOperation { continue }
      order[position].forEachInput { input in
        if let from = index[input], reaches[from], order[position].dtype.isFloat {
          reaches[position] = true
        }
      }
    }
    arrived[order.count - 1] = [
      Cotangent(Tensor(literal: 1, dtype: output.dtype, isWeak: false))
    ]
  }

  mutating func run(_ inputs: [Tensor]) -> [Tensor] {
    let wanted = Set(inputs.compactMap { index[$0.node] })
    for position in order.indices.reversed() where reaches[position] {
      guard let cotangent = Cotangent.sum(arrived[position]) else { continue }
      propagate(cotangent, order[position])
      arrived[position] = wanted.contains(position) ? [cotangent] : []
    }
    return inputs.map { input in
      guard let position = index[input.node], let cotangent = arrived[position].first else {
        return Tensor.zeros(input.shape, dtype: input.dtype)
      }
      return cotangent.tensor.broadcast(to: input.shape)
    }
  }

  private mutating func propagate(_ cotangent: Cotangent, _ node: Node) {
    let inputs = node.inputs
    guard inputs.contains(where: { index[$0].map { reaches[$0] } ?? false }) else { return }
    let result = Tensor(node)
    let contributions = node.operation.vjp(
      cotangent, inputs.map(Tensor.init), result,
      wanted: inputs.map { index[$0].map { reaches[$0] } ?? false })
    for (input, contribution) in zip(inputs, contributions) {
      guard let position = index[input], reaches[position], var contribution else { continue }
      if node.operation is any ElementwiseOperation {
        contribution = contribution.summed(from: node.shape, to: input.shape)
      }
      arrived[position].append(contribution)
    }
  }
}
