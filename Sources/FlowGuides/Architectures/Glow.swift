public import PPL

extension FlowArchitecture {
  /// Glow for vectors: steps of an affine coupling, a linear map and a scale and shift for each
  /// coordinate (Kingma & Dhariwal 2018).
  ///
  /// - Parameter hidden: the widths of each coupling network's hidden layers.
  public static func glow(
    layers: Int = 4, hidden: [Int] = [64, 64], activation: Activation = .elu
  ) -> FlowArchitecture {
    precondition(layers > 0, "glow: layers must be positive, got \(layers)")
    return FlowArchitecture { dimension, context in
      (0..<layers).flatMap { index -> [any Bijector] in
        let name = "flow\(index)"
        let coupling = Coupling(
          .half(dimension), transformer: AffineTransformer(.softClamped),
          network: MLP(hidden: hidden, activation: activation), contextDimension: context,
          name: name)
        let linear = LULinear(
          dimension: dimension, name: "\(name).linear", context: network(context))
        let norm = ActNorm(dimension: dimension, name: "\(name).norm")
        return index == 0 ? [coupling, linear, norm] : [Reverse(), coupling, linear, norm]
      }
    }
  }

  /// Glow for images, as vectors of channels × height × width numbers: at each of some scales 2 × 2
  /// squares of pixels become channels, and steps of a coupling with a convolutional network, an
  /// invertible 1 × 1 convolution and a normalisation of channels follow; half of the channels come
  /// from the scale below.
  ///
  /// - Parameters:
  ///   - image: channels × height × width; height and width divisible by 2 to the number of scales.
  ///   - steps: how many at each scale.
  ///   - hidden: the channels of each coupling network's hidden layers.
  public static func glow(
    image: Shape, scales: Int = 2, steps: Int = 4, hidden: [Int] = [32, 32],
    activation: Activation = .elu
  ) -> FlowArchitecture {
    precondition(image.rank == 3, "glow: expected channels × height × width, got \(image)")
    precondition(scales > 0 && steps > 0, "glow: \(scales) scales of \(steps) steps")
    return FlowArchitecture { dimension, context in
      precondition(
        dimension == image.elementCount,
        "glow: \(dimension) dimensions for images of shape \(image)")
      let scale = GlowScale(
        steps: steps, hidden: hidden, activation: activation, contextDimension: context)
      let asImage = Reshape(from: [dimension], to: image)
      return [asImage] + scale.layers(image, scales, "flow") + [asImage.inv]
    }
  }
}

/// What the scales of a Glow have in common.
private struct GlowScale {
  let steps: Int
  let hidden: [Int]
  let activation: Activation
  let contextDimension: Int

  /// A scale and those below it.
  func layers(_ image: Shape, _ scales: Int, _ name: String) -> [any Bijector] {
    let squeezed = Squeeze().forwardShape(image)
    let half = squeezed[0] / 2
    let below: [any Bijector] =
      scales == 1
      ? []
      : [
        Partial(
          Compose(layers([half, squeezed[1], squeezed[2]], scales - 1, "\(name).below")),
          0..<half, along: -3)
      ]
    return [Squeeze()] + below
      + (0..<steps).flatMap { step(squeezed, "\(name).step\($0)") } + [Squeeze().inv]
  }

  private func step(_ image: Shape, _ name: String) -> [any Bijector] {
    let channels = image[0]
    let coupling = Coupling(
      .channels(image), transformer: AffineTransformer(.softClamped),
      network: ConvolutionalNetwork(
        height: image[1], width: image[2], hidden: hidden, activation: activation),
      contextDimension: contextDimension, name: name)
    // The first half of the channels, which the coupling keeps, becomes the second.
    let mixing: [any Bijector] = [
      Reverse(), LULinear(dimension: channels, name: "\(name).convolution"),
      ActNorm(dimension: channels, name: "\(name).norm"),
    ]
    return [coupling, ChannelWise(Compose(mixing))]
  }
}
