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
    var pattern: BlockPattern?
  }

  let layers: [Layer]
  let activation: Activation
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
    self.activation = activation
    self.start = start
    self.name = name
  }

  /// The same with masks, one for each layer: rows of inputs, in them the outputs.
  func masked(_ masks: [[[Bool]]]) -> Perceptron { Perceptron(self, masks) }

  private init(_ other: Perceptron, _ masks: [[[Bool]]]) {
    layers = zip(other.layers, masks).map { layer, mask in
      let connections = mask.flatMap { $0 }
      var layer = layer
      if connections.contains(true) {
        layer.mask = Tensor(connections, shape: [layer.inputs, layer.outputs])
        layer.pattern = BlockPattern(
          rows: layer.inputs, columns: layer.outputs, isFilled: connections)
      } else {
        layer.inputs = 0
      }
      return layer
    }
    activation = other.activation
    start = other.start
    name = other.name
  }

  /// The outputs at x.
  func callAsFunction(_ x: Tensor, _ context: Tensor?) -> Tensor {
    // A product can end in `relu`, where what enters it is not used otherwise.
    guard activation == .relu, !layers.contains(where: \.isResidual) else {
      return values(x, context)[layers.count]
    }
    var value = layers[0].activates ? relu(x) : x
    for index in layers.indices {
      let isActivated = index + 1 < layers.count && layers[index + 1].activates
      value = affine(index, value, context, rectifies: isActivated)
    }
    return value
  }

  /// x, what enters each layer's activation, and the outputs.
  func values(_ x: Tensor, _ context: Tensor?) -> [Tensor] {
    var values = [x]
    for (index, layer) in layers.enumerated() {
      let last = values[index]
      var value = affine(
        index, layer.activates && layer.inputs > 0 ? activation(last) : last, context)
      if layer.isResidual { value += values[index - 1] }
      values.append(value)
    }
    return values
  }

  /// A layer's product of vectors along the last axis with its weights, plus its bias.
  private func affine(_ index: Int, _ x: Tensor, _ context: Tensor?, rectifies: Bool = false)
    -> Tensor
  {
    let bias = bias(index, context)
    guard layers[index].inputs > 0 else { return rectifies ? relu(bias) : bias }
    let weight = weight(index)
    guard let pattern = layers[index].pattern, x.rank > 1, bias.rank == 1 else {
      let sum = product(x, weight, layers[index].pattern) + bias
      return rectifies ? relu(sum) : sum
    }
    return asRows(x) {
      matmul($0, weight, within: pattern, adding: bias, rectifies: rectifies)
    }
  }

  /// A product of vectors along the last axis with a matrix.
  private func product(
    _ x: Tensor, _ weight: Tensor, _ pattern: BlockPattern? = nil
  ) -> Tensor {
    guard x.rank > 1 else { return matmul(x, weight) }
    return asRows(x) { rows in
      pattern.map { matmul(rows, weight, within: $0) } ?? matmul(rows, weight)
    }
  }

  /// What is made of vectors along the last axis while the outer axes are one.
  private func asRows(_ x: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
    let width = x.shape[x.rank - 1]
    let result = body(x.reshaped(to: [x.count / width, width]))
    return result.reshaped(to: Shape(x.shape.dropLast()) + [result.shape[1]])
  }

  // MARK: Parameters

  /// The weights of a layer, inputs × outputs, without the connections that do not exist.
  func weight(_ index: Int) -> Tensor {
    let layer = layers[index]
    let weight = layerWeight(
      "\(name).weight\(index)", [layer.inputs, layer.outputs], isLast: index == layers.count - 1)
    return layer.mask.map { `where`($0, weight, 0) } ?? weight
  }

  /// The bias of a layer. A context enters the first one.
  func bias(_ index: Int, _ context: Tensor?) -> Tensor {
    let outputs = layers[index].outputs
    let isLast = index == layers.count - 1
    let start = isLast ? start : [Double](repeating: 0, count: outputs)
    let bias = param("\(name).bias\(index)", Tensor(start))
    guard index == 0, let context else { return bias }
    let weight = layerWeight(
      "\(name).contextWeight", [context.shape[context.rank - 1], outputs], isLast: isLast)
    return product(context, weight) + bias
  }
}
