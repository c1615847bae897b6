/// The values of given ranks among independent draws of a base distribution, in ascending order: all
/// of them, the least, the greatest, or any others.
///
/// log p(x) = log n! + Σᵢ log f(xᵢ) + Σⱼ (mⱼ log Pⱼ − log mⱼ!), where f is the density of the base, n
/// the number of draws, and mⱼ how many of the others lie before the first value, between two
/// neighbours or after the last, each with probability Pⱼ
///
///     JointOrderStatistics(Normal(0, 1), count: 10)                    // a sorted sample
///     JointOrderStatistics(Normal(0, 1), count: 10, ranks: [9, 10])    // the two greatest
public struct JointOrderStatistics<Base: QuantileDistribution>: Distribution {
  public let base: Base
  public let count: Int
  public let ranks: [Int]
  private let tails: Tails

  /// - Parameters:
  ///   - base: a continuous distribution of numbers.
  ///   - count: the number of draws.
  ///   - ranks: ascending, from 1 for the least to `count`; nil for all.
  public init(_ base: Base, count: Int, ranks: [Int]? = nil) {
    requireContinuousNumbers(base, "JointOrderStatistics")
    let ranks = ranks ?? Array(1...max(count, 1))
    precondition(
      !ranks.isEmpty && ranks[0] >= 1 && ranks[ranks.count - 1] <= count
        && zip(ranks, ranks.dropFirst()).allSatisfy { $0 < $1 },
      "JointOrderStatistics: ranks must ascend from 1 to \(count) at most, got \(ranks)")
    self.base = base
    self.count = count
    self.ranks = ranks
    tails = Tails(base)
  }

  public var batchShape: Shape { base.batchShape }
  public var eventShape: Shape { [ranks.count] }
  public var support: Constraint {
    base.support.isUnconstrained ? .ordered : Constraint(RisingVectors(base: base.support))
  }
  public var isReparameterized: Bool { base.isReparameterized }
  public var parameters: [Parameter] { base.parameters }

  /// How many draws lie before the first value, between neighbours, and after the last.
  private var others: [Int] { zip([0] + ranks, ranks + [count + 1]).map { $1 - $0 - 1 } }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "JointOrderStatistics")
    // The base's batch is innermost, so that the values are along an axis in front.
    let depth = max(value.rank - 1, batchShape.rank)
    let rows = `where`(
      support.contains(value), value.movingLastToFront(depth: depth), safePoint(depth))
    let terms = others.indices.filter { others[$0] > 0 }.map { index in
      Double(others[index]) * logMass(before: index, rows) - logFactorial(others[index])
    }
    let density = base.logProb(rows).sum(axis: 0) + logFactorial(count)
    return supported(terms.reduce(density, +), at: value)
  }

  /// log P of the interval before the value of an index, after the last of them for their number.
  private func logMass(before index: Int, _ rows: Tensor) -> Tensor {
    if index == 0 { return tails.logCDF(rows.selecting(0, along: 0)) }
    let low = rows.selecting(index - 1, along: 0)
    return index == ranks.count
      ? tails.logSurvival(low) : tails.logMass(low, rows.selecting(index, along: 0))
  }

  private func logFactorial(_ number: Int) -> Tensor {
    lgamma(Tensor(floatLiteral: Double(number + 1)))
  }

  /// A point of the support, as constants with the values in front.
  private func safePoint(_ depth: Int) -> Tensor {
    let levels = ranks.map { Double($0) / Double(count + 1) }
    let dtype = drawDType(parameters.map(\.value), .float64)
    let column = Tensor(levels, dtype: dtype).reshaped(
      to: [ranks.count] + Shape(repeating: 1, count: depth))
    return stopGradient(base.icdf(column))
  }

  /// By the sums of gamma variables: their shares are distributed as sorted uniform numbers are.
  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    let extent = shape + batchShape
    let column = Tensor(others.map { Double($0 + 1) }, dtype: dtype).reshaped(
      to: [others.count] + Shape(repeating: 1, count: extent.rank))
    let steps = key.gamma(column, [others.count] + extent, dtype: dtype)
    let below = steps.cumulativeSum(along: 0).slice(0..<ranks.count, along: 0)
    let above = steps.flipped(along: 0).cumulativeSum(along: 0).flipped(along: 0)
      .slice(1..<others.count, along: 0)
    return tails.icdf(logit: log(below) - log(above)).movingFirstToBack()
  }

  public func expanded(to batchShape: Shape) -> JointOrderStatistics {
    JointOrderStatistics(base.expanded(to: batchShape), count: count, ranks: ranks)
  }
}

/// Vectors of numbers in a set, each greater than the one before.
private struct RisingVectors: ConstraintSet {
  let base: Constraint

  var eventRank: Int { 1 }
  var description: String { "increasing, each \(base)" }

  func contains(_ value: Tensor) -> Tensor {
    requireEvent(value)
    let isInside = base.contains(value.movingLastToFront(depth: value.rank - 1)).all(axes: [0])
    return Constraint.ordered.contains(value) .&& isInside
  }

  /// Increasing maps keep the order.
  var bijector: any Bijector {
    precondition(
      (base.kind as? HalfLine)?.side != .below,
      "no bijector is known onto values that are \(self)")
    return Compose([Ordered(), EachInFront(map: base.bijector)])
  }
}

/// A map of numbers for each element of a vector, whose parameters have the shape of the batch.
private struct EachInFront: Bijector {
  let map: any Bijector

  var eventRank: Int { 1 }

  func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let (y, logDet) = map.forwardAndLogDet(
      x.movingLastToFront(depth: x.rank - 1), context: context)
    return (y.movingFirstToBack(), logDet.sum(axis: 0))
  }

  func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let (x, logDet) = map.inverseAndLogDet(
      y.movingLastToFront(depth: y.rank - 1), context: context)
    return (x.movingFirstToBack(), logDet.sum(axis: 0))
  }
}

extension Tensor {
  /// The last axis in front, followed by `depth` others: new ones of extent 1 where there are fewer.
  fileprivate func movingLastToFront(depth: Int) -> Tensor {
    let front = transposed(to: [rank - 1] + Array(0..<rank - 1))
    let missing = depth - (rank - 1)
    return front.reshaped(
      to: [shape[rank - 1]] + Shape(repeating: 1, count: missing) + Shape(shape.dropLast()))
  }

  fileprivate func movingFirstToBack() -> Tensor {
    transposed(to: Array(1..<rank) + [0])
  }
}
