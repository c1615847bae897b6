public import PPL

/// A velocity v(x, t) of points, as a function of learned parameters, whose flow is a bijector.
///
/// The parameters and the velocity are enough: the divergence comes by automatic differentiation,
/// unless the field knows better.
public protocol VelocityField: Sendable {
  /// Whatever the velocity depends on besides point and time: parameter sites, and the context.
  func parameters(context: Tensor?) -> [Tensor]

  /// v at points of shape … × n and a time, a scalar; outer axes are a batch.
  func velocity(_ x: Tensor, time: Tensor, parameters: [Tensor]) -> Tensor

  /// v and its divergence Σ ∂vᵢ/∂xᵢ, of shape ….
  func velocityAndDivergence(
    _ x: Tensor, time: Tensor, parameters: [Tensor]
  ) -> (velocity: Tensor, divergence: Tensor)

  /// What a regularised fit wants to be small along the way, of shape …: |∂v/∂x|², the sum of the
  /// squared elements, unless the field has something better.
  ///
  /// - Parameter signs: random signs of the shape of x, where that is to be estimated without bias.
  func roughness(_ x: Tensor, time: Tensor, parameters: [Tensor], signs: Tensor?) -> Tensor
}

extension VelocityField {
  public func velocityAndDivergence(
    _ x: Tensor, time: Tensor, parameters: [Tensor]
  ) -> (velocity: Tensor, divergence: Tensor) {
    let slopes = jacobian(at: x) { velocity($0, time: time, parameters: parameters) }
    return (velocity(x, time: time, parameters: parameters), trace(slopes))
  }

  public func roughness(
    _ x: Tensor, time: Tensor, parameters: [Tensor], signs: Tensor?
  ) -> Tensor {
    guard let signs else {
      let slopes = jacobian(at: x) { velocity($0, time: time, parameters: parameters) }
      return square(slopes).sum(axes: [-1, -2])
    }
    let x = x.alias
    let product = (velocity(x, time: time, parameters: parameters) * signs).sum()
    return square(gradient(of: product, withRespectTo: x)).sum(axis: -1)
  }
}

/// A fully connected network of point and time (Grathwohl et al. 2019).
public struct NetworkField: VelocityField {
  private let network: DenseNetwork

  /// - Parameters:
  ///   - dimension: the number of elements of a point.
  ///   - hidden: the widths of the hidden layers.
  ///   - activation: smooth, for the solver's sake.
  ///   - name: the prefix of the parameters' names.
  ///   - context: moves the units of the first layer.
  public init(
    dimension: Int, hidden: [Int] = [64, 64], activation: Activation = .tanh, name: String,
    context: ContextNetwork? = nil
  ) {
    network = DenseNetwork(
      [dimension + 1] + hidden + [dimension], activation: activation, name: name, context: context)
  }

  public func parameters(context: Tensor?) -> [Tensor] { network.parameters(context) }

  public func velocity(_ x: Tensor, time: Tensor, parameters: [Tensor]) -> Tensor {
    network(x.joined(with: time), parameters)
  }
}

/// A network of 3 × 3 convolutions of an image and the time, which is a channel of its own. Images are
/// vectors of channels × height × width numbers.
public struct ConvolutionalField: VelocityField {
  private let network: ImageNetwork
  private let pixels: Int

  /// - Parameters:
  ///   - image: channels × height × width.
  ///   - hidden: the channels of the hidden layers.
  ///   - activation: smooth, for the solver's sake.
  ///   - name: the prefix of the parameters' names.
  ///   - context: moves the units of the first layer.
  public init(
    image: Shape, hidden: [Int] = [32], activation: Activation = .tanh, name: String,
    context: ContextNetwork? = nil
  ) {
    network = ImageNetwork(
      image: image, inputs: image[0] + 1, hidden: hidden, activation: activation, name: name,
      context: context)
    pixels = image[1] * image[2]
  }

  public func parameters(context: Tensor?) -> [Tensor] { network.parameters(context) }

  public func velocity(_ x: Tensor, time: Tensor, parameters: [Tensor]) -> Tensor {
    let times = time.broadcast(to: Shape(x.shape.dropLast()) + [pixels])
    return network(concat([x, times], along: -1), parameters)
  }
}

extension Tensor {
  /// Vectors with a number appended to each.
  func joined(with number: Tensor) -> Tensor {
    concat([self, number.broadcast(to: Shape(shape.dropLast()) + [1])], along: -1)
  }
}
