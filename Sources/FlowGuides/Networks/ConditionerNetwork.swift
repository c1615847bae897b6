public import PPL

/// A recipe for a network that turns coordinates and a context into a layer's parameters.
///
/// It says what the network looks like inside; how many inputs and outputs there are comes with the
/// layer that uses it. Its weights are parameter sites.
public protocol ConditionerNetwork: Sendable {
  /// The outputs at x, along the last axis.
  ///
  /// - Parameters:
  ///   - start: the outputs to begin with, approximately: as many as there are.
  ///   - name: the prefix of the parameters' names.
  func callAsFunction(_ x: Tensor, context: Tensor?, start: [Double], name: String) -> Tensor
}

/// A recipe for a network whose connections can be cut so that each output sees only some of the
/// inputs. Autoregressive layers take no others.
public protocol MaskedNetwork: Sendable {
  var hidden: [HiddenLayer] { get }
  var activation: Activation { get }
  /// How many of a layer's units see how many inputs.
  var unitKinds: UnitKinds { get }
}

extension MaskedNetwork {
  public var unitKinds: UnitKinds { .linspace }
}

/// How the hidden units of a masked network are divided among the sets of inputs that units may see.
/// Units that see less come first.
public enum UnitKinds: Sendable {
  /// At even distances from the smallest set to the largest, with half as many units for these two:
  /// what Pyro and NumPyro do.
  case linspace
  /// As many for each set, or one more for the first ones: what Zuko and nflows do.
  case equal
}

/// A layer of hidden units.
public struct HiddenLayer: Sendable {
  public let width: Int
  /// Whether it adds the values of the layer before the last, which then has the same width.
  public let isResidual: Bool
  /// Whether the activation acts on what enters it. (It always acts on what enters the outputs.)
  public let activates: Bool

  public init(width: Int, isResidual: Bool = false, activates: Bool = true) {
    precondition(width > 0, "HiddenLayer: width must be positive, got \(width)")
    self.width = width
    self.isResidual = isResidual
    self.activates = activates
  }

  /// Layers one after another.
  static func plain(_ widths: [Int]) -> [HiddenLayer] {
    widths.enumerated().map { HiddenLayer(width: $1, activates: $0 > 0) }
  }

  /// h ← h + W₂ a(W₁ a(h)), some times over (He et al. 2016).
  static func residual(_ width: Int, _ blocks: Int) -> [HiddenLayer] {
    [HiddenLayer(width: width, activates: false)]
      + (0..<2 * blocks).map { HiddenLayer(width: width, isResidual: $0 % 2 == 1) }
  }
}

/// A fully connected network. Without hidden layers it is linear.
public struct MLP: ConditionerNetwork {
  private let hidden: [HiddenLayer]
  private let activation: Activation

  /// - Parameter hidden: the widths of the hidden layers.
  public init(hidden: [Int], activation: Activation = .elu) {
    self.hidden = HiddenLayer.plain(hidden)
    self.activation = activation
  }

  public func callAsFunction(
    _ x: Tensor, context: Tensor?, start: [Double], name: String
  ) -> Tensor {
    Perceptron(hidden, activation, inputs: x.shape[x.rank - 1], start: start, name: name)(
      x, context)
  }
}

/// A fully connected network of residual blocks.
public struct ResidualMLP: ConditionerNetwork {
  private let hidden: [HiddenLayer]
  private let activation: Activation

  /// - Parameters:
  ///   - width: of all hidden layers.
  ///   - blocks: of two hidden layers each, after a first one.
  public init(width: Int, blocks: Int = 2, activation: Activation = .elu) {
    hidden = HiddenLayer.residual(width, blocks)
    self.activation = activation
  }

  public func callAsFunction(
    _ x: Tensor, context: Tensor?, start: [Double], name: String
  ) -> Tensor {
    Perceptron(hidden, activation, inputs: x.shape[x.rank - 1], start: start, name: name)(
      x, context)
  }
}

/// A masked autoregressive network (Germain et al. 2015): fully connected, but for the connections
/// through which an output would see an input that it must not. Without hidden layers it is linear.
public struct MADE: MaskedNetwork {
  public let hidden: [HiddenLayer]
  public let activation: Activation
  public let unitKinds: UnitKinds

  /// - Parameters:
  ///   - hidden: the widths of the hidden layers. A layer needs as many units as outputs have
  ///     different inputs to see (one less than coordinates, for a sequence), or some of them see less
  ///     than they may.
  ///   - unitKinds: how the units are divided.
  public init(hidden: [Int], activation: Activation = .elu, unitKinds: UnitKinds = .linspace) {
    self.hidden = HiddenLayer.plain(hidden)
    self.activation = activation
    self.unitKinds = unitKinds
  }
}

/// A masked network of residual blocks.
public struct MaskedResidualMLP: MaskedNetwork {
  public let hidden: [HiddenLayer]
  public let activation: Activation

  /// - Parameters:
  ///   - width: of all hidden layers; as many units as `MADE` needs.
  ///   - blocks: of two hidden layers each, after a first one.
  public init(width: Int, blocks: Int = 2, activation: Activation = .elu) {
    hidden = HiddenLayer.residual(width, blocks)
    self.activation = activation
  }
}
