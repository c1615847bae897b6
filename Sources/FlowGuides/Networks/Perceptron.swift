import PPL

/// Affine layers with activations in between, whose connections may be masked. The weights are
/// parameter sites.
struct Perceptron: Sendable {
  struct Layer: Sendable {
    /// 0 where the layer has no connections, only a bias.
    var inputs: Int
    let outputs: Int
    /// Whether the activation acts on what enters.
    let activates: Bool
    /// Whether it adds what entered the layer before.
    let isResidual: Bool
    /// The connections that exist, inputs × outputs; nil for all.
    var mask: Tensor?
    /// Where they are in the matrix that is multiplied with.
    var pattern: BlockPattern?

    /// The same with a mask.
    ///
    /// - Parameter order: in which the outputs are computed.
    func masked(_ mask: [[Bool]], order: [Int]) -> Layer {
      var layer = self
      let connections = mask.flatMap { $0 }
      if connections.contains(true) {
        let computed = mask.flatMap { row in order.map { row[$0] } }
        layer.mask = Tensor(connections, shape: [inputs, outputs])
        layer.pattern = BlockPattern(rows: inputs, columns: outputs, isFilled: computed)
      } else {
        layer.inputs = 0
      }
      return layer
    }
  }

  let layers: [Layer]
  let activation: Activation
  /// Of outputs in groups of this size, the first ones of all groups are computed before the second
  /// ones, and so on; nil where they stay in their order.
  let interleavedGroup: Int?
  private let start: [Double]
  private let name: String

  /// - Parameters:
  ///   - start: the initial values of the last layer's bias.
  ///   - activatesLast: whether the activation acts on what enters the last layer.
  init(
    _ hidden: [HiddenLayer], _ activation: Activation, inputs: Int, start: [Double], name: String,
    activatesLast: Bool = true
  ) {
    let widths = [inputs] + hidden.map(\.width)
    let last = Layer(
      inputs: widths[hidden.count], outputs: start.count,
      activates: activatesLast && !hidden.isEmpty, isResidual: false)
    layers =
      zip(widths, hidden).map {
        Layer(inputs: $0, outputs: $1.width, activates: $1.activates, isResidual: $1.isResidual)
      } + [last]
    interleavedGroup = nil
    self.activation = activation
    self.start = start
    self.name = name
  }

  /// The same with masks, one for each layer: rows of inputs, in them the outputs.
  ///
  /// - Parameter group: of outputs; output i of every group sees the same.
  func masked(_ masks: [[[Bool]]], group: Int) -> Perceptron { Perceptron(self, masks, group) }

  /// Outputs from which those that see the same are brought together: what they do not see is a few
  /// large blocks then, and a product leaves it out.
  private static let manyOutputs = 512

  private init(_ other: Perceptron, _ masks: [[[Bool]]], _ group: Int) {
    let count = other.start.count
    let isInterleaved = count >= Perceptron.manyOutputs && group < count
    interleavedGroup = isInterleaved ? group : nil
    layers = zip(other.layers, masks).enumerated().map { index, pair in
      let (layer, mask) = pair
      let isLast = index == masks.count - 1
      let order =
        isInterleaved && isLast
        ? (0..<group).flatMap { stride(from: $0, to: count, by: group) }
        : Array(0..<layer.outputs)
      return layer.masked(mask, order: order)
    }
    activation = other.activation
    start = other.start
    name = other.name
  }

  /// Outputs along the last axis in the order in which they are computed.
  private func interleaved(_ outputs: Tensor) -> Tensor {
    guard let group = interleavedGroup else { return outputs }
    let outer = Shape(outputs.shape.dropLast())
    let count = outputs.shape[outputs.rank - 1]
    return outputs.reshaped(to: outer + [count / group, group])
      .transposed().reshaped(to: outer + [count])
  }

  /// The outputs at x.
  func callAsFunction(_ x: Tensor, _ context: Tensor?) -> Tensor {
    values(x, context)[layers.count]
  }

  /// x, what enters each layer's activation, and the outputs.
  func values(_ x: Tensor, _ context: Tensor?) -> [Tensor] {
    var values = [x]
    for (index, layer) in layers.enumerated() {
      var value = bias(index, context)
      if layer.inputs > 0 {
        let last = values[index]
        value =
          product(layer.activates ? activation(last) : last, weight(index), layer.pattern) + value
      }
      if layer.isResidual { value += values[index - 1] }
      values.append(value)
    }
    return values
  }

  /// A product of vectors along the last axis with a matrix, the outer axes being one.
  private func product(
    _ x: Tensor, _ weight: Tensor, _ pattern: BlockPattern? = nil
  ) -> Tensor {
    guard x.rank > 1 else { return matmul(x, weight) }
    let (inputs, outputs) = (weight.shape[0], weight.shape[1])
    let rows = x.reshaped(to: [x.count / inputs, inputs])
    let product = pattern.map { matmul(rows, weight, within: $0) } ?? matmul(rows, weight)
    return product.reshaped(to: Shape(x.shape.dropLast()) + [outputs])
  }

  // MARK: Parameters

  /// The weights of a layer, inputs × outputs, without the connections that do not exist.
  func weight(_ index: Int) -> Tensor {
    let layer = layers[index]
    let weight = layerWeight(
      "\(name).weight\(index)", [layer.inputs, layer.outputs], isLast: index == layers.count - 1)
    let masked = layer.mask.map { `where`($0, weight, 0) } ?? weight
    return index == layers.count - 1 ? interleaved(masked) : masked
  }

  /// The bias of a layer. A context enters the first one.
  func bias(_ index: Int, _ context: Tensor?) -> Tensor {
    let outputs = layers[index].outputs
    let isLast = index == layers.count - 1
    let start = isLast ? start : [Double](repeating: 0, count: outputs)
    var bias = param("\(name).bias\(index)", Tensor(start))
    if index == 0, let context {
      let weight = layerWeight(
        "\(name).contextWeight", [context.shape[context.rank - 1], outputs], isLast: isLast)
      bias = product(context, weight) + bias
    }
    return isLast ? interleaved(bias) : bias
  }
}
