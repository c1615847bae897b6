internal import PPL

/// The network of a block neural autoregressive flow (De Cao et al. 2020).
///
/// The rows of a layer's weights have length exp(logScale); their elements before that are exp(w)
/// in the blocks on the diagonal, w below and 0 above.
struct BlockAutoregressiveNetwork: Sendable {
  private let dimension: Int
  /// The units per element, layer by layer, from 1 for the input to 1 for the output.
  private let widths: [Int]
  private let activation: any Bijector
  private let outputScale: Double
  private let name: String
  private let context: ContextNetwork?

  /// - Parameters:
  ///   - outputScale: the length of the last layer's rows at the start.
  ///   - activation: an increasing elementwise map.
  init(
    dimension: Int, hidden: [Int], outputScale: Double = 1,
    activation: any Bijector = LeakyTanh(), name: String, context: ContextNetwork? = nil
  ) {
    precondition(dimension > 0, "BNAF: dimension must be positive, got \(dimension)")
    precondition(
      hidden.allSatisfy { $0 > 0 }, "BNAF: hidden widths must be positive, got \(hidden)")
    self.dimension = dimension
    self.outputScale = outputScale
    self.activation = activation
    self.name = name
    self.context = context
    widths = [1] + hidden + [1]
  }

  /// The layers with their weights, which are parameter sites.
  func layers(_ given: Tensor?) -> [BlockLayer] {
    widths.indices.dropLast().map { index in
      let (inputs, outputs) = (dimension * widths[index], dimension * widths[index + 1])
      let isLast = index == widths.count - 2
      let scale = isLast ? outputScale : 1
      return BlockLayer(
        weight: param("\(name).weight\(index)") { $0.normal([outputs, inputs]) },
        logScale: param("\(name).logScale\(index)", log(Tensor.full([outputs], scale))),
        bias: bias(index, outputs, name, context, given), dimension: dimension,
        activation: isLast ? nil : activation)
    }
  }
}

/// A layer of a block neural autoregressive network: affine, then an activation unless it is the
/// last.
struct BlockLayer {
  private let dimension: Int
  private let activation: (any Bijector)?
  private let bias: Tensor
  /// outputs × inputs.
  private let weight: Tensor
  /// The logarithms of the blocks on the diagonal: dimension × outputs × inputs of one element.
  private let logBlocks: Tensor

  init(
    weight raw: Tensor, logScale: Tensor, bias: Tensor, dimension: Int,
    activation: (any Bijector)?
  ) {
    self.dimension = dimension
    self.activation = activation
    self.bias = bias
    let (outputs, inputs) = (raw.shape[0] / dimension, raw.shape[1] / dimension)
    func mask(_ isWanted: (Int, Int) -> Bool) -> Tensor {
      let values = (0..<raw.shape[0]).flatMap { row in
        (0..<raw.shape[1]).map { isWanted(row / outputs, $0 / inputs) ? 1.0 : 0 }
      }
      return Tensor(values, shape: raw.shape, dtype: raw.dtype)
    }
    let free = exp(raw) * mask { $0 == $1 } + raw * mask { $0 > $1 }
    let logLength = 0.5 * log(square(free).sum(axis: -1, keepingAxes: true))
    let logScale = logScale.expandingDims(at: -1)
    weight = exp(logScale - logLength) * free
    logBlocks = (logScale + raw - logLength)
      .reshaped(to: [dimension, outputs, dimension, inputs]).transposed(to: [1, 3, 0, 2])
      .diagonal().transposed(to: [2, 0, 1])
  }

  /// The units' values, and the logarithms of their derivatives with respect to their element of
  /// the network's input, of shape … × dimension × units of an element.
  func callAsFunction(_ x: Tensor, _ logSlopes: Tensor?) -> (y: Tensor, logSlopes: Tensor) {
    let slopes =
      logSlopes.map { (logBlocks + $0.expandingDims(at: -2)).logSumExp(axis: -1) }
      ?? logBlocks.squeezing(at: -1)
    let affine = apply(weight, to: x) + bias
    guard let activation else { return (affine, slopes) }
    let (y, logDet) = activation.forwardAndLogDet(affine, context: nil)
    let batch = Shape(y.shape.dropLast())
    return (y, slopes + logDet.reshaped(to: batch + Shape(logBlocks.shape.dropLast())))
  }

  /// What the units of element `index` get from the units of the elements before.
  func bias(of index: Int, _ before: [Tensor]) -> Tensor {
    let units = weight.shape[0] / dimension
    let own = bias.slice(index * units..<(index + 1) * units, along: -1)
    if before.isEmpty { return own }
    let inputs = concat(before, along: -1)
    let rows = weight.slice(index * units..<(index + 1) * units)
    let columns = inputs.shape[inputs.rank - 1]
    return apply(rows.slice(0..<columns, along: 1), to: inputs) + own
  }

  /// The units of element `index` and their derivatives with respect to their element of the
  /// network's input, from those of the same element in the layer before and `bias(of:_:)`.
  func element(
    _ index: Int, _ x: Tensor, _ slopes: Tensor, _ bias: Tensor
  ) -> (y: Tensor, slopes: Tensor) {
    let block = exp(logBlocks.selecting(index, along: 0))
    let affine = apply(block, to: x) + bias
    let slopes = apply(block, to: slopes)
    guard let activation else { return (affine, slopes) }
    let (y, logDet) = activation.forwardAndLogDet(affine, context: nil)
    return (y, exp(logDet) * slopes)
  }
}
