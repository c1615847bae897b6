/// A distribution of loc + scale · z, for z of a standard distribution that is symmetric around 0.
protocol SymmetricTails: TailDistribution, LocationScaleDistribution {
  /// log P(z ≤ value) of the standard distribution.
  static func logStandardCDF(_ z: Tensor) -> Tensor
  /// The z with logStandardCDF(z) = `logProbability`.
  static func standardQuantile(logProbability: Tensor) -> Tensor
}

extension SymmetricTails {
  public func logCDF(_ value: Tensor) -> Tensor {
    overBatch(Self.logStandardCDF((value - loc) / scale))
  }
  public func logSurvival(_ value: Tensor) -> Tensor {
    overBatch(Self.logStandardCDF((loc - value) / scale))
  }
  public func icdf(logProbability: Tensor) -> Tensor {
    overBatch(loc + scale * Self.standardQuantile(logProbability: logProbability))
  }
  public func icdf(logSurvival: Tensor) -> Tensor {
    overBatch(loc - scale * Self.standardQuantile(logProbability: logSurvival))
  }
}

extension Normal: SymmetricTails {
  static func logStandardCDF(_ z: Tensor) -> Tensor { logNormalCDF(z) }
  static func standardQuantile(logProbability: Tensor) -> Tensor {
    normalQuantileOfLog(logProbability)
  }
}

extension Laplace: SymmetricTails {
  static func logStandardCDF(_ z: Tensor) -> Tensor {
    `where`(z .< 0, z - logTwo, log1p(minusHalf * exp(-maximum(z, 0))))
  }
  static func standardQuantile(logProbability: Tensor) -> Tensor {
    let isLower = logProbability .< logHalf
    return `where`(
      isLower, logProbability + logTwo,
      -(logTwo + log1mExp(`where`(isLower, logHalf, logProbability))))
  }
}

extension Logistic: SymmetricTails {
  static func logStandardCDF(_ z: Tensor) -> Tensor { logSigmoid(z) }
  static func standardQuantile(logProbability: Tensor) -> Tensor {
    logProbability - log1mExp(logProbability)
  }
}

extension Cauchy: SymmetricTails {
  static func logStandardCDF(_ z: Tensor) -> Tensor {
    // The probability of the nearer tail is an angle over π, far out the angle its tangent.
    let distance = abs(z)
    let isFar = distance .> 1e9
    let tail = atan2(1, `where`(isFar, 1, distance)) / Double.pi
    let logTail = `where`(isFar, -log(`where`(isFar, distance, 1)) - logPi, log(tail))
    return `where`(z .< 0, logTail, log1p(-exp(logTail)))
  }
  static func standardQuantile(logProbability: Tensor) -> Tensor {
    let isLower = logProbability .< logHalf
    let distance =
      1 / tan(Double.pi * `where`(isLower, exp(logProbability), -expm1(logProbability)))
    return `where`(isLower, -distance, distance)
  }
}
