import PPL

/// Solves y = f(x; network(x)) for x, where the network is autoregressive: stage by stage, the
/// coordinates that depend on nothing first, then the hidden units that see only these, and so on.
///
/// Each weight is used once. The stages are halved recursively, and what the units of the first half
/// contribute to those of the second is one matrix product, as in a blocked triangular solve. All
/// matrices are units × batch here, so that the parts are contiguous.
struct StagedSolve {
  typealias Inversion = (_ y: Tensor, _ parameters: [Tensor]) -> (x: Tensor, logDet: Tensor)

  let network: MaskedPerceptron
  private let invert: Inversion
  /// The coordinates in the order of their stages.
  let order: [Int]
  /// For each layer, the coordinates being the first, the number of units before each stage.
  let offsets: [[Int]]

  init(_ network: MaskedPerceptron, _ invert: @escaping Inversion) {
    self.network = network
    self.invert = invert
    let coordinates = network.dependencies.stages
    order = coordinates.indices.sorted { (coordinates[$0], $0) < (coordinates[$1], $1) }
    let stages = [order.map { coordinates[$0] + 1 }] + network.stages
    let count = (stages[0].last ?? 0) + 1
    offsets = stages.map { units in
      (0...count).map { stage in units.firstIndex { $0 >= stage } ?? units.count }
    }
  }

  func callAsFunction(_ y: Tensor, _ context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let dimension = order.count
    var batch = Shape(y.shape.dropLast())
    if let context { batch = batch.broadcast(with: Shape(context.shape.dropLast())) ?? batch }
    let rows = y.broadcast(to: batch + [dimension])
      .reshaped(to: [batch.elementCount, dimension]).rearranged(order, along: -1)
    let known = solve(
      0..<offsets[0].count - 1, rows.transposed(), pending(context, batch), weights())
    guard let x = known.entering[0], let logDet = known.logDet else {
      preconditionFailure("StagedSolve: no coordinates")
    }
    let places = order.indices.sorted { order[$0] < order[$1] }
    return (
      x.transposed().rearranged(places, along: -1).reshaped(to: batch + [dimension]),
      logDet.reshaped(to: batch)
    )
  }

  // MARK: What the network is made of

  var layers: Range<Int> { network.perceptron.layers.indices }

  /// The units of a layer that a range of stages has.
  func units(_ layer: Int, _ stages: Range<Int>) -> Int {
    offsets[layer][stages.upperBound] - offsets[layer][stages.lowerBound]
  }

  /// The units that a layer of weights leads to; coordinates have several outputs each.
  func targets(_ layer: Int, _ stages: Range<Int>) -> Int {
    layer + 1 == layers.count
      ? units(0, stages) * network.outputsEach : units(layer + 1, stages)
  }

  /// The weights of each layer, outputs × inputs, in the order of the stages.
  func weights() -> [Tensor?] {
    layers.map { layer in
      guard network.perceptron.layers[layer].inputs > 0 else { return nil }
      var weight = network.perceptron.weight(layer)
      if layer == 0 { weight = weight.rearranged(order, along: 0) }
      return (layer + 1 == layers.count ? byCoordinate(weight) : weight).transposed()
    }
  }

  /// The biases, with what the context adds, outputs × batch or × 1.
  private func pending(_ context: Tensor?, _ batch: Shape) -> [Tensor?] {
    layers.map { layer in
      var bias = network.perceptron.bias(layer, context)
      let width = bias.shape[bias.rank - 1]
      let isShared = bias.rank == 1
      bias =
        isShared
        ? bias.reshaped(to: [1, width])
        : bias.broadcast(to: batch + [width]).reshaped(to: [batch.elementCount, width])
      return (layer + 1 == layers.count ? byCoordinate(bias) : bias).transposed()
    }
  }

  /// Outputs along the last axis, parameter by parameter, in order of the coordinates instead.
  func byCoordinate(_ outputs: Tensor) -> Tensor {
    let (count, dimension) = (network.outputsEach, order.count)
    return outputs.reshaped(to: [outputs.shape[0], count, dimension])
      .rearranged(order, along: -1).transposed(to: [0, 2, 1])
      .reshaped(to: [outputs.shape[0], dimension * count])
  }

  // MARK: Recursion

  /// What is known of some stages.
  private struct Known {
    /// What each layer of weights is multiplied with, the coordinates first; nil without units.
    var entering: [Tensor?]
    /// Summed over the coordinates.
    var logDet: Tensor?
  }

  /// - Parameters:
  ///   - pending: what enters the units of these stages from earlier ones, for each layer.
  ///   - blocks: the weights between units of these stages, for each layer.
  private func solve(
    _ stages: Range<Int>, _ y: Tensor?, _ pending: [Tensor?], _ blocks: [Tensor?]
  ) -> Known {
    if stages.count == 1 { return solve(stages.lowerBound, y, pending, blocks) }
    let middle = stages.lowerBound + stages.count / 2
    let (early, late) = (stages.lowerBound..<middle, middle..<stages.upperBound)
    let values = y.cut(at: units(0, early), along: 0)
    let waiting = layers.map { pending[$0].cut(at: targets($0, early), along: 0) }
    let rows = layers.map { blocks[$0].cut(at: targets($0, early), along: 0) }
    let upper = layers.map { rows[$0].0.cut(at: units($0, early), along: 1).0 }
    let lower = layers.map { rows[$0].1.cut(at: units($0, early), along: 1) }
    let first = solve(early, values.0, waiting.map(\.0), upper)
    let rest = layers.map { layer in
      Tensor?.sum(waiting[layer].1, .product(lower[layer].0, first.entering[layer]))
    }
    let second = solve(late, values.1, rest, lower.map(\.1))
    return Known(
      entering: zip(first.entering, second.entering).map { .joined($0, $1) },
      logDet: .sum(first.logDet, second.logDet))
  }

  /// One stage: its coordinates, then its hidden units, layer by layer.
  private func solve(
    _ stage: Int, _ y: Tensor?, _ pending: [Tensor?], _ blocks: [Tensor?]
  ) -> Known {
    let perceptron = network.perceptron
    var known = Known(entering: [], logDet: nil)
    var values: [Tensor?] = [nil]
    if let y, let outputs = pending[layers.count - 1] {
      let columns = outputs.shape[1]
      let each = outputs.reshaped(to: [y.shape[0], network.outputsEach, columns])
      let (x, logDet) = invert(y, (0..<network.outputsEach).map { each.selecting($0, along: 1) })
      values[0] = x
      known.logDet = logDet.sum(axis: 0)
    }
    for layer in layers {
      let value = values[layer]
      known.entering.append(
        perceptron.layers[layer].activates ? value.map(perceptron.activation.callAsFunction) : value
      )
      if layer + 1 == layers.count { break }
      var next = Tensor?.sum(pending[layer], .product(blocks[layer], known.entering[layer]))
      if perceptron.layers[layer].isResidual { next = .sum(next, values[layer - 1]) }
      values.append(next)
    }
    return known
  }
}

extension Tensor {
  /// The entries of an axis in another order.
  func rearranged(_ order: [Int], along axis: Int) -> Tensor {
    if order == Array(order.indices) { return self }
    if order == order.indices.reversed() { return flipped(along: axis) }
    return gathered(Tensor(order), along: axis)
  }
}

extension Optional where Wrapped == Tensor {
  /// The first entries of an axis and the others; nil for none.
  func cut(at count: Int, along axis: Int) -> (Tensor?, Tensor?) {
    guard let self else { return (nil, nil) }
    if count == 0 { return (nil, self) }
    let rest = self.shape[axis] - count
    if rest == 0 { return (self, nil) }
    let parts = self.split([count, rest], along: axis)
    return (parts[0], parts[1])
  }

  static func sum(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
    guard let a, let b else { return a ?? b }
    return a + b
  }

  static func product(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
    guard let a, let b else { return nil }
    return matmul(a, b)
  }

  /// Rows above rows; those that are the same for the whole batch are repeated for it.
  static func joined(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
    guard let a, let b else { return a ?? b }
    let columns = Swift.max(a.shape[1], b.shape[1])
    return concat(
      [a.broadcast(to: [a.shape[0], columns]), b.broadcast(to: [b.shape[0], columns])], along: 0)
  }
}
