/// The probabilities of `count` categories along the last axis, given as weights of any sum or as
/// logits.
enum Weights: Sendable {
  case probs(Tensor)
  case logits(Tensor)

  init(probs: Tensor, of distribution: StaticString) {
    requireParameter(probs, .nonNegative.independent(1), distribution, "probs")
    self = .probs(probs)
    requireAxis(distribution, "probs")
  }

  /// Logits of −∞ are categories that never occur.
  init(logits: Tensor, of distribution: StaticString) {
    requireParameter(
      logits, Constraint(LogWeights()).independent(1), distribution, "logits")
    self = .logits(logits)
    requireAxis(distribution, "logits")
  }

  private func requireAxis(_ distribution: StaticString, _ argument: StaticString) {
    precondition(
      given.rank > 0 && count > 0,
      "\(distribution): \(argument) of shape \(given.shape); the last axis has the categories")
  }

  /// The tensor it was made of.
  var given: Tensor {
    switch self {
    case .probs(let value), .logits(let value): value
    }
  }

  var count: Int { given.shape[given.rank - 1] }
  var batchShape: Shape { Shape(given.shape.dropLast()) }

  var parameter: Parameter {
    switch self {
    case .probs(let value): Parameter("probs", value, .nonNegative.independent(1))
    case .logits(let value): Parameter("logits", value, .real.independent(1))
    }
  }

  /// Probabilities of sum 1.
  var probs: Tensor {
    switch self {
    case .probs(let probs): probs / probs.sum(axis: -1, keepingAxes: true)
    case .logits(let logits): logits.softmax(axis: -1)
    }
  }

  /// The logarithms of the weights, known up to a summand common to a row.
  var logWeights: Tensor {
    switch self {
    case .probs(let probs): log(probs)
    case .logits(let logits): logits
    }
  }

  /// The logarithms of the probabilities.
  var logProbs: Tensor { logProbs(of: given, keepingAxes: true) }

  /// The log probability of what was given of one category of each row, `chosen`.
  ///
  /// Relative to the row's sum or peak, so that a large common factor or summand costs no digits.
  func logProbs(of chosen: Tensor, keepingAxes: Bool = false) -> Tensor {
    switch self {
    case .probs(let probs):
      return log(chosen / probs.sum(axis: -1, keepingAxes: keepingAxes))
    case .logits(let logits):
      let peak = stopGradient(logits.max(axis: -1, keepingAxes: true))
      let rest = log(exp(logits - peak).sum(axis: -1, keepingAxes: keepingAxes))
      return chosen - (keepingAxes ? peak : peak.squeezing(at: -1)) - rest
    }
  }

  /// p (1 − p) of each category, with 1 − p as the sum of the others.
  var spreads: Tensor {
    let probs = probs
    let before = probs.flipped(along: -1).reverseCumulativeSum(exclusive: true).flipped(along: -1)
    return probs * (before + probs.reverseCumulativeSum(exclusive: true))
  }

  /// Running sums of numbers proportional to the probabilities.
  var cumulative: Tensor {
    switch self {
    case .probs(let probs): probs.cumulativeSum(along: -1)
    case .logits(let logits):
      exp(logits - logits.max(axis: -1, keepingAxes: true)).cumulativeSum(along: -1)
    }
  }

  /// −Σ p log p.
  var entropy: Tensor {
    let logProbs = logProbs
    let isPossible = logProbs .> logZero
    // Impossible categories count 0, and so do their derivatives.
    let known = `where`(isPossible, logProbs, 0)
    return -`where`(isPossible, exp(known) * known, 0).sum(axis: -1)
  }
}

/// Logarithms of weights, of which some may be 0.
private struct LogWeights: ConstraintSet {
  let description = "less than infinity"
  func contains(_ value: Tensor) -> Tensor { value .< .infinite }
}
