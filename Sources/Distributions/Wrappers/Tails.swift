/// A distribution whose both tails are known by their logarithms, also where the probabilities
/// underflow or round to one: what truncation and censoring far out need. The density is smooth inside of
/// the support.
public protocol TailDistribution: Distribution {
  /// log P(x ≤ value).
  func logCDF(_ value: Tensor) -> Tensor
  /// log P(x > value).
  func logSurvival(_ value: Tensor) -> Tensor
  /// The value with logCDF(value) = `logProbability`.
  func icdf(logProbability: Tensor) -> Tensor
  /// The value with logSurvival(value) = `logSurvival`.
  func icdf(logSurvival: Tensor) -> Tensor
}

/// Both tails of any distribution: its own if it states them, else by its distribution function, whose
/// upper tail ends at 10⁻¹⁶.
struct Tails: Sendable {
  private let base: any CumulativeDistribution
  private let stated: (any TailDistribution)?
  var areStated: Bool { stated != nil }

  init(_ base: any CumulativeDistribution) {
    self.base = base
    stated = base as? any TailDistribution
  }

  func logCDF(_ value: Tensor) -> Tensor { stated?.logCDF(value) ?? log(base.cdf(value)) }

  func logSurvival(_ value: Tensor) -> Tensor {
    stated?.logSurvival(value) ?? log1p(-base.cdf(value))
  }

  func icdf(logProbability: Tensor) -> Tensor {
    stated?.icdf(logProbability: logProbability) ?? quantile(exp(logProbability))
  }

  func icdf(logSurvival: Tensor) -> Tensor {
    stated?.icdf(logSurvival: logSurvival) ?? quantile(-expm1(logSurvival))
  }

  /// The quantile whose probability has the given log odds: where the tails are stated by the one in
  /// which it is, else no farther up than the greatest probability below 1.
  func icdf(logit: Tensor) -> Tensor {
    guard stated != nil else { return quantile(sigmoid(logit).keptInsideUnitInterval()) }
    return `where`(
      logit .< 0, icdf(logProbability: logSigmoid(logit)), icdf(logSurvival: logSigmoid(-logit)))
  }

  private func quantile(_ p: Tensor) -> Tensor {
    guard let base = base as? any QuantileDistribution else {
      preconditionFailure("\(type(of: base)): quantiles are not known")
    }
    return base.icdf(p)
  }

  /// log P(low < x ≤ high), by the tail in which both ends are the less likely. Of ends close together the
  /// difference would cancel; there, where the tails are stated, it is an integral.
  func logMass(_ low: Tensor, _ high: Tensor) -> Tensor {
    let (upToLow, upToHigh) = (logCDF(low), logCDF(high))
    let (fromLow, fromHigh) = (logSurvival(low), logSurvival(high))
    let isUpper = upToLow .> fromHigh
    let fall = `where`(isUpper, fromHigh - fromLow, upToLow - upToHigh)
    let difference = `where`(isUpper, fromLow, upToHigh) + log1mExp(fall)
    guard let stated else { return difference }
    return `where`(fall .> -0.02, Self.narrowLogMass(stated, low, high), difference)
  }

  /// The logarithm of the integral of a density that hardly changes from end to end, by the Gauss–Legendre
  /// rule of three points.
  private static func narrowLogMass(
    _ base: any TailDistribution, _ low: Tensor, _ high: Tensor
  ) -> Tensor {
    let width = high - low
    let reach = 0.5 * 0.6.squareRoot() * width
    let middle = low + 0.5 * width
    let top = base.logProb(middle)
    let sides = [middle - reach, middle + reach].map { exp(base.logProb($0) - top) }
    return log(width) + top + log(4.0 / 9 + 5.0 / 18 * (sides[0] + sides[1]))
  }
}

extension LogNormal: TailDistribution {
  private var base: Normal { Normal(loc, scale).expanded(to: batchShape) }
  public func logCDF(_ value: Tensor) -> Tensor { base.logCDF(log(maximum(value, 0))) }
  public func logSurvival(_ value: Tensor) -> Tensor { base.logSurvival(log(maximum(value, 0))) }
  public func icdf(logProbability: Tensor) -> Tensor {
    exp(base.icdf(logProbability: logProbability))
  }
  public func icdf(logSurvival: Tensor) -> Tensor { exp(base.icdf(logSurvival: logSurvival)) }
}

extension Exponential: TailDistribution {
  public func logCDF(_ value: Tensor) -> Tensor { log1mExp(logSurvival(value)) }
  public func logSurvival(_ value: Tensor) -> Tensor { overBatch(-rate * maximum(value, 0)) }
  public func icdf(logProbability: Tensor) -> Tensor { icdf(logSurvival: log1mExp(logProbability)) }
  public func icdf(logSurvival: Tensor) -> Tensor { overBatch(-logSurvival / rate) }
}

extension Gamma: TailDistribution {
  public func logCDF(_ value: Tensor) -> Tensor {
    overBatch(log(gammainc(concentration, rate * maximum(value, 0))))
  }
  public func logSurvival(_ value: Tensor) -> Tensor {
    overBatch(log(gammaincc(concentration, rate * maximum(value, 0))))
  }
  public func icdf(logProbability: Tensor) -> Tensor { icdf(exp(logProbability)) }
  public func icdf(logSurvival: Tensor) -> Tensor {
    overBatch(gammainccInverse(concentration, exp(logSurvival)) / rate)
  }
}

extension Weibull: TailDistribution {
  public func logCDF(_ value: Tensor) -> Tensor {
    // Near 0 the distribution function is the power itself, which may underflow.
    let logPower = concentration * log(maximum(value, 0) / scale)
    let isNear = logPower .< -40
    return overBatch(`where`(isNear, logPower, log1mExp(-exp(`where`(isNear, 0, logPower)))))
  }
  public func logSurvival(_ value: Tensor) -> Tensor {
    overBatch(-exp(concentration * log(maximum(value, 0) / scale)))
  }
  public func icdf(logProbability: Tensor) -> Tensor { icdf(logSurvival: log1mExp(logProbability)) }
  public func icdf(logSurvival: Tensor) -> Tensor {
    overBatch(scale * exp(log(-logSurvival) / concentration))
  }
}

extension Pareto: TailDistribution {
  public func logCDF(_ value: Tensor) -> Tensor { log1mExp(logSurvival(value)) }
  public func logSurvival(_ value: Tensor) -> Tensor {
    overBatch(-alpha * log1p(maximum(value - scale, 0) / scale))
  }
  public func icdf(logProbability: Tensor) -> Tensor { icdf(logSurvival: log1mExp(logProbability)) }
  public func icdf(logSurvival: Tensor) -> Tensor { overBatch(scale * exp(-logSurvival / alpha)) }
}

extension Gumbel: TailDistribution {
  public func logCDF(_ value: Tensor) -> Tensor { overBatch(-exp((loc - value) / scale)) }
  public func logSurvival(_ value: Tensor) -> Tensor {
    // Far up the survival function is the exponential itself, which may underflow.
    let z = (value - loc) / scale
    let isFar = z .> 40
    return overBatch(`where`(isFar, -z, log1mExp(-exp(-`where`(isFar, 0, z)))))
  }
  public func icdf(logProbability: Tensor) -> Tensor {
    overBatch(loc - scale * log(-logProbability))
  }
  public func icdf(logSurvival: Tensor) -> Tensor {
    let isFar = logSurvival .< -40
    let near = -log(-log1mExp(`where`(isFar, -1, logSurvival)))
    return overBatch(loc + scale * `where`(isFar, -logSurvival, near))
  }
}
