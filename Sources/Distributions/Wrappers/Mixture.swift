/// A mixture of distributions of any kinds, of which `mixing` chooses one for each draw.
///
/// log p(x) = log Σₖ wₖ pₖ(x). The components have one event shape, and their batches broadcast with
/// that of `mixing`.
///
/// Mean and variance are those of the components, all of which must state theirs.
public struct Mixture: MomentDistribution {
  public let mixing: Categorical
  public let components: [any Distribution]
  public let batchShape: Shape
  public var eventShape: Shape { components[0].eventShape }
  public var support: Constraint { Constraint.union(components.map(\.support)) }
  public var parameters: [Parameter] {
    mixing.parameters
      + components.enumerated().flatMap { index, component in
        component.parameters.map {
          Parameter("\($0.name) of component \(index)", $0.value, $0.constraint)
        }
      }
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - mixing: the probabilities of the components, one category for each.
  ///   - components: at least one.
  public init(_ mixing: Categorical, _ components: [any Distribution]) {
    precondition(
      mixing.categoryCount == components.count,
      "Mixture: \(mixing.categoryCount) categories for \(components.count) components")
    var shape = mixing.batchShape
    for (index, component) in components.enumerated() {
      precondition(
        component.eventShape == components[0].eventShape,
        "Mixture: component \(index) has events of shape \(component.eventShape), the first of \(components[0].eventShape)"
      )
      guard let common = shape.broadcast(with: component.batchShape) else {
        preconditionFailure(
          "Mixture: the batch \(component.batchShape) of component \(index) does not broadcast with \(shape)"
        )
      }
      shape = common
    }
    self.init(mixing, components, shape)
  }

  private init(_ mixing: Categorical, _ components: [any Distribution], _ shape: Shape) {
    self.mixing = mixing
    self.components = components.map { $0.expanded(to: shape) }
    batchShape = shape
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let densities = components.map { $0.logProb(value) }
    return overBatch(mixing.weights.mixture(stack(densities, along: -1)))
  }

  /// All components draw; the chosen one is kept.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    var chosen = mixing.expanded(to: batchShape).sample(
      shape, key: key.foldIn("mixing"), dtype: dtype)
    for _ in 0..<eventShape.rank { chosen = chosen.expandingDims(at: -1) }
    let draws = components.enumerated().map { index, component in
      component.sample(shape, key: key.foldIn(index), dtype: dtype)
    }
    return draws.enumerated().dropFirst().reduce(draws[0]) { result, draw in
      `where`(chosen .== Tensor(floatLiteral: Double(draw.offset)), draw.element, result)
    }.cast(to: dtype)
  }

  public func expanded(to batchShape: Shape) -> Mixture { Mixture(mixing, components, batchShape) }

  public var mean: Tensor { average(moments.map(\.mean)) }

  /// The mean variance and the variance of the means.
  public var variance: Tensor {
    let mean = mean
    return average(moments.map { $0.variance + square($0.mean - mean) })
  }

  private var moments: [any MomentDistribution] {
    components.enumerated().map { index, component in
      guard let known = component as? any MomentDistribution else {
        preconditionFailure(
          "Mixture: component \(index), \(type(of: component)), states no mean and variance")
      }
      return known
    }
  }

  /// Σ wₖ valueₖ.
  private func average(_ values: [Tensor]) -> Tensor {
    let terms = values.enumerated().map { index, value in
      (0..<eventShape.rank).reduce(mixing.weights.probs.selecting(index, along: -1)) { weight, _ in
        weight.expandingDims(at: -1)
      } * value
    }
    return terms.dropFirst().reduce(terms[0], +)
  }
}

extension Weights {
  /// log Σₖ wₖ exp(densityₖ) over the last axis.
  ///
  /// Components and weights that are zero have derivatives without NaN, also where all are.
  func mixture(_ densities: Tensor) -> Tensor {
    let logProbs = logProbs
    let total = stopGradient((logProbs + densities).logSumExp(axis: -1))
    guard let shape = densities.shape.broadcast(with: given.shape) else {
      preconditionFailure(
        "a mixture of \(given.shape) weights with log densities of shape \(densities.shape)")
    }
    let isLinear: Bool
    switch self {
    case .probs: isLinear = true
    case .logits: isLinear = false
    }
    // By the probabilities themselves: the derivative by a logarithm would be NaN at 0.
    let weights = (isLinear ? probs : logProbs).cast(to: total.dtype).broadcast(to: shape)
    let parts = densities.cast(to: total.dtype).broadcast(to: shape)
    return withCustomDerivative(value: total, inputs: [weights, parts]) { ct, inputs, total in
      let sum = total.expandingDims(at: -1)
      let isPossible = sum .> logZero
      func share(_ logWeight: Tensor) -> Tensor {
        `where`(isPossible, exp(`where`(isPossible, logWeight - sum, 0)), 0)
      }
      let factor = ct.expandingDims(at: -1)
      if isLinear {
        let ratio = share(inputs[1])
        return [factor * ratio, factor * (inputs[0] * ratio)]
      }
      let posterior = factor * share(inputs[0] + inputs[1])
      return [posterior, posterior]
    }
  }
}

extension Constraint {
  /// The values in any of some sets of one rank: the first set where all are equal.
  static func union(_ sets: [Constraint]) -> Constraint {
    let distinct = sets.reduce(into: [Constraint]()) { if !$0.contains($1) { $0.append($1) } }
    return distinct.count == 1 ? distinct[0] : Constraint(Union(sets: distinct))
  }
}

/// The values in any of some sets.
private struct Union: ConstraintSet {
  let sets: [Constraint]
  var eventRank: Int { sets[0].eventRank }
  var isDiscrete: Bool { sets.allSatisfy(\.isDiscrete) }
  var description: String { sets.map(\.description).joined(separator: " or ") }

  func contains(_ value: Tensor) -> Tensor {
    sets.dropFirst().reduce(sets[0].contains(value)) { $0 .|| $1.contains(value) }
  }
}
