/// A count that is 0 with probability `gate`, else drawn from a base distribution of which 0 is taken
/// away. The base may also be continuous; then nothing is to be taken away.
///
/// log p(0) = log gate, log p(x) = log(1 − gate) + log p_base(x) − log(1 − p_base(0)) for x ≠ 0
public struct Hurdle<Base: Distribution>: Distribution {
  public let base: Base
  private let chance: Chance
  public var batchShape: Shape { base.batchShape }
  public var support: Constraint {
    base.support.isDiscrete ? base.support : .union([.integers(from: 0, to: 0), base.support])
  }
  public var parameters: [Parameter] {
    [chance.parameter(probs: "gate", logits: "gateLogits")] + base.parameters
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - base: a distribution of numbers.
  ///   - gate: the probability of 0, in [0, 1].
  public init(_ base: Base, gate: Tensor) {
    self.init(base, Chance(probs: gate, of: "Hurdle", "gate"))
  }

  /// - Parameters:
  ///   - base: a distribution of numbers.
  ///   - gateLogits: the log odds of 0.
  public init(_ base: Base, gateLogits: Tensor) {
    self.init(base, Chance(logits: gateLogits, of: "Hurdle", "gateLogits"))
  }

  private init(_ base: Base, _ chance: Chance) {
    self.chance = chance
    self.base = base.gated(by: chance, "Hurdle")
  }

  /// The probability of 0.
  public var gate: Tensor { chance.probs }

  /// log p_base(0), nil for a continuous base; of the given dtype where the parameters are literals.
  private func logNone(_ dtype: DType) -> Tensor? {
    guard base.support.isDiscrete else { return nil }
    return base.logProb(Tensor(0, dtype: drawDType(base.parameters.map(\.value), dtype)))
  }

  private func logNone(for value: Tensor) -> Tensor? {
    logNone(value.dtype.isFloat ? value.dtype : .float64)
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let isZero = value .== 0
    var density = chance.logComplement + base.logProb(`where`(isZero, 1, value))
    if let logNone = logNone(for: value) { density = density - log1mExp(logNone) }
    let mass = `where`(isZero, chance.logProbs.following(value), density)
    // Outside the support the gate has no derivative either.
    return overBatch(`where`(isZero .|| (density .!= logZero), mass, logZero))
  }

  public func expanded(to batchShape: Shape) -> Hurdle {
    Hurdle(base.expanded(to: batchShape), chance)
  }

  /// Traps for a discrete base without quantiles, of which draws other than 0 are not known.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    let u = key.foldIn(0).uniform(shape + batchShape, dtype: dtype)
    let other = positive(shape, key: key.foldIn(1), dtype: dtype)
    return `where`(u .< gate, 0, other).cast(to: dtype)
  }

  /// Draws of the base other than 0, by inversion of what lies above.
  private func positive(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    guard let logNone = logNone(dtype) else { return base.sample(shape, key: key, dtype: dtype) }
    guard let base = base as? any QuantileDistribution else {
      preconditionFailure("Hurdle: draws need a base with an icdf, \(Base.self) has none")
    }
    let u = key.uniform(shape + batchShape, dtype: .float64)
    let none = exp(logNone.cast(to: .float64))
    let draw = base.icdf(none + u * (1 - none))
    // Where almost all mass is at 0 the sum is rounded to 1, or down to the mass itself.
    return stopGradient(maximum(`where`(isFinite(draw), draw, 1), 1))
  }
}

extension Hurdle: MomentDistribution where Base: MomentDistribution {
  /// (1 − gate) / (1 − p_base(0)).
  private var factor: Tensor {
    logNone(.float64).map { chance.complement / -expm1($0) } ?? chance.complement
  }
  public var mean: Tensor { (factor * base.mean).broadcast(to: batchShape) }
  public var variance: Tensor {
    let spread = base.variance + (1 - factor) * square(base.mean)
    return (factor * spread).broadcast(to: batchShape)
  }
}

extension Hurdle: CumulativeDistribution where Base: CumulativeDistribution {
  public func cdf(_ value: Tensor) -> Tensor {
    var share = base.cdf(value)
    if let logNone = logNone(for: value) {
      let isAbove = .!(value .< 1)
      share = `where`(isAbove, (share - exp(logNone)) / -expm1(logNone), 0)
    }
    let whole = `where`(share .>= 1, 1, gate + chance.complement * share)
    return overBatch(`where`(value .< 0, 0, whole).following(value))
  }
}
