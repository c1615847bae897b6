/// A value whose derivative is given by a function.
final class CustomDerivativeOperation: ViewOperation {
  typealias Derivative =
    @Sendable (_ ct: Tensor, _ inputs: [Tensor], _ value: Tensor) -> [Tensor?]

  let name = "withCustomDerivative"
  private let derivative: Derivative

  init(_ derivative: @escaping Derivative) { self.derivative = derivative }

  func apply(to view: View, shape: Shape) -> View? { view }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let arguments = Array(inputs.dropFirst())
    let contributions = derivative(ct, arguments, result)
    precondition(
      contributions.count == arguments.count,
      "\(name): \(contributions.count) cotangents for \(arguments.count) inputs")
    for (contribution, argument) in zip(contributions, arguments) {
      guard let contribution else { continue }
      precondition(
        contribution.shape.broadcasts(to: argument.shape),
        "\(name): a cotangent of shape \(contribution.shape) for an input of \(argument.shape)")
    }
    return [nil] + contributions.map { $0.map(cotangent.with) }
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let value = isBatched[0] ? inputs[0] : inputs[0].broadcast(to: [size] + inputs[0].shape)
    let function = derivative
    let flags = Array(isBatched.dropFirst())
    let shape = original.shape
    let shapes = original.inputs.dropFirst().map(\.shape)
    return customDerivative(value, Array(inputs.dropFirst())) { ct, arguments, value in
      let ctOfOne = Tensor(placeholder: shape, ct.dtype)
      let valueOfOne = Tensor(placeholder: shape, value.dtype)
      var replacements = [(ctOfOne, ct), (valueOfOne, value)]
      let ofOne = arguments.indices.map { index -> Tensor in
        guard flags[index] else { return arguments[index] }
        let placeholder = Tensor(placeholder: shapes[index], arguments[index].dtype)
        replacements.append((placeholder, arguments[index]))
        return placeholder
      }
      let contributions = function(ctOfOne, ofOne, valueOfOne)
      let results = batch(contributions.map { $0 ?? ctOfOne }, replacing: replacements, size: size)
      return contributions.indices.map { index in
        guard contributions[index] != nil else { return nil }
        let whole = results[index]
        return flags[index] ? whole.padded(toRank: shapes[index].rank) : whole.sum(axis: 0)
      }
    }
  }
}

extension Tensor {
  /// Axes of extent one behind the first, so that the others line up with those of `rank` axes.
  fileprivate func padded(toRank rank: Int) -> Tensor {
    alignBatch([self], [true], rank)[0]
  }
}

private func customDerivative(
  _ value: Tensor, _ inputs: [Tensor], _ derivative: @escaping CustomDerivativeOperation.Derivative
) -> Tensor {
  let nodes = inputs.map(\.node)
  Node.beginEpoch()
  return Tensor(
    Node(
      CustomDerivativeOperation(derivative), value.node, nodes.first,
      nodes.count > 1 ? nodes[1] : nil, rest: Array(nodes.dropFirst(2)), shape: value.shape,
      dtype: value.dtype))
}

/// `value`, with a derivative of its own: differentiation does not look into how it was computed.
///
/// For functions that are known only implicitly, such as the root of an equation.
///
/// - Parameters:
///   - value: the result, computed in any way, also by `whileLoop` or outside the graph.
///   - inputs: what the derivative is taken with respect to.
///   - vjp: from the cotangent of the value (of its shape), the inputs and the value to the
///     cotangents of the inputs, each broadcasting to the input's shape; nil for none. It is called
///     at most once per differentiation and may build any graph, so it can be differentiated again.
///     Whatever it uses that changes from call to call must be among the inputs: a plan made with
///     the derivative of one call serves others of the same structure.
public func withCustomDerivative(
  value: Tensor, inputs: [Tensor],
  vjp: @escaping @Sendable (_ ct: Tensor, _ inputs: [Tensor], _ value: Tensor) -> [Tensor?]
) -> Tensor {
  customDerivative(value, inputs, vjp)
}
