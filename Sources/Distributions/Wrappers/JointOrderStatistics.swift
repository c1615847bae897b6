/// The values of given ranks among independent draws of a base distribution, in ascending order: all
/// of them, the least, the greatest, or any others.
///
/// log p(x) = log n! + Σᵢ log f(xᵢ) + Σⱼ (mⱼ log Pⱼ − log mⱼ!), where f is the density of the base, n
/// the number of draws, and mⱼ how many of the others lie before the first value, between two
/// neighbours or after the last, each with probability Pⱼ
///
///     JointOrderStatistics(Normal(0, 1), count: 10)                    // a sorted sample
///     JointOrderStatistics(Normal(0, 1), count: 10, ranks: [9, 10])    // the two greatest
///
/// Values of consecutive ranks may be equal, as rounded data are. Far out in its tails all is accurate
/// where the base is a `TailDistribution`; else the upper tail ends at 10⁻¹⁶.
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
    requireOrderable(base, count, "JointOrderStatistics")
    let ranks = ranks ?? Array(1...count)
    precondition(
      !ranks.isEmpty && ranks[0] >= 1 && ranks[ranks.count - 1] <= count
        && zip(ranks, ranks.dropFirst()).allSatisfy { $0 < $1 },
      "JointOrderStatistics: ranks must ascend within 1 to count (\(count)), got \(ranks)")
    self.base = base
    self.count = count
    self.ranks = ranks
    tails = Tails(base)
  }

  public var batchShape: Shape { base.batchShape }
  public var eventShape: Shape { [ranks.count] }
  public var support: Constraint {
    Constraint(
      RisingVectors(
        elements: base.support.ofElements(batchRank: batchShape.rank),
        mayTie: others.dropFirst().dropLast().map { $0 == 0 }))
  }
  public var isReparameterized: Bool { base.isReparameterized }
  public var parameters: [Parameter] { base.parameters }

  /// How many draws lie before the first value, between neighbours, and after the last.
  private var others: [Int] { zip([0] + ranks, ranks + [count + 1]).map { $1 - $0 - 1 } }

  public func logProb(_ value: Tensor) -> Tensor {
    requireEvent(value, eventShape, "JointOrderStatistics")
    let all = value.movingLastToFront(batchRank: batchShape.rank)
    let isInside = support.contains(value) .&& hasRoom(stopGradient(all))
    let rows = `where`(isInside, all, safePoint(all))
    let terms = others.indices.filter { others[$0] > 0 }.map { index in
      Double(others[index]) * logMass(before: index, rows) - logFactorial(others[index])
    }
    let density = terms.reduce(base.logProb(rows).sum(axis: 0) + logFactorial(count), +)
    return supported(`where`(isInside, density, logZero), at: value)
  }

  /// Whether draws can lie before the first value and after the last, if any have to.
  private func hasRoom(_ rows: Tensor) -> Tensor {
    let (first, last) = (
      rows.selecting(0, along: 0), rows.selecting(ranks.count - 1, along: 0)
    )
    let logs: [Tensor] =
      (others[0] > 0 ? [tails.logCDF(first)] : [])
      + (others[ranks.count] > 0 ? [tails.logSurvival(last)] : [])
    return logs.map { $0 .> logZero }.reduce(Tensor(true), .&&)
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

  /// A point of the support for each of some rows, as constants.
  private func safePoint(_ rows: Tensor) -> Tensor {
    let levels = ranks.map { Double($0) / Double(count + 1) }
    let dtype = drawDType(parameters.map(\.value), rows.dtype)
    let column = Tensor(levels, dtype: dtype).reshaped(
      to: [ranks.count] + Shape(repeating: 1, count: rows.rank - 1))
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

/// Vectors of numbers in a set, each greater than the one before, or equal to it where it may be.
private struct RisingVectors: ConstraintSet {
  let elements: Constraint
  /// For all elements but the last, whether the next may be equal.
  let mayTie: [Bool]

  var eventRank: Int { 1 }
  var description: String { "increasing, and \(elements)" }

  func contains(_ value: Tensor) -> Tensor {
    let isInside = elements.contains(value)
    let count = mayTie.count
    guard count > 0 else { return isInside }
    let (this, next) = (value.slice(0..<count, along: -1), value.slice(1..<count + 1, along: -1))
    let isRising = (next .> this) .|| ((next .== this) .&& Tensor(mayTie))
    return isInside .&& isRising.allInVector()
  }

  /// Maps of numbers keep the order, or turn it around.
  var bijector: any Bijector {
    let map = elements.bijector
    let ends = map.forward(Tensor([0.0, 1]))
    let isFalling = ends.selecting(1, along: -1) .< ends.selecting(0, along: -1)
    let parts: [any Bijector] = [Ordered(), map]
    guard isFalling.any().boolArray()[0] else { return Compose(parts) }
    return Compose(parts + [Permute((0...mayTie.count).reversed())])
  }
}
