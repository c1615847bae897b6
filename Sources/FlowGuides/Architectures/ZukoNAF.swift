import PPL

extension FlowArchitecture {
  /// Zuko's `NAF(features, transforms=layers, signal=signal, network={"hidden_features": monotone},
  /// hidden_features=hidden)`: an increasing network for each coordinate, which is told by a masked
  /// one about the coordinates before it (Huang et al. 2018).
  ///
  /// As it is there, a stack of several layers is a map of all data, but not onto all points: between
  /// layers values are kept within ±11, and a draw whose way back leads beyond is infinite.
  ///
  /// - Parameters:
  ///   - signal: how many numbers the masked network tells a coordinate's network.
  ///   - monotone: the widths of the increasing networks' hidden layers, even.
  public static func zukoNAF(
    layers: Int = 3, signal: Int = 16, monotone: [Int] = [64, 64], hidden: [Int] = [64, 64]
  ) -> FlowArchitecture {
    precondition(
      layers > 0 && signal > 0 && monotone.allSatisfy { $0 > 0 && $0 % 2 == 0 },
      "zukoNAF: \(layers) layers, a signal of \(signal), increasing networks of \(monotone) units")
    let limit = 11.0
    return FlowArchitecture { dimension, context in
      (0..<layers).reversed().flatMap { index -> [any Bijector] in
        let sequence = Array(0..<dimension)
        let layer = NeuralLayer(
          order: index % 2 == 0 ? sequence : sequence.reversed(), hidden: hidden,
          widths: [1 + signal] + monotone + [1], limit: index > 0 ? limit : nil,
          contextDimension: context, name: "flow\(index)")
        return index > 0 ? [layer, Softclip(bound: limit).inv] : [layer]
      }
    }
  }
}

/// Coordinate i of the point is an increasing network of coordinate i of the value, told by a masked
/// network about the coordinates of the value that come before it.
private struct NeuralLayer: VectorLayer {
  private let order: [Int]
  private let network: MaskedPerceptron
  private let increasing: IncreasingNetworks
  private let contextDimension: Int
  /// Where values end, if anywhere.
  private let limit: Tensor?

  var dimension: Int { order.count }
  var isAutoregressive: Bool { network.dependencies.areInOrder }
  var codomain: Constraint {
    (limit.map { Constraint.openInterval(-$0, $0) } ?? .real).independent(1)
  }

  /// - Parameter widths: of the increasing networks' inputs, hidden layers and output.
  init(
    order: [Int], hidden: [Int], widths: [Int], limit: Double?, contextDimension: Int,
    name: String
  ) {
    self.order = order
    self.contextDimension = contextDimension
    self.limit = limit.map { Tensor(floatLiteral: $0) }
    network = MaskedPerceptron(
      MADE(hidden: hidden, activation: .relu, unitKinds: .equal), .order(order),
      start: [Double](repeating: 0, count: widths[0] - 1), hasContext: contextDimension > 0,
      name: name)
    increasing = IncreasingNetworks(
      widths: widths, count: order.count, name: "\(name).monotone")
  }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let context = checked(x, context)
    let layers = increasing.layers()
    var coordinates = order.makeIterator()
    // Every stage is one coordinate.
    let solve = StagedSolve(network) { row, signal in
      let coordinate = coordinates.next() ?? 0
      let own = layers.map { $0.of(coordinate) }
      let y = monotoneRoot(of: row) { IncreasingNetworks.value($0, signal, own) }
      return (y, -log(IncreasingNetworks.value(y, signal, own).slope))
    }
    let (y, logDet) = solve(x, context)
    return (limit.map { clamp(y, -$0, $0) } ?? y, logDet)
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let parameters = network(y, checked(y, context))
    let shape = parameters.reduce(y.shape) { $0.broadcast(with: $1.shape) ?? $0 }
    let batch = Shape(shape.dropLast())
    let columns = ([y] + parameters).map {
      $0.broadcast(to: shape).reshaped(to: [batch.elementCount, order.count]).transposed()
    }
    let (x, slope) = IncreasingNetworks.value(
      columns[0], Array(columns.dropFirst()), increasing.layers())
    return (x.transposed().reshaped(to: shape), log(slope).sum(axis: 0).reshaped(to: batch))
  }

  /// Checks a point and its context, and returns what the layer takes of that.
  private func checked(_ x: Tensor, _ context: Tensor?) -> Tensor? {
    checkLength(of: x)
    return taken(context, contextDimension, "neural autoregressive layer")
  }
}

/// A network for each coordinate whose weights, in absolute value, are positive, so that it
/// increases with the number that it is given.
private struct IncreasingNetworks: Sendable {
  let widths: [Int]
  let count: Int
  let name: String

  /// Weights, coordinates × inputs × outputs, and biases, coordinates × 1 × outputs.
  struct Layer {
    let weight: Tensor
    let bias: Tensor

    func of(_ coordinate: Int) -> Layer {
      let range = coordinate..<coordinate + 1
      return Layer(weight: weight.slice(range, along: 0), bias: bias.slice(range, along: 0))
    }
  }

  func layers() -> [Layer] {
    zip(widths, widths.dropFirst()).enumerated().map { layer, widths in
      let (inputs, outputs) = widths
      let (count, bound) = (count, 1 / Double(inputs).squareRoot())
      return Layer(
        weight: abs(
          param("\(name).weight\(layer)") {
            bound * (2 * $0.uniform([count, inputs, outputs]) - 1)
          }),
        bias: param("\(name).bias\(layer)") {
          bound * (2 * $0.uniform([count, 1, outputs]) - 1)
        })
    }
  }

  /// The outputs for points and signals of shape coordinates × batch, and their slopes.
  static func value(
    _ x: Tensor, _ signal: [Tensor], _ layers: [Layer]
  ) -> (value: Tensor, slope: Tensor) {
    let inputs = stack(([x] + signal).map { $0.broadcast(to: x.shape) }, along: -1)
    var value = matmul(inputs, layers[0].weight) + layers[0].bias
    var slope = layers[0].weight.slice(0..<1, along: 1)
    for layer in layers.dropFirst() {
      let bent = bend(value)
      value = matmul(bent.value, layer.weight) + layer.bias
      slope = matmul(bent.slope * slope, layer.weight)
    }
    return (value.squeezing(at: -1), slope.broadcast(to: value.shape).squeezing(at: -1))
  }

  /// Half of the units are exponential-linear, half the same turned around; and their slopes.
  private static func bend(_ h: Tensor) -> (value: Tensor, slope: Tensor) {
    let half = h.shape[2] / 2
    let (first, second) = (h.slice(0..<half, along: 2), -h.slice(half..<2 * half, along: 2))
    let slope = exp(minimum(concat([first, second], along: 2), 0))
    return (concat([elu(first), -elu(second)], along: 2), slope)
  }
}
