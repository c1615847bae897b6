/// The value of a given rank among independent draws of a base distribution: of rank 1 the least, of
/// rank `count` the greatest.
///
/// log p(x) = log f(x) + (r − 1) log F(x) + (n − r) log(1 − F(x)) − log B(r, n − r + 1), with n =
/// count, r = rank, and f and F the density and the distribution function of the base
///
/// F(x) is a beta variable: a draw is a quantile of the base, and differentiates by its parameters. Far
/// out in its tails all is accurate where the base is a `TailDistribution`; else the upper tail ends at
/// 10⁻¹⁶.
public struct OrderStatistic<Base: QuantileDistribution>: QuantileDistribution {
  public let base: Base
  public let count: Int
  public let rank: Int
  private let tails: Tails

  /// - Parameters:
  ///   - base: a continuous distribution of numbers.
  ///   - count: the number of draws.
  ///   - rank: from 1 to `count`.
  public init(_ base: Base, count: Int, rank: Int) {
    requireOrderable(base, count, "OrderStatistic")
    precondition(
      (1...count).contains(rank),
      "OrderStatistic: rank must be from 1 to count (\(count)), got \(rank)")
    self.base = base
    self.count = count
    self.rank = rank
    tails = Tails(base)
  }

  public var batchShape: Shape { base.batchShape }
  public var support: Constraint { base.support }
  public var isReparameterized: Bool { base.isReparameterized }
  public var parameters: [Parameter] { base.parameters }

  // The parameters of the beta variable.
  private var a: Tensor { Tensor(floatLiteral: Double(rank)) }
  private var b: Tensor { Tensor(floatLiteral: Double(count - rank + 1)) }

  public func logProb(_ value: Tensor) -> Tensor {
    guard !(support.isUnconstrained && tails.areStated) else { return logDensity(value) }
    // Where a tail is empty its logarithm, and the derivative of that, is infinite.
    let isInside = hasRoom(stopGradient(value))
    let density = logDensity(`where`(isInside, value, stopGradient(base.icdf(0.5))))
    return `where`(isInside, density, `where`(isNaN(value), notANumber, logZero))
  }

  private func logDensity(_ x: Tensor) -> Tensor {
    var density = base.logProb(x) - lbeta(a, b)
    if rank > 1 { density += Double(rank - 1) * tails.logCDF(x) }
    if rank < count { density += Double(count - rank) * tails.logSurvival(x) }
    return density
  }

  /// Whether the value is possible, and the others have somewhere to be.
  private func hasRoom(_ x: Tensor) -> Tensor {
    let logs: [Tensor] =
      [base.logProb(x)] + (rank > 1 ? [tails.logCDF(x)] : [])
      + (rank < count ? [tails.logSurvival(x)] : [])
    return logs.map { $0 .> logZero }.reduce(Tensor(true), .&&)
  }

  public func sample(_ shape: Shape, key: RandomKey, dtype: DType) -> Tensor {
    let dtype = drawDType(parameters.map(\.value), dtype)
    return tails.icdf(logit: betaLogit(a, b, shape + batchShape, key, dtype))
  }

  public func expanded(to batchShape: Shape) -> OrderStatistic {
    OrderStatistic(base.expanded(to: batchShape), count: count, rank: rank)
  }

  public func cdf(_ value: Tensor) -> Tensor { betainc(a, b, base.cdf(value)) }

  public func icdf(_ probability: Tensor) -> Tensor {
    let isInside = (probability .> 0) .&& (probability .< 1)
    let level = `where`(isInside, probability, 0.5)
    let inner = tails.icdf(logit: betaLogitInverse(a, b, level))
    return overBatch(`where`(isInside, inner, base.icdf(probability)))
  }
}

/// Traps unless a base is a continuous distribution of numbers, of which there are some draws.
func requireOrderable(_ base: some Distribution, _ count: Int, _ distribution: StaticString) {
  precondition(
    base.eventShape.isEmpty, "\(distribution): a base of events of shape \(base.eventShape)")
  precondition(
    !base.support.isDiscrete,
    "\(distribution): the base must be continuous; draws of \(type(of: base)) may be equal")
  precondition(count >= 1, "\(distribution): count must be at least 1, got \(count)")
}
