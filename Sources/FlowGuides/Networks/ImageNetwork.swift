internal import PPL

/// A network whose weights come with its points, so that a solver can differentiate by them.
protocol WeightedNetwork: Sendable {
  /// Weights and biases, layer by layer: parameter sites, in a context if there is one.
  func parameters(_ given: Tensor?) -> [Tensor]
  /// The outputs at x, for weights and biases from `parameters`.
  func callAsFunction(_ x: Tensor, _ parameters: [Tensor]) -> Tensor
}

/// A network of 3 × 3 convolutions, with zeros around the image, as a function of its weights. Images
/// are vectors of channels × height × width numbers.
struct ImageNetwork: WeightedNetwork {
  private let image: Shape
  /// Of the input, the hidden layers and the output.
  private let channels: [Int]
  private let activation: Activation
  private let name: String
  private let context: ContextNetwork?

  /// - Parameters:
  ///   - image: channels × height × width of the output.
  ///   - inputs: the channels of the input.
  ///   - hidden: the channels of the hidden layers.
  ///   - name: the prefix of the parameters' names.
  ///   - context: moves the units of the first layer, the same at every pixel.
  init(
    image: Shape, inputs: Int? = nil, hidden: [Int], activation: Activation, name: String,
    context: ContextNetwork?
  ) {
    precondition(
      image.rank == 3 && image.elementCount > 0 && hidden.allSatisfy { $0 > 0 },
      "\(name): a network of \(hidden) channels for images of shape \(image)")
    self.image = image
    channels = [inputs ?? image[0]] + hidden + [image[0]]
    (self.activation, self.name, self.context) = (activation, name, context)
  }

  func parameters(_ given: Tensor?) -> [Tensor] {
    channels.indices.dropLast().flatMap { layer -> [Tensor] in
      let shape: Shape = [9 * channels[layer], channels[layer + 1]]
      let weight = layerWeight(
        "\(name).weight\(layer)", shape, isLast: layer == channels.count - 2)
      return [weight, bias(layer, shape[1], name, context, given)]
    }
  }

  func callAsFunction(_ x: Tensor, _ parameters: [Tensor]) -> Tensor {
    let batch = Shape(x.shape.dropLast())
    // Channels last, as vectors.
    var hidden = x.reshaped(to: batch + [channels[0], image[1], image[2]]).innermost([1, 2, 0])
    for layer in channels.indices.dropLast() {
      let bias = parameters[2 * layer + 1]
      let everywhere = bias.rank == 1 ? bias : bias.expandingDims(at: -2).expandingDims(at: -2)
      hidden = vectorProduct(hidden.neighborhoods, parameters[2 * layer]) + everywhere
      if layer < channels.count - 2 { hidden = activation(hidden) }
    }
    let outer = Shape(hidden.shape.dropLast(3))
    return hidden.innermost([2, 0, 1]).reshaped(to: outer + [image.elementCount])
  }

  /// At most how much longer than an image its neighbourhoods are: each pixel is in nine of them.
  var reach: Double { Double(min(3, image[1]) * min(3, image[2])).squareRoot() }
}

extension Tensor {
  /// For each pixel of images of shape … × height × width × channels the channels of the 3 × 3 pixels
  /// around it, with zeros beyond the edge.
  var neighborhoods: Tensor {
    let (height, width) = (shape[rank - 3], shape[rank - 2])
    let padded = padded(before: 1, after: 1, along: -2).padded(before: 1, after: 1, along: -3)
    let parts = (0..<3).flatMap { row in
      (0..<3).map { column in
        padded.slice(row..<row + height, along: -3).slice(column..<column + width, along: -2)
      }
    }
    return concat(parts, along: -1)
  }
}
