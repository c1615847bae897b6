/// The number of failures before the first success.
///
/// log p(x) = x log(1 − p) + log p, for x = 0, 1, …
public struct Geometric: MomentDistribution {
  private let chance: Chance
  public private(set) var batchShape: Shape
  public var support: Constraint { .nonNegativeInteger }
  public var parameters: [Parameter] { [chance.parameter()] }
  public var isReparameterized: Bool { false }

  /// - Parameter probs: the probability of a success, in [0, 1]; no value is possible at 0.
  public init(probs: Tensor) {
    chance = Chance(probs: probs, of: "Geometric")
    batchShape = probs.shape
  }

  /// - Parameter logits: the log odds of a success.
  public init(logits: Tensor) {
    chance = Chance(logits: logits, of: "Geometric")
    batchShape = logits.shape
  }

  /// The probability of a success.
  public var probs: Tensor { chance.probs }
  /// The log odds of a success.
  public var logits: Tensor { chance.logits }

  public func logProb(_ value: Tensor) -> Tensor {
    let failures: Tensor =
      switch chance {
      case .probs(let probs): xlog1py(value, -probs)
      case .logits(let logits): -(value * softplus(logits))
      }
    return onSupport(failures + chance.logProbs, value)
  }

  /// By inversion: P(x ≥ k) = (1 − p)ᵏ.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let u = key.uniform(shape + batchShape, dtype: drawDType([chance.given], dtype))
    return floor(log(u) / chance.logComplement)
  }

  public func expanded(to batchShape: Shape) -> Geometric {
    var result = self
    result.batchShape = batchShape
    return result
  }

  private var inverseOdds: Tensor {
    switch chance {
    case .probs(let probs): (1 - probs) / probs
    case .logits(let logits): exp(-logits)
    }
  }

  public var mean: Tensor { inverseOdds.broadcast(to: batchShape) }
  public var variance: Tensor { (inverseOdds * (1 + inverseOdds)).broadcast(to: batchShape) }
}

extension Geometric: EntropyDistribution {
  /// That of one trial, times the mean number of trials.
  public var entropy: Tensor { (chance.entropy / probs).broadcast(to: batchShape) }
}

extension Geometric: QuantileDistribution {
  public func cdf(_ value: Tensor) -> Tensor {
    cdfOfCounts(value) { -expm1(($0 + 1) * chance.logComplement) }
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    let p = probability
    let isInside = (p .>= 0) .&& (p .<= 1)
    let trials = ceil(log1p(-`where`(isInside, p, 0)) / chance.logComplement)
    let guess = maximum(trials - 1, 0)
    // The quotient may be rounded across a whole number.
    let least = `where`(
      (guess .> 0) .&& (cdf(guess - 1) .>= p), guess - 1, `where`(cdf(guess) .< p, guess + 1, guess)
    )
    return overBatch(`where`(isInside, stopGradient(least), notANumber))
  }
}
