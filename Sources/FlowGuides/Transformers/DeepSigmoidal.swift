public import PPL

/// logit of a mixture of logistic functions, Σ wₖ σ(aₖ x + bₖ) with positive slopes and weights that
/// sum to one: a deep sigmoidal flow (Huang et al. 2018). Parameters: slopes, offsets, weights of
/// all units.
public struct DeepSigmoidal: NumericallyInverted {
  private let units: Int

  /// - Parameter units: how many logistic functions are mixed; positive.
  public init(units: Int = 16) {
    precondition(units > 0, "DeepSigmoidal: units must be positive, got \(units)")
    self.units = units
  }

  public var start: [Double] {
    [Double](repeating: KnotForm.softplusInverse(1), count: units)
      + [Double](repeating: 0, count: 2 * units)
  }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    let slopes = positive(parameters.stacked(0..<units, rank: x.rank))
    let offsets = parameters.stacked(units..<2 * units, rank: x.rank)
    let weights = parameters.stacked(2 * units..<3 * units, rank: x.rank)
    let mixture = LogisticMixture(
      logWeights: weights.logSoftmax(axis: 0), at: slopes * x + offsets, logSlopes: log(slopes),
      axis: 0)
    return (mixture.logit, mixture.logSlope)
  }
}

/// The same in several layers of several values each: every unit sees a weighted mean of the values
/// of the layer before, every value is the logit of a mixture of the units (Huang et al. 2018).
/// Parameters, layer by layer: slopes, offsets, weights of the mixtures, weights of the means.
public struct DeepDenseSigmoidal: NumericallyInverted {
  private let units: Int
  private let layers: Int

  /// - Parameters:
  ///   - units: of each layer, which is also how many values go from layer to layer.
  ///   - layers: how many; positive.
  public init(units: Int = 8, layers: Int = 2) {
    precondition(
      units > 0 && layers > 0, "DeepDenseSigmoidal: \(layers) layers of \(units) units")
    self.units = units
    self.layers = layers
  }

  /// How many values a layer takes and gives: one in the beginning and at the end.
  private func widths(_ layer: Int) -> (inputs: Int, outputs: Int) {
    (layer == 0 ? 1 : units, layer == layers - 1 ? 1 : units)
  }

  public var start: [Double] {
    (0..<layers).flatMap { layer -> [Double] in
      let (inputs, outputs) = widths(layer)
      return [Double](repeating: KnotForm.softplusInverse(1), count: units)
        + [Double](repeating: 0, count: units * (1 + outputs + inputs))
    }
  }

  public func forwardAndLogDet(
    _ x: Tensor, _ parameters: [Tensor]
  ) -> (y: Tensor, logDet: Tensor) {
    var values = x.expandingDims(at: 0)
    var logSlopes = Tensor.zeros(values.shape, dtype: x.dtype)
    var used = 0
    func take(_ rows: Int, _ columns: Int) -> Tensor {
      let taken = parameters.stacked(used..<used + rows * columns, rank: x.rank)
      used += rows * columns
      return taken.reshaped(to: [rows, columns] + Shape(taken.shape.dropFirst()))
    }
    for layer in 0..<layers {
      let (inputs, outputs) = widths(layer)
      // Axes: a layer's outputs, its units or inputs, then the points.
      let slopes = positive(take(1, units))
      let offsets = take(1, units)
      let mixing = take(outputs, units).logSoftmax(axis: 1)
      let means = take(units, inputs).logSoftmax(axis: 1)
      let entering = (exp(means) * values).sum(axis: 1).expandingDims(at: 0)
      let inner = (means + logSlopes).logSumExp(axis: 1).expandingDims(at: 0)
      let mixture = LogisticMixture(
        logWeights: mixing, at: slopes * entering + offsets, logSlopes: log(slopes) + inner,
        axis: 1)
      (values, logSlopes) = (mixture.logit, mixture.logSlope)
    }
    return (values.squeezing(at: 0), logSlopes.squeezing(at: 0))
  }
}

/// Σ wₖ σ(cₖ) and its derivative along c′, on the logit scale, where nothing is lost near 0 and 1.
private struct LogisticMixture {
  let logit: Tensor
  let logSlope: Tensor

  init(logWeights: Tensor, at c: Tensor, logSlopes: Tensor, axis: Int) {
    let (above, below) = (logSigmoid(c), logSigmoid(-c))
    let logValue = (logWeights + above).logSumExp(axis: axis)
    let logRest = (logWeights + below).logSumExp(axis: axis)
    logit = logValue - logRest
    let logDerivative = (logWeights + above + below + logSlopes).logSumExp(axis: axis)
    logSlope = logDerivative - logValue - logRest
  }
}

/// The softplus, at −30 or more: a slope of 10⁻¹³ can still be inverted.
private func positive(_ x: Tensor) -> Tensor {
  softplus(clampPreservingGradient(x, -30, Tensor(floatLiteral: .infinity)))
}

extension Array where Element == Tensor {
  /// Some of a transformer's parameters along a new first axis, before the axes of points of the
  /// given rank.
  func stacked(_ range: Range<Int>, rank: Int) -> Tensor {
    let stacked = stack(Array(self[range]), along: 0)
    let missing = Shape(repeating: 1, count: Swift.max(rank + 1 - stacked.rank, 0))
    return stacked.reshaped(to: [range.count] + missing + Shape(stacked.shape.dropFirst()))
  }
}
