/// The number of successes in `totalCount` independent trials.
///
/// log p(x) = log (n over x) + x log p + (n − x) log(1 − p), for x = 0, …, n
public struct Binomial: MomentDistribution {
  public let totalCount: Tensor
  private let chance: Chance
  public private(set) var batchShape: Shape
  public var support: Constraint { .integers(from: 0, to: totalCount) }
  public var parameters: [Parameter] {
    [Parameter("totalCount", totalCount, .nonNegativeInteger), chance.parameter()]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - totalCount: the number of trials, a whole number of at least 0.
  ///   - probs: the probability of a success, in [0, 1].
  public init(_ totalCount: Tensor, probs: Tensor) {
    self.init(totalCount, Chance(probs: probs, of: "Binomial"))
  }

  /// - Parameters:
  ///   - totalCount: the number of trials, a whole number of at least 0.
  ///   - logits: the log odds of a success.
  public init(_ totalCount: Tensor, logits: Tensor) {
    self.init(totalCount, Chance(logits: logits, of: "Binomial"))
  }

  private init(_ totalCount: Tensor, _ chance: Chance) {
    requireParameter(totalCount, .nonNegativeInteger, "Binomial", "totalCount")
    self.totalCount = totalCount
    self.chance = chance
    batchShape = Distributions.batchShape(
      of: "Binomial", [("totalCount", totalCount), ("probs or logits", chance.given)])
  }

  /// The probability of a success.
  public var probs: Tensor { chance.probs }
  /// The log odds of a success.
  public var logits: Tensor { chance.logits }

  public func logProb(_ value: Tensor) -> Tensor {
    onSupport(chance.binomialLogMass(value, totalCount - value), value)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([chance.given], dtype)
    return key.binomial(totalCount, probs, shape + batchShape, dtype: dtype).cast(to: dtype)
  }

  public func expanded(to batchShape: Shape) -> Binomial {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { (totalCount * probs).broadcast(to: batchShape) }
  public var variance: Tensor {
    (totalCount * probs * chance.complement).broadcast(to: batchShape)
  }
}

extension Binomial: QuantileDistribution {
  /// P(x ≤ k) = I(n − k, k + 1, 1 − p).
  public func cdf(_ value: Tensor) -> Tensor {
    cdfOfCounts(value) { k in
      let isBelow = k .< totalCount
      let tail = chance.betaincOfComplement(`where`(isBelow, totalCount - k, 1), k + 1)
      return `where`(k .>= totalCount, 1, tail)
    }
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    switch chance {
    case .probs(let probs): overBatch(binomialQuantile(probability, totalCount, probs: probs))
    case .logits(let logits): overBatch(binomialQuantile(probability, totalCount, logits: logits))
    }
  }
}

/// `totalCount` must be the same in the whole batch.
extension Binomial: EnumerableDistribution, EntropyDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    let dtype = drawDType([chance.given], dtype)
    let total = homogeneous(totalCount, "Binomial", "totalCount")
    return enumeration(counts(total + 1, dtype: dtype), expanded: expanded)
  }

  /// By summing over all values.
  public var entropy: Tensor { enumeratedEntropy }
}
