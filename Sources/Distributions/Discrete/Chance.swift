/// A probability, given as such or by its log odds.
enum Chance: Sendable {
  case probs(Tensor)
  case logits(Tensor)

  init(probs: Tensor, of distribution: StaticString, _ argument: StaticString = "probs") {
    requireParameter(probs, .unitInterval, distribution, argument)
    self = .probs(probs)
  }

  init(logits: Tensor, of distribution: StaticString, _ argument: StaticString = "logits") {
    requireParameter(logits, .real, distribution, argument)
    self = .logits(logits)
  }

  /// The tensor it was made of.
  var given: Tensor {
    switch self {
    case .probs(let value), .logits(let value): value
    }
  }

  /// As an argument of a distribution, under the name of its form.
  func parameter(probs: String = "probs", logits: String = "logits") -> Parameter {
    switch self {
    case .probs(let value): Parameter(probs, value, .unitInterval)
    case .logits(let value): Parameter(logits, value, .real)
    }
  }

  /// p.
  var probs: Tensor {
    switch self {
    case .probs(let probs): probs
    case .logits(let logits): sigmoid(logits)
    }
  }

  /// 1 − p, accurate where p is close to 1 if log odds are given.
  var complement: Tensor {
    switch self {
    case .probs(let probs): 1 - probs
    case .logits(let logits): sigmoid(-logits)
    }
  }

  /// log p.
  var logProbs: Tensor {
    switch self {
    case .probs(let probs): log(probs)
    case .logits(let logits): logSigmoid(logits)
    }
  }

  /// log(1 − p).
  var logComplement: Tensor {
    switch self {
    case .probs(let probs): log1p(-probs)
    case .logits(let logits): -softplus(logits)
    }
  }

  /// log(p / (1 − p)).
  var logits: Tensor {
    switch self {
    case .probs(let probs): logit(probs)
    case .logits(let logits): logits
    }
  }

  /// p / (1 − p).
  var odds: Tensor {
    switch self {
    case .probs(let probs): probs / (1 - probs)
    case .logits(let logits): exp(logits)
    }
  }

  /// −p log p − (1 − p) log(1 − p).
  var entropy: Tensor {
    switch self {
    case .probs(let probs): -(xlogy(probs, probs) + xlog1py(1 - probs, -probs))
    case .logits(let logits):
      sigmoid(logits) * softplus(-logits) + sigmoid(-logits) * softplus(logits)
    }
  }

  /// log of (k + m over k) pᵏ (1 − p)ᵐ.
  func binomialLogMass(_ k: Tensor, _ m: Tensor) -> Tensor {
    switch self {
    case .probs(let probs): Tensors.binomialLogMass(k, m, probs: probs)
    case .logits(let logits): Tensors.binomialLogMass(k, m, logits: logits)
    }
  }

  /// I(a, b, 1 − p).
  func betaincOfComplement(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch self {
    case .probs(let probs): betainc(a, b, complementOf: probs)
    case .logits(let logits): betainc(a, b, complementOfLogits: logits)
    }
  }
}
