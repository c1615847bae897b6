/// The number of successes in `totalCount` trials whose probability is drawn from a beta
/// distribution: Binomial(n, p) with p ~ Beta(concentration1, concentration0).
///
/// log p(x) = log (n over x) + log B(x + a, n − x + b) − log B(a, b), for x = 0, …, n, with
/// a = `concentration1` and b = `concentration0`
public struct BetaBinomial: MomentDistribution {
  public let concentration1: Tensor
  public let concentration0: Tensor
  public let totalCount: Tensor
  public private(set) var batchShape: Shape
  public var support: Constraint { .integers(from: 0, to: totalCount) }
  public var parameters: [Parameter] {
    [
      Parameter("concentration1", concentration1, .positive),
      Parameter("concentration0", concentration0, .positive),
      Parameter("totalCount", totalCount, .nonNegativeInteger),
    ]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - concentration1: of successes, positive.
  ///   - concentration0: of failures, positive.
  ///   - totalCount: the number of trials, a whole number of at least 0.
  public init(_ concentration1: Tensor, _ concentration0: Tensor, _ totalCount: Tensor) {
    requireParameter(concentration1, .positive, "BetaBinomial", "concentration1")
    requireParameter(concentration0, .positive, "BetaBinomial", "concentration0")
    requireParameter(totalCount, .nonNegativeInteger, "BetaBinomial", "totalCount")
    self.concentration1 = concentration1
    self.concentration0 = concentration0
    self.totalCount = totalCount
    batchShape = Distributions.batchShape(
      of: "BetaBinomial",
      [
        ("concentration1", concentration1), ("concentration0", concentration0),
        ("totalCount", totalCount),
      ])
  }

  public func logProb(_ value: Tensor) -> Tensor {
    let isInside = support.contains(value)
    let x = `where`(isInside, value, 0)
    let mass = betaBinomialLogMass(x, totalCount - x, concentration1, concentration0)
    return overBatch(`where`(isInside, mass.following(value), logZero))
  }

  /// A binomial variable whose log odds are drawn: a difference of two log gamma variables.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration1, concentration0], dtype)
    let full = shape + batchShape
    let logits =
      key.foldIn(0).logGamma(concentration1, full, dtype: dtype)
      - key.foldIn(1).logGamma(concentration0, full, dtype: dtype)
    let probs = stopGradient(sigmoid(logits))
    return key.foldIn(2).binomial(totalCount, probs, full, dtype: dtype).cast(to: dtype)
  }

  public func expanded(to batchShape: Shape) -> BetaBinomial {
    var result = self
    result.batchShape = batchShape
    return result
  }

  private var concentration: Tensor { concentration1 + concentration0 }
  public var mean: Tensor {
    (totalCount * (concentration1 / concentration)).broadcast(to: batchShape)
  }
  public var variance: Tensor {
    let shares = (concentration1 / concentration) * (concentration0 / concentration)
    let excess = (concentration + totalCount) / (concentration + 1)
    return (totalCount * shares * excess).broadcast(to: batchShape)
  }
}

/// `totalCount` must be the same in the whole batch.
extension BetaBinomial: EnumerableDistribution, EntropyDistribution {
  public func enumerateSupport(expanded: Bool, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration1, concentration0], dtype)
    let total = homogeneous(totalCount, "BetaBinomial", "totalCount")
    return enumeration(counts(total + 1, dtype: dtype), expanded: expanded)
  }

  /// By summing over all values.
  public var entropy: Tensor { enumeratedEntropy }
}

extension BetaBinomial: CumulativeDistribution {
  /// By summing over all values up to it; the largest `totalCount` must be known.
  public func cdf(_ value: Tensor) -> Tensor {
    let most = totalCount.literalScalar ?? totalCount.max().scalar()
    return cdfOfCounts(value) { k in
      let dtype = drawDType([concentration1, concentration0, k], .float64)
      let ones = Shape([Int](repeating: 1, count: max(k.rank, batchShape.rank)))
      let all = counts(Int(most) + 1, dtype: dtype).reshaped(to: [Int(most) + 1] + ones)
      let isIncluded = all .<= minimum(k, totalCount)
      let x = `where`(isIncluded, all, 0)
      let mass = exp(betaBinomialLogMass(x, totalCount - x, concentration1, concentration0))
      return `where`(k .>= totalCount, 1, `where`(isIncluded, mass, 0).sum(axis: 0))
    }
  }
}

/// The log mass of x successes and m failures.
private func betaBinomialLogMass(_ x: Tensor, _ m: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let mass = stopGradient(betaBinomialValue(x, m, a, b))
  let inputs = [x, m, a, b].map { $0.cast(to: mass.dtype).broadcast(to: mass.shape) }
  return withCustomDerivative(value: mass, inputs: inputs) { ct, inputs, _ in
    let (x, m, a, b) = (inputs[0], inputs[1], inputs[2], inputs[3])
    let whole = digammaRise(a + b, x + m)
    let whereTotal = digammaRise(x + m + 1, a + b - 1)
    return [
      ct * (digammaRise(x + 1, a - 1) - whereTotal), ct * (digammaRise(m + 1, b - 1) - whereTotal),
      ct * (digammaRise(a, x) - whole), ct * (digammaRise(b, m) - whole),
    ]
  }
}

/// The log mass of x successes and m failures, without its derivative.
///
/// By Bayes' rule it is a product of three binomial masses, true for every p; with p close to the
/// posterior mean (x + a) / (n + a + b) none of them is far from its peak. For m = 0 or x = 0 the
/// mass may be close to 1, and is taken from a function that is exact there.
func betaBinomialValue(_ x: Tensor, _ m: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let (successes, failures) = (x + a, m + b)
  let mean = successes / (successes + failures)
  let p =
    mean.dtype == .float32
    ? clamp(mean, 0x1p-100, 1 - 0x1p-24) : clamp(mean, 0x1p-1000, 1 - 0x1p-53)
  let inner =
    binomialLogMass(x, m, probs: p)
    + (binomialLogMass(a, b, probs: p) - binomialLogMass(successes, failures, probs: p))
    + log((a / successes) * (b / failures) * ((successes + failures) / (a + b)))
  let isFailure = x .== 0
  let isEdge = isFailure .|| (m .== 0)
  // Of 0 it is 0 at once.
  let other = `where`(isEdge, `where`(isFailure, a, b), 0)
  let edge = logGammaCross(`where`(isFailure, b, a), other, x + m)
  return `where`(isEdge, edge, inner)
}
