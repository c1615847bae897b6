@testable import Tensors

/// The values of tensors, every node computed on its own, inputs first: no fusion, no shared memory.
func evaluatedSingly(_ outputs: [Tensor]) -> [[Double]] {
  for node in GraphOrder(outputs.map(\.node)).nodes where !(node.operation is Literal) {
    eval(Tensor(node))
  }
  return outputs.map { $0.array() }
}

/// The values of tensors by a plan of their own; one from the cache may have been made under other
/// circumstances.
func evaluatedAnew(_ outputs: [Tensor]) -> (values: [[Double]], plan: Plan) {
  let nodes = outputs.map(\.node)
  let order = GraphOrder(nodes) { $0.hasValue }
  let plan = Plan(order, outputs: nodes) { $0.operation is Literal ? nil : order.table[$0] }
  let arguments = plan.arguments.map { Tensor(order.nodes[$0]).evaluated() }
  let values = withExtendedLifetime(arguments) {
    zip(plan.outputShapes, plan.run(arguments.map(\.pointer))).map { output, storage in
      Tensor(storage: storage, shape: output.shape, dtype: output.dtype).array()
    }
  }
  return (values, plan)
}
