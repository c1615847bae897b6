public import PPL

// Flows of images, as vectors of channels × height × width numbers, at several scales (Dinh et al.
// 2017): at each one 2 × 2 squares of pixels become channels, half of which come from the scale
// below.

extension FlowArchitecture {
  /// Glow for images: at each scale steps of a coupling with a convolutional network, an invertible
  /// 1 × 1 convolution and a normalisation of channels (Kingma & Dhariwal 2018).
  ///
  /// - Parameters:
  ///   - image: channels × height × width; height and width divisible by 2 to the number of scales.
  ///   - steps: how many at each scale.
  ///   - transformer: of the couplings.
  ///   - hidden: the channels of each coupling network's hidden layers.
  public static func glow(
    image: Shape, scales: Int = 2, steps: Int = 4,
    transformer: some Transformer = AffineTransformer(.softClamped), hidden: [Int] = [32, 32],
    activation: Activation = .elu
  ) -> FlowArchitecture {
    precondition(steps > 0, "glow: steps must be positive, got \(steps)")
    return multiscale("glow", image, scales, hidden, activation) { layers in
      (0..<steps).flatMap { index -> [any Bijector] in
        let name = "step\(index)"
        let channels = layers.image[0]
        // The first half of the channels, which the coupling keeps, becomes the second.
        let mixing: [any Bijector] = [
          Reverse(), LULinear(dimension: channels, name: layers.name(name, "convolution")),
          layers.norm(name),
        ]
        return [
          layers.coupling(.channels(layers.image), transformer, name),
          ChannelWise(Compose(mixing)),
        ]
      }
    }
  }

  /// Couplings with convolutional networks and normalisations of channels: at each scale some for
  /// halves of the channels, then some for the squares of a chessboard (Dinh et al. 2017; with
  /// `ShiftTransformer()`, the NICE of images).
  ///
  /// - Parameters:
  ///   - image: channels × height × width; height and width divisible by 2 to the number of scales.
  ///   - couplings: how many of either kind at each scale; every other one keeps what the one before
  ///     changed.
  ///   - transformer: of the couplings.
  ///   - hidden: the channels of each coupling network's hidden layers.
  public static func multiscale(
    image: Shape, scales: Int = 2, couplings: Int = 3,
    transformer: some Transformer = AffineTransformer(.softClamped), hidden: [Int] = [32, 32],
    activation: Activation = .elu
  ) -> FlowArchitecture {
    precondition(couplings > 0, "multiscale: couplings must be positive, got \(couplings)")
    return multiscale("multiscale", image, scales, hidden, activation) { layers in
      // The pixels of a chessboard are two of the four channels that a square of them became.
      let masks: [(String, CouplingMask)] = [
        ("channels", .channels(layers.image)),
        ("chessboard", .channels(layers.image) { $0 % 4 == 1 || $0 % 4 == 2 }),
      ]
      return masks.flatMap { kind, mask in
        (0..<couplings).flatMap { index -> [any Bijector] in
          let name = "\(kind)\(index)"
          return [
            layers.coupling(index % 2 == 0 ? mask : mask.complement, transformer, name),
            ChannelWise(layers.norm(name)),
          ]
        }
      }
    }
  }

  private static func multiscale(
    _ name: StaticString, _ image: Shape, _ scales: Int, _ hidden: [Int], _ activation: Activation,
    _ layers: @escaping @Sendable (ScaleLayers) -> [any Bijector]
  ) -> FlowArchitecture {
    precondition(image.rank == 3, "\(name): expected channels × height × width, got \(image)")
    precondition(scales > 0, "\(name): scales must be positive, got \(scales)")
    return FlowArchitecture { dimension, context in
      precondition(
        dimension == image.elementCount,
        "\(name): \(dimension) dimensions for images of shape \(image)")
      let asImage = Reshape(from: [dimension], to: image)
      func scale(_ image: Shape, _ scales: Int, _ prefix: String) -> [any Bijector] {
        let squeezed = Squeeze().forwardShape(image)
        let half = squeezed[0] / 2
        let below: [any Bijector] =
          scales == 1
          ? []
          : [
            Partial(
              Compose(scale([half, squeezed[1], squeezed[2]], scales - 1, "\(prefix).below")),
              0..<half, along: -3)
          ]
        let own = ScaleLayers(
          image: squeezed, hidden: hidden, activation: activation, contextDimension: context,
          prefix: prefix)
        return [Squeeze()] + below + layers(own) + [Squeeze().inv]
      }
      return [asImage] + scale(image, scales, "flow") + [asImage.inv]
    }
  }
}

/// What the layers of a scale are made of.
private struct ScaleLayers: Sendable {
  /// The shape of what they act on.
  let image: Shape
  let hidden: [Int]
  let activation: Activation
  let contextDimension: Int
  let prefix: String

  func name(_ parts: String...) -> String { ([prefix] + parts).joined(separator: ".") }

  func coupling(
    _ mask: CouplingMask, _ transformer: some Transformer, _ own: String
  ) -> any Bijector {
    Coupling(
      mask, transformer: transformer,
      network: ConvolutionalNetwork(
        height: image[1], width: image[2], hidden: hidden, activation: activation),
      contextDimension: contextDimension, name: name(own))
  }

  func norm(_ own: String) -> ActNorm { ActNorm(dimension: image[0], name: name(own, "norm")) }
}
