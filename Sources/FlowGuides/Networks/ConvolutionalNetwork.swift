public import PPL

/// A convolutional network for couplings of images, with zeros around the image: 3 × 3 convolutions at
/// both ends and 1 × 1 in between (Kingma & Dhariwal 2018), or residual blocks of 3 × 3 convolutions.
///
/// It takes the kept channels as a vector in the order channel, row, column and returns parameters
/// in the same order.
public struct ConvolutionalNetwork: ConditionerNetwork {
  private let height: Int
  private let width: Int
  private let hidden: [HiddenLayer]
  /// Whether all convolutions are of 3 × 3 pixels.
  private let isWideThroughout: Bool
  private let activation: Activation

  /// - Parameters:
  ///   - height: of the images.
  ///   - width: of the images.
  ///   - hidden: the numbers of channels of the hidden layers.
  public init(height: Int, width: Int, hidden: [Int], activation: Activation = .elu) {
    self.init(height, width, HiddenLayer.plain(hidden), false, activation)
  }

  /// One of residual blocks of two convolutions each (He et al. 2016).
  ///
  /// - Parameters:
  ///   - height: of the images.
  ///   - width: of the images.
  ///   - channels: of the hidden layers.
  public init(
    height: Int, width: Int, channels: Int, blocks: Int = 2, activation: Activation = .elu
  ) {
    self.init(height, width, HiddenLayer.residual(channels, blocks), true, activation)
  }

  private init(
    _ height: Int, _ width: Int, _ hidden: [HiddenLayer], _ isWide: Bool, _ activation: Activation
  ) {
    precondition(
      height > 0 && width > 0, "ConvolutionalNetwork: images of \(height) × \(width) pixels")
    (self.height, self.width, self.hidden, self.activation) = (height, width, hidden, activation)
    isWideThroughout = isWide
  }

  public func callAsFunction(
    _ x: Tensor, context: Tensor?, start: [Double], name: String
  ) -> Tensor {
    let pixels = height * width
    let batch = Shape(x.shape.dropLast())
    let last = hidden.count
    let outputs = stride(from: 0, to: start.count, by: pixels).map { start[$0] }
    // Channels last, as vectors.
    var images = [
      x.reshaped(to: batch + [x.shape[x.rank - 1] / pixels, height, width]).innermost([1, 2, 0])
    ]
    for (index, layer) in (hidden + [HiddenLayer(width: outputs.count)]).enumerated() {
      let entering = layer.activates && index > 0 ? activation(images[index]) : images[index]
      let isWide = isWideThroughout || index == 0 || index == last
      let bias = index == last ? outputs : [Double](repeating: 0, count: layer.width)
      var image =
        product(
          isWide ? entering.neighborhoods : entering, "\(name).weight\(index)", bias.count,
          index == last) + param("\(name).bias\(index)", Tensor(bias))
      if index == 0, let context {
        // The same at every pixel.
        image += product(context, "\(name).contextWeight", bias.count, last == 0)
          .expandingDims(at: -2).expandingDims(at: -2)
      }
      if layer.isResidual { image += images[index - 1] }
      images.append(image)
    }
    let outer = Shape(images[last + 1].shape.dropLast(3))
    return images[last + 1].innermost([2, 0, 1]).reshaped(to: outer + [start.count])
  }

  /// Vectors times a weight matrix.
  private func product(_ x: Tensor, _ name: String, _ outputs: Int, _ isLast: Bool) -> Tensor {
    vectorProduct(x, layerWeight(name, [x.shape[x.rank - 1], outputs], isLast: isLast))
  }
}
