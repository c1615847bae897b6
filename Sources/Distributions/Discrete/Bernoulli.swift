/// A coin that shows 1 with the given probability, else 0.
///
/// log p(x) = x · logits − softplus(logits), with logits = log(p / (1 − p))
public struct Bernoulli: MomentDistribution {
  private let chance: Chance
  public private(set) var batchShape: Shape
  public var support: Constraint { .boolean }
  public var parameters: [Parameter] { [chance.parameter()] }
  public var isReparameterized: Bool { false }

  /// - Parameter probs: in [0, 1].
  public init(probs: Tensor) {
    chance = Chance(probs: probs, of: "Bernoulli")
    batchShape = probs.shape
  }

  /// - Parameter logits: log odds.
  public init(logits: Tensor) {
    chance = Chance(logits: logits, of: "Bernoulli")
    batchShape = logits.shape
  }

  /// The probability of 1.
  public var probs: Tensor { chance.probs }
  /// The log odds of 1.
  public var logits: Tensor { chance.logits }

  /// −∞ for values other than 0 and 1.
  public func logProb(_ value: Tensor) -> Tensor {
    let mass: Tensor =
      switch chance {
      case .logits(let logits): value * logits - softplus(logits)
      case .probs(let probs): `where`(value .== 1, log(probs), log1p(-probs))
      }
    return onSupport(mass, value)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([chance.given], dtype)
    let u = key.uniform(shape + batchShape, dtype: dtype)
    return (u .< probs).cast(to: dtype)
  }

  public func expanded(to batchShape: Shape) -> Bernoulli {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { probs.broadcast(to: batchShape) }
  public var variance: Tensor { (probs * chance.complement).broadcast(to: batchShape) }
}

extension Bernoulli: EntropyDistribution {
  public var entropy: Tensor { chance.entropy.broadcast(to: batchShape) }
}

extension Bernoulli: QuantileDistribution {
  public func cdf(_ value: Tensor) -> Tensor {
    cdfOfCounts(value) { `where`($0 .< 1, chance.complement, 1) }
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let p = probability
    let face = `where`(p .<= chance.complement, 0, 1).following(p)
    return overBatch(`where`((p .>= 0) .&& (p .<= 1), face, notANumber))
  }
}

extension Bernoulli: EnumerableDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    enumeration(counts(2, dtype: drawDType([chance.given], dtype)), expanded: expanded)
  }
}
