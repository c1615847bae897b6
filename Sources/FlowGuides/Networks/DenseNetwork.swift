internal import PPL

/// A fully connected network as a function of its weights.
///
/// Its weights are parameter sites: `parameters()` meets them, and what it returns goes to the
/// network with the points. So a solver can differentiate with respect to them.
struct DenseNetwork: WeightedNetwork {
  private let widths: [Int]
  private let activation: Activation
  private let name: String
  private let context: ContextNetwork?

  /// - Parameters:
  ///   - widths: of the input, the hidden layers and the output.
  ///   - name: the prefix of the parameters' names.
  ///   - context: moves the units of the first layer.
  init(
    _ widths: [Int], activation: Activation, name: String, context: ContextNetwork? = nil
  ) {
    precondition(
      widths.count > 1 && widths.allSatisfy { $0 > 0 },
      "\(name): the widths of a network must be positive, got \(widths)")
    self.widths = widths
    self.activation = activation
    self.name = name
    self.context = context
  }

  /// Weights and biases, layer by layer. The outputs start near zero.
  func parameters(_ given: Tensor? = nil) -> [Tensor] {
    widths.indices.dropLast().flatMap { layer -> [Tensor] in
      let shape: Shape = [widths[layer], widths[layer + 1]]
      let weight = layerWeight(
        "\(name).weight\(layer)", shape, isLast: layer == widths.count - 2)
      return [weight, bias(layer, shape[1], name, context, given)]
    }
  }

  /// The outputs at x, for weights and biases from `parameters()`.
  func callAsFunction(_ x: Tensor, _ parameters: [Tensor]) -> Tensor {
    var hidden = x
    for layer in widths.indices.dropLast() {
      hidden = vectorProduct(hidden, parameters[2 * layer]) + parameters[2 * layer + 1]
      if layer < widths.count - 2 { hidden = activation(hidden) }
    }
    return hidden
  }
}

/// The biases of a layer; those of the first one move with the context.
func bias(
  _ layer: Int, _ width: Int, _ name: String, _ context: ContextNetwork?, _ given: Tensor?
) -> Tensor {
  let network = layer == 0 ? context : nil
  return LayerParameters(name, context: network, [.init("bias\(layer)", [width])])(given)[0]
}

extension Tensor {
  /// Vectors repeated over the batch of other vectors, where that is larger.
  func spread(over vectors: Tensor) -> Tensor {
    let (own, other) = (Shape(shape.dropLast()), Shape(vectors.shape.dropLast()))
    guard let batch = own.broadcast(with: other) else {
      preconditionFailure("points of batch shape \(own) in contexts of batch shape \(other)")
    }
    return broadcast(to: batch + Shape(shape.suffix(1)))
  }
}
