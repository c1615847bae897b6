/// The same computation for many values of one of its inputs at once.
///
/// - Parameters:
///   - outputs: tensors computed from `input`.
///   - input: a tensor of their graph.
///   - values: its values, along a new outermost axis.
/// - Returns: the outputs with a new outermost axis. Parts of the graph that do not depend on
///   `input` are computed once; an output that does not is repeated.
package func batch(_ outputs: [Tensor], over input: Tensor, values: Tensor) -> [Tensor] {
  batch(outputs, replacing: [(input, values)], size: values.shape[0])
}
