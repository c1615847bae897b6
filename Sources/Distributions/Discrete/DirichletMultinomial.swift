/// How often each of K categories occurs in `totalCount` draws whose probabilities are drawn from a
/// Dirichlet distribution: Multinomial(n, p) with p ~ Dirichlet(concentration).
///
/// log p(x) = log n! + log Γ(A) − log Γ(n + A) + Σ (log Γ(xₖ + αₖ) − log Γ(αₖ) − log xₖ!), for whole
/// xₖ ≥ 0 of sum n, with α = `concentration`, whose last axis is that of the event, and A = Σ αₖ
public struct DirichletMultinomial: MomentDistribution {
  public let concentration: Tensor
  public let totalCount: Tensor
  public private(set) var batchShape: Shape
  public var eventShape: Shape { [count] }
  public var support: Constraint { .multinomial(total: totalCount) }
  public var parameters: [Parameter] {
    [
      Parameter("concentration", concentration, .positive.independent(1)),
      Parameter("totalCount", totalCount, .nonNegativeInteger),
    ]
  }
  public var isReparameterized: Bool { false }

  /// - Parameters:
  ///   - concentration: positive.
  ///   - totalCount: the number of draws, a whole number of at least 0.
  public init(_ concentration: Tensor, _ totalCount: Tensor) {
    requireParameter(
      concentration, .positive.independent(1), "DirichletMultinomial", "concentration")
    requireParameter(totalCount, .nonNegativeInteger, "DirichletMultinomial", "totalCount")
    precondition(
      concentration.rank > 0,
      "DirichletMultinomial: concentration is a scalar; the last axis has the categories")
    let rows = Shape(concentration.shape.dropLast())
    guard let shape = totalCount.shape.broadcast(with: rows) else {
      preconditionFailure(
        """
        DirichletMultinomial: totalCount of shape \(totalCount.shape) does not broadcast with a \
        batch of \(rows)
        """)
    }
    self.concentration = concentration
    self.totalCount = totalCount
    batchShape = shape
  }

  private var count: Int { concentration.shape[concentration.rank - 1] }

  public func logProb(_ value: Tensor) -> Tensor {
    let isInside = support.contains(value)
    let x = `where`(isInside.expandingDims(at: -1), value, 0)
    return overBatch(`where`(isInside, mass(x).following(value), logZero))
  }

  /// One category against all that follow is beta-binomial: nothing cancels between masses of at
  /// most 1.
  private func mass(_ x: Tensor) -> Tensor {
    guard count > 1 else { return 0 * x.sum(axis: -1) }
    func first(_ t: Tensor) -> Tensor { t.sliced(along: -1, start: 0, count: count - 1) }
    let mass = stopGradient(
      betaBinomialValue(
        first(x), first(x.reverseCumulativeSum(exclusive: true)), first(concentration),
        first(concentration.reverseCumulativeSum(exclusive: true))
      ).sum(axis: -1))
    let shape = mass.shape + eventShape
    let counts = x.broadcast(to: shape)
    let given = concentration.cast(to: mass.dtype).broadcast(to: shape)
    return withCustomDerivative(value: mass, inputs: [given]) { ct, inputs, _ in
      let total = counts.sum(axis: -1, keepingAxes: true)
      let whole = inputs[0].sum(axis: -1, keepingAxes: true)
      let score = digammaRise(inputs[0], counts) - digammaRise(whole, total)
      return [ct.expandingDims(at: -1) * score]
    }
  }

  /// A multinomial variable whose log probabilities are drawn: log gamma variables.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType([concentration], dtype)
    let full = shape + batchShape
    let logits = key.foldIn(0).logGamma(concentration, full + eventShape, dtype: dtype)
    let chances = stopGradient(Weights.logits(logits).conditionalProbs)
    return multinomialDraw(
      totalCount.broadcast(to: full), chances, key: key.foldIn(1), dtype: dtype)
  }

  public func expanded(to batchShape: Shape) -> DirichletMultinomial {
    var result = self
    result.batchShape = batchShape
    return result
  }

  private var trials: Tensor { totalCount.expandingDims(at: -1) }
  private var total: Tensor { concentration.sum(axis: -1, keepingAxes: true) }
  public var mean: Tensor {
    (trials * (concentration / total)).broadcast(to: batchShape + eventShape)
  }
  public var variance: Tensor {
    let excess = (trials + total) / (1 + total)
    return (trials * Weights.probs(concentration).spreads * excess).broadcast(
      to: batchShape + eventShape)
  }
}
