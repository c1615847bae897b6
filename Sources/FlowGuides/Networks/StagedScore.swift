import PPL

/// Solves Jᵀ g = r for g, where J = ∂y/∂x of an autoregressive map y = f(x; network(x)) at a known x:
/// stage by stage, the coordinates that nothing depends on first, and the hidden units that feed
/// only these, and so on backwards.
///
/// The system is triangular, and its entries are products of the network's weights, which are never
/// multiplied out: each weight is used once, as in a derivative backwards through the network.
struct StagedScore {
  private let solve: StagedSolve
  private let network: MaskedPerceptron

  init(_ solve: StagedSolve) {
    self.solve = solve
    network = solve.network
  }

  /// What is known of the map at each coordinate, coordinates × batch.
  private struct Slopes {
    /// r less the part of it that a coordinate has in its own log slope.
    var right: Tensor?
    /// ∂yᵢ/∂xᵢ.
    var own: Tensor?
    /// ∂yᵢ/∂θ and ∂ log |∂yᵢ/∂xᵢ| /∂θ for the parameters θ, coordinate by coordinate.
    var values: Tensor?
    var logSlopes: Tensor?
  }

  /// Solves for the gradient at y of log q(y) = log p(x) − Σ log |∂yᵢ/∂xᵢ|.
  ///
  /// - Parameters:
  ///   - score: ∇ log p(x).
  ///   - values: those of the network's layers at x.
  ///   - slopes: those of f at x.
  func callAsFunction(
    score: Tensor, values: [Tensor], _ slopes: ElementwiseSlopes
  ) -> Tensor {
    let batch = Shape(slopes.own.shape.dropLast())
    let dimension = solve.order.count
    func columns(_ tensor: Tensor) -> Tensor {
      let width = tensor.shape[tensor.rank - 1]
      return tensor.broadcast(to: batch + [width])
        .reshaped(to: [batch.elementCount, width])
    }
    func ordered(_ tensor: Tensor) -> Tensor {
      columns(tensor).rearranged(solve.order, along: -1).transposed()
    }
    let known = Slopes(
      right: ordered(score - slopes.logSlope), own: ordered(slopes.own),
      values: solve.byCoordinate(columns(concat(slopes.values, along: -1))).transposed(),
      logSlopes: solve.byCoordinate(columns(concat(slopes.logSlopes, along: -1))).transposed())
    let activations = solve.layers.map { layer -> Tensor? in
      let perceptron = network.perceptron
      guard perceptron.layers[layer].activates, layer > 0 else { return nil }
      let point = stopGradient(values[layer])
      let slope = gradient(of: perceptron.activation(point).sum(), withRespectTo: point)
      return columns(slope).transposed()
    }
    let arriving = [Tensor?](repeating: nil, count: solve.layers.count)
    let found = backwards(
      0..<solve.offsets[0].count - 1, known, activations, arriving, solve.weights())
    let places = solve.order.indices.sorted { solve.order[$0] < solve.order[$1] }
    guard let score = found.score else { preconditionFailure("StagedScore: no coordinates") }
    return stopGradient(
      score.transposed().rearranged(places, along: -1).reshaped(to: batch + [dimension]))
  }

  /// What is found of some stages.
  private struct Found {
    /// g, for their coordinates.
    var score: Tensor?
    /// The derivative with respect to what each layer of weights leads to.
    var leaving: [Tensor?]
  }

  /// - Parameters:
  ///   - activations: the slopes of the activations that act on what enters a layer of weights.
  ///   - arriving: the derivative with respect to what enters a layer of weights, from later stages.
  ///   - blocks: the weights between units of these stages.
  private func backwards(
    _ stages: Range<Int>, _ known: Slopes, _ activations: [Tensor?], _ arriving: [Tensor?],
    _ blocks: [Tensor?]
  ) -> Found {
    if stages.count == 1 {
      return backwards(stages.lowerBound, known, activations, arriving, blocks)
    }
    let middle = stages.lowerBound + stages.count / 2
    let early = stages.lowerBound..<middle
    let layers = solve.layers
    let slopes = cut(known, at: solve.units(0, early))
    func halves(_ parts: [Tensor?]) -> [(Tensor?, Tensor?)] {
      layers.map { parts[$0].cut(at: solve.units($0, early), along: 0) }
    }
    let (bent, waiting) = (halves(activations), halves(arriving))
    let rows = layers.map { blocks[$0].cut(at: solve.targets($0, early), along: 0) }
    let upper = layers.map { rows[$0].0.cut(at: solve.units($0, early), along: 1).0 }
    let lower = layers.map { rows[$0].1.cut(at: solve.units($0, early), along: 1) }
    let late = backwards(
      middle..<stages.upperBound, slopes.1, bent.map(\.1), waiting.map(\.1), lower.map(\.1))
    let rest = layers.map { layer in
      Tensor?.sum(
        waiting[layer].0, .product(lower[layer].0?.transposed(), late.leaving[layer]))
    }
    let first = backwards(early, slopes.0, bent.map(\.0), rest, upper)
    return Found(
      score: .joined(first.score, late.score),
      leaving: zip(first.leaving, late.leaving).map { .joined($0, $1) })
  }

  /// One stage: its hidden units, the last layer first, then its coordinates.
  private func backwards(
    _ stage: Int, _ known: Slopes, _ activations: [Tensor?], _ arriving: [Tensor?],
    _ blocks: [Tensor?]
  ) -> Found {
    let layers = network.perceptron.layers
    var leaving = [Tensor?](repeating: nil, count: layers.count)
    var entering: Tensor?
    for layer in layers.indices.reversed() {
      entering = arriving[layer]
      if layer + 1 < layers.count {
        entering = .sum(entering, .product(blocks[layer]?.transposed(), leaving[layer]))
      }
      guard layer > 0 else { break }
      if let slope = activations[layer] { entering = entering.map { $0 * slope } }
      // The layer after the next adds what entered this one.
      if layer + 1 < layers.count, layers[layer + 1].isResidual {
        entering = .sum(entering, leaving[layer + 1])
      }
      leaving[layer - 1] = entering
    }
    guard let right = known.right, let own = known.own else {
      return Found(score: nil, leaving: leaving)
    }
    let score = (entering.map { right - $0 } ?? right) / own
    if let values = known.values, let logSlopes = known.logSlopes {
      let count = network.outputsEach
      let (rows, columns) = (score.shape[0], score.shape[1])
      let each = values.reshaped(to: [rows, count, columns]) * score.expandingDims(at: 1)
      leaving[layers.count - 1] = each.reshaped(to: [rows * count, columns]) + logSlopes
    }
    return Found(score: score, leaving: leaving)
  }

  private func cut(_ slopes: Slopes, at count: Int) -> (Slopes, Slopes) {
    let parts = [slopes.right, slopes.own].map { $0.cut(at: count, along: 0) }
    let wide = [slopes.values, slopes.logSlopes].map {
      $0.cut(at: count * network.outputsEach, along: 0)
    }
    return (
      Slopes(right: parts[0].0, own: parts[1].0, values: wide[0].0, logSlopes: wide[1].0),
      Slopes(right: parts[0].1, own: parts[1].1, values: wide[0].1, logSlopes: wide[1].1)
    )
  }
}

/// The derivatives of an elementwise map y = f(x; θ), and of log |∂f/∂x|, at known points.
struct ElementwiseSlopes {
  /// With respect to x.
  let own: Tensor
  let logSlope: Tensor
  /// With respect to each parameter.
  let values: [Tensor]
  let logSlopes: [Tensor]

  init(_ transformer: any Transformer, _ x: Tensor, _ parameters: [Tensor]) {
    let full = parameters.reduce(x.shape) { $0.broadcast(with: $1.shape) ?? $0 }
    let points = ([x] + parameters).map { stopGradient($0.broadcast(to: full)) }
    let (y, logDet) = transformer.forwardAndLogDet(points[0], Array(points.dropFirst()))
    let slopes = gradient(of: y.sum(), withRespectTo: points)
    let logSlopes = gradient(of: logDet.sum(), withRespectTo: points)
    (own, values) = (slopes[0], Array(slopes.dropFirst()))
    (logSlope, self.logSlopes) = (logSlopes[0], Array(logSlopes.dropFirst()))
  }
}
