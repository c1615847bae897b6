public import PPL

/// A convolutional network for couplings of images: 3 × 3 convolutions at both ends, 1 × 1 in
/// between (Kingma & Dhariwal 2018), zeros around the image.
///
/// It takes the kept channels as a vector in the order channel, row, column and returns parameters
/// in the same order.
public struct ConvolutionalNetwork: ConditionerNetwork {
  private let height: Int
  private let width: Int
  private let hidden: [Int]
  private let activation: Activation

  /// - Parameters:
  ///   - height: of the images.
  ///   - width: of the images.
  ///   - hidden: the numbers of channels of the hidden layers.
  public init(height: Int, width: Int, hidden: [Int], activation: Activation = .elu) {
    precondition(
      height > 0 && width > 0, "ConvolutionalNetwork: images of \(height) × \(width) pixels")
    precondition(
      hidden.allSatisfy { $0 > 0 }, "ConvolutionalNetwork: hidden channels \(hidden)")
    (self.height, self.width, self.hidden, self.activation) = (height, width, hidden, activation)
  }

  public func callAsFunction(
    _ x: Tensor, context: Tensor?, start: [Double], name: String
  ) -> Tensor {
    let pixels = height * width
    let batch = Shape(x.shape.dropLast())
    let last = hidden.count
    // Channels last, as vectors.
    var image = x.reshaped(to: batch + [x.shape[x.rank - 1] / pixels, height, width])
      .innermost([1, 2, 0])
    for layer in 0...last {
      let isWide = layer == 0 || layer == last
      let first =
        layer == last ? stride(from: 0, to: start.count, by: pixels).map { start[$0] } : nil
      let bias = first ?? [Double](repeating: 0, count: hidden[layer])
      image = product(
        isWide ? image.neighborhoods : image, "\(name).weight\(layer)", bias.count, layer == last)
      image = image + param("\(name).bias\(layer)", Tensor(bias))
      if layer == 0, let context {
        // The same at every pixel.
        image =
          image
          + product(context, "\(name).contextWeight", bias.count, last == 0)
          .expandingDims(at: -2).expandingDims(at: -2)
      }
      if layer < last { image = activation(image) }
    }
    let outer = Shape(image.shape.dropLast(3))
    return image.innermost([2, 0, 1]).reshaped(to: outer + [start.count])
  }

  /// Vectors times a weight matrix.
  private func product(_ x: Tensor, _ name: String, _ outputs: Int, _ isLast: Bool) -> Tensor {
    vectorProduct(x, layerWeight(name, [x.shape[x.rank - 1], outputs], isLast: isLast))
  }
}
