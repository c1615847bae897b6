/// The number of successes before the `totalCount`-th failure, as PyTorch parametrises it.
///
/// log p(x) = log Γ(x + r) − log Γ(r) − log x! + r log(1 − p) + x log p, for x = 0, 1, …; the mean is
/// r p / (1 − p), and r = `totalCount` need not be whole.
public struct NegativeBinomial: MomentDistribution, EntropyDistribution {
  public let totalCount: Tensor
  private let chance: Chance
  public private(set) var batchShape: Shape
  public var support: Constraint { .nonNegativeInteger }
  public var parameters: [Parameter] {
    [Parameter("totalCount", totalCount, .positive), chance.parameter()]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - totalCount: the number of failures, positive.
  ///   - probs: the probability of a success, in [0, 1]; no value is possible at 1.
  public init(_ totalCount: Tensor, probs: Tensor) {
    self.init(totalCount, Chance(probs: probs, of: "NegativeBinomial"))
  }

  /// - Parameters:
  ///   - totalCount: the number of failures, positive.
  ///   - logits: the log odds of a success.
  public init(_ totalCount: Tensor, logits: Tensor) {
    self.init(totalCount, Chance(logits: logits, of: "NegativeBinomial"))
  }

  /// For others that are this distribution, which have checked their parameters.
  init(_ totalCount: Tensor, logOdds: Tensor) {
    self.totalCount = totalCount
    chance = .logits(logOdds)
    batchShape = Distributions.batchShape(
      of: "NegativeBinomial", [("totalCount", totalCount), ("logits", logOdds)])
  }

  private init(_ totalCount: Tensor, _ chance: Chance) {
    requireParameter(totalCount, .positive, "NegativeBinomial", "totalCount")
    self.totalCount = totalCount
    self.chance = chance
    batchShape = Distributions.batchShape(
      of: "NegativeBinomial", [("totalCount", totalCount), ("probs or logits", chance.given)])
  }

  /// The probability of a success.
  public var probs: Tensor { chance.probs }
  /// The log odds of a success.
  public var logits: Tensor { chance.logits }

  public func logProb(_ value: Tensor) -> Tensor {
    // Γ(x + r) / (Γ(r) x!) is r / (r + x) times (x + r over x).
    let mass = chance.binomialLogMass(value, totalCount) - log1p(value / totalCount)
    return onSupport(mass, value)
  }

  /// A Poisson variable whose rate is drawn from a gamma distribution.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([totalCount, chance.given], dtype)
    let full = shape + batchShape
    let rate = key.foldIn(0).gamma(totalCount, full, dtype: dtype) * chance.odds
    return key.foldIn(1).poisson(stopGradient(rate), full, dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> NegativeBinomial {
    var result = self
    result.batchShape = batchShape
    return result
  }

  public var mean: Tensor { (totalCount * chance.odds).broadcast(to: batchShape) }
  public var variance: Tensor {
    (totalCount * chance.odds * (1 + chance.odds)).broadcast(to: batchShape)
  }
  /// −Σ p log p.
  public var entropy: Tensor {
    negativeBinomialEntropy(totalCount, logits: logits).broadcast(to: batchShape)
  }
}

extension NegativeBinomial: QuantileDistribution {
  /// P(x ≤ k) = I(r, k + 1, 1 − p).
  public func cdf(_ value: Tensor) -> Tensor {
    cdfOfCounts(value) { chance.betaincOfComplement(totalCount, $0 + 1) }
  }

  public func icdf(_ probability: Tensor) -> Tensor {
    switch chance {
    case .probs(let probs):
      overBatch(negativeBinomialQuantile(probability, totalCount, probs: probs))
    case .logits(let logits):
      overBatch(negativeBinomialQuantile(probability, totalCount, logits: logits))
    }
  }
}
