extension KLRegistry {
  /// Σ p(x) (log p(x) − log q(x)) over the values of a finite p; nil if p has no such list.
  ///
  /// Values of no mass count as 0, whatever q says.
  func sumOverSupport(_ p: any Distribution, _ q: any Distribution) -> Tensor? {
    guard let p = p as? any EnumerableDistribution else { return nil }
    let values = p.enumerateSupport(
      expanded: false, dtype: drawDType(p.parameters.map(\.value), .float64))
    // One axis for the values, outside of the batches of both.
    let rank = max(p.batchShape.rank, q.batchShape.rank)
    let ones = Shape(repeatElement(1, count: rank - p.batchShape.rank))
    let aligned = values.reshaped(
      to: [values.shape[0]] + ones + Shape(values.shape.dropFirst()))
    return expectedDifference(p.logProb(aligned), q.logProb(aligned)).sum(axis: 0)
  }
}

/// p (log p − log q), which is 0 where p is.
func expectedDifference(_ logP: Tensor, _ logQ: Tensor) -> Tensor {
  let isPossible = logP .> logZero
  return `where`(isPossible, exp(logP) * (`where`(isPossible, logP, 0) - logQ), 0)
}
