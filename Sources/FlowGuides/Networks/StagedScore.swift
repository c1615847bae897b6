import PPL

/// Solves Jᵀ g = r for g, where J = ∂y/∂x of an autoregressive map y = f(x; network(x)) at a known x:
/// stage by stage backwards, the coordinates that nothing depends on first, then the hidden units that
/// feed only these, and so on.
///
/// The system is triangular, and each weight is used once, as in a derivative backwards through the
/// network.
struct StagedScore {
  private let solve: StagedSolve
  private let network: MaskedPerceptron

  init(_ solve: StagedSolve) {
    self.solve = solve
    network = solve.network
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
    func rows(_ tensor: Tensor) -> Tensor {
      let width = tensor.shape[tensor.rank - 1]
      return tensor.broadcast(to: batch + [width]).reshaped(to: [batch.elementCount, width])
    }
    let layers = network.perceptron.layers
    let bends = solve.layers.map { index -> Tensor? in
      guard layers[index].activates, index > 0 else { return nil }
      let point = stopGradient(values[index])
      return rows(
        gradient(of: network.perceptron.activation(point).sum(), withRespectTo: point))
    }
    let weights = solve.layers.map { index -> Tensor? in
      guard layers[index].inputs > 0 else { return nil }
      let weight = network.perceptron.weight(index)
      return index + 1 == layers.count ? solve.byCoordinate(weight) : weight
    }
    let staged = StagedNetwork(
      order: solve.order, offsets: solve.offsets,
      layers: layers.indices.map { index in
        .init(
          inputs: values[index].shape[values[index].rank - 1], outputs: layers[index].outputs,
          connects: weights[index] != nil, activates: bends[index] != nil,
          isResidual: layers[index].isResidual)
      }, outputsEach: network.outputsEach)
    let found = staged.solveTransposed(
      rows(score - slopes.logSlope), own: rows(slopes.own),
      values: rows(concat(slopes.values, along: -1)),
      added: rows(concat(slopes.logSlopes, along: -1)), weights: weights, slopes: bends)
    return stopGradient(found.reshaped(to: batch + [solve.order.count]))
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
