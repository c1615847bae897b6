/// A count that is 0 with probability `gate`, else drawn from a base distribution, which may give 0
/// too.
///
/// log p(0) = log(gate + (1 − gate) p_base(0)), log p(x) = log(1 − gate) + log p_base(x) for x ≠ 0
public struct ZeroInflated<Base: Distribution>: Distribution {
  public let base: Base
  private let chance: Chance
  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { base.support }
  public var parameters: [Parameter] {
    [chance.parameter(probs: "gate", logits: "gateLogits")] + base.parameters
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - base: a distribution of numbers, 0 being one of its values.
  ///   - gate: the probability of an extra 0, in [0, 1].
  public init(_ base: Base, gate: Tensor) {
    self.init(base, Chance(probs: gate, of: "ZeroInflated", "gate"))
  }

  /// - Parameters:
  ///   - base: a distribution of numbers, 0 being one of its values.
  ///   - gateLogits: the log odds of an extra 0.
  public init(_ base: Base, gateLogits: Tensor) {
    self.init(base, Chance(logits: gateLogits, of: "ZeroInflated", "gateLogits"))
  }

  private init(_ base: Base, _ chance: Chance) {
    self.chance = chance
    self.base = base.gated(by: chance, "ZeroInflated")
  }

  /// The probability of an extra 0.
  public var gate: Tensor { chance.probs }

  public func logProb(_ value: Tensor) -> Tensor {
    let density = base.logProb(value)
    let other = chance.logComplement + density
    return onSupport(`where`(value .== 0, chance.inflated(density), other), value)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    let u = key.foldIn(0).uniform(shape + batchShape, dtype: dtype)
    return `where`(u .< gate, 0, base.sample(shape, key: key.foldIn(1), dtype: dtype)).cast(
      to: dtype)
  }

  public func expanded(to batchShape: Shape) -> ZeroInflated {
    ZeroInflated(base.expanded(to: batchShape), chance)
  }
}

extension ZeroInflated: MomentDistribution where Base: MomentDistribution {
  public var mean: Tensor { (chance.complement * base.mean).broadcast(to: batchShape) }
  public var variance: Tensor {
    let spread = base.variance + gate * square(base.mean)
    return (chance.complement * spread).broadcast(to: batchShape)
  }
}

extension ZeroInflated: CumulativeDistribution where Base: CumulativeDistribution {
  public func cdf(_ value: Tensor) -> Tensor {
    let own = `where`(value .< 0, 0, gate).following(value)
    let share = base.cdf(value)
    return overBatch(`where`(share .>= 1, 1, own + chance.complement * share))
  }
}

extension ZeroInflated: EnumerableDistribution where Base: EnumerableDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    base.enumerateSupport(expanded: expanded, dtype: dtype)
  }
}

/// A Poisson variable, or an extra 0.
public typealias ZeroInflatedPoisson = ZeroInflated<Poisson>

extension ZeroInflated where Base == Poisson {
  /// - Parameter gate: the probability of an extra 0.
  public init(_ rate: Tensor, gate: Tensor) { self.init(Poisson(rate), gate: gate) }

  /// - Parameter gateLogits: the log odds of an extra 0.
  public init(_ rate: Tensor, gateLogits: Tensor) {
    self.init(Poisson(rate), gateLogits: gateLogits)
  }
}

/// A negative binomial variable given by its mean, or an extra 0.
public typealias ZeroInflatedNegativeBinomial2 = ZeroInflated<NegativeBinomial2>

extension ZeroInflated where Base == NegativeBinomial2 {
  /// - Parameter gate: the probability of an extra 0.
  public init(_ mean: Tensor, _ concentration: Tensor, gate: Tensor) {
    self.init(NegativeBinomial2(mean, concentration), gate: gate)
  }

  /// - Parameter gateLogits: the log odds of an extra 0.
  public init(_ mean: Tensor, _ concentration: Tensor, gateLogits: Tensor) {
    self.init(NegativeBinomial2(mean, concentration), gateLogits: gateLogits)
  }
}

extension Distribution {
  /// The distribution over the batch that it has in common with a gate.
  func gated(by chance: Chance, _ name: StaticString) -> Self {
    precondition(
      eventShape == [], "\(name): the base has events of shape \(eventShape), expected numbers")
    guard let shape = batchShape.broadcast(with: chance.given.shape) else {
      preconditionFailure(
        "\(name): a gate of shape \(chance.given.shape) for a batch of shape \(batchShape)")
    }
    return shape == batchShape ? self : expanded(to: shape)
  }
}

extension Chance {
  /// log(g + (1 − g) exp(v)) for a log mass v and the gate g, with a derivative that stays finite
  /// for gates of 0 and 1 and for masses of 0 and 1.
  fileprivate func inflated(_ logMass: Tensor) -> Tensor {
    let (logGate, logRest) = (logProbs, logComplement)
    // Close to 1 from what it lacks, elsewhere from its parts.
    let isLarge = logMass .> logHalf
    let lack = complement * expm1(`where`(isLarge, logMass, 0))
    let sum = `where`(isLarge, log1p(lack), logAddExp(logGate, logRest + logMass))
    let total = stopGradient(sum)
    let inputs = [given, logMass].map { $0.cast(to: total.dtype).broadcast(to: total.shape) }
    return withCustomDerivative(value: total, inputs: inputs) { ct, inputs, total in
      let gate = Chance(self, inputs[0])
      let isPossible = total .> logZero
      let safe = `where`(isPossible, total, 0)
      let byMass = exp(gate.logComplement + inputs[1] - safe)
      let missing = -expm1(inputs[1])
      let byGate =
        switch gate {
        case .probs: missing * exp(-safe)
        case .logits: missing * exp(gate.logProbs + gate.logComplement - safe)
        }
      return [byGate, byMass].map { ct * `where`(isPossible, $0, 0) }
    }
  }

  /// The same form of another tensor.
  private init(_ form: Chance, _ given: Tensor) {
    switch form {
    case .probs: self = .probs(given)
    case .logits: self = .logits(given)
    }
  }
}
