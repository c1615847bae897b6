extension Constraint {
  /// The vectors each of whose elements is in this set of numbers, whose bounds have the shape of a
  /// batch.
  func ofElements(batchRank: Int) -> Constraint {
    isUnconstrained || batchRank == 0
      ? independent(1) : Constraint(VectorElements(base: self, batchRank: batchRank))
  }
}

/// Vectors each of whose elements lies in a set of numbers, whose bounds have the shape of a batch: the
/// elements are along an axis of their own.
private struct VectorElements: ConstraintSet {
  let base: Constraint
  /// The rank of the batch.
  let batchRank: Int

  var eventRank: Int { 1 }
  var isDiscrete: Bool { base.isDiscrete }
  var description: String { "\(base) in every element" }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    return base.contains(value.movingLastToFront(batchRank: batchRank)).all(axes: [0])
  }

  var bijector: any Bijector { EachElement(map: base.bijector, batchRank: batchRank) }
}

/// A map of numbers for each element of a vector, whose parameters have the shape of the batch.
private struct EachElement: Bijector {
  let map: any Bijector
  let batchRank: Int

  var eventRank: Int { 1 }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = map.forwardAndLogDet(
      x.movingLastToFront(batchRank: batchRank), context: context)
    return (y.movingFirstToBack(), logDet.broadcast(to: y.shape).sum(axis: 0))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = map.inverseAndLogDet(
      y.movingLastToFront(batchRank: batchRank), context: context)
    return (x.movingFirstToBack(), logDet.broadcast(to: x.shape).sum(axis: 0))
  }
}

extension Tensor {
  /// The last axis in front, followed by the others: at least those of a batch, new ones of extent 1
  /// where there are fewer.
  func movingLastToFront(batchRank: Int) -> Tensor {
    let front = transposed(to: [rank - 1] + Array(0..<rank - 1))
    let missing = Swift.max(batchRank - (rank - 1), 0)
    return front.reshaped(
      to: [shape[rank - 1]] + Shape(repeating: 1, count: missing) + Shape(shape.dropLast()))
  }

  func movingFirstToBack() -> Tensor {
    transposed(to: Array(1..<rank) + [0])
  }
}
