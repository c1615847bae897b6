/// E log x over a distribution of positive numbers.
protocol LogMeanDistribution: Distribution {
  var meanOfLog: Tensor { get }
}

/// E log(1 − x) over a distribution of numbers below 1.
protocol LogComplementMeanDistribution: Distribution {
  var meanOfLogComplement: Tensor { get }
}

/// log E exp(t x), for t below 0.
protocol CumulantDistribution: Distribution {
  func cumulant(_ t: Tensor) -> Tensor
}

// A log density that is linear in a few functions of x has a mean under p that needs only their
// means: D = −H(p) − E_p[log q]. Supports were compared before.

extension Normal: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    switch q {
    case let q as Normal:
      let logRatio = log(scale) - log(q.scale)
      return 0.5 * (expm1(2 * logRatio) + square((loc - q.loc) / q.scale)) - logRatio
    case let q as Laplace:
      let distance = abs(loc - q.loc)
      let z = distance / (scale * rootTwo)
      let spread = scale * rootTwoOverPi * exp(-square(z)) + distance * erf(z)
      return spread / q.scale + log(q.scale / scale) + logTwo - (halfLog2Pi + 0.5)
    default: return nil
    }
  }

  /// From any p of known entropy, mean and variance; +∞ from one that has no mean.
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let p = p as? any MomentDistribution & EntropyDistribution else { return nil }
    let (mean, entropy) = (p.mean, p.entropy)
    let spread = (p.variance + square(mean - loc)) / square(scale)
    let divergence = 0.5 * spread + log(scale) + halfLog2Pi - entropy
    return `where`(isNaN(mean) .&& .!isNaN(entropy), .infinite, divergence)
  }
}

extension LogNormal: KLDivergenceDistribution, LogMeanDistribution {
  var meanOfLog: Tensor { loc }

  /// As between the normals of the logarithms.
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? LogNormal).flatMap {
      Normal(loc, scale).klDivergence(to: Normal($0.loc, $0.scale), in: registry)
    }
  }
}

extension HalfNormal: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? HalfNormal).map { q in
      let logRatio = log(scale) - log(q.scale)
      return 0.5 * expm1(2 * logRatio) - logRatio
    }
  }
}

extension Cauchy: KLDivergenceDistribution {
  /// log(((γ₁ + γ₂)² + (x₁ − x₂)²) / (4 γ₁ γ₂))
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Cauchy).map { q in
      2 * log(hypot(scale + q.scale, loc - q.loc)) - log(scale) - log(q.scale) - logFour
    }
  }
}

extension HalfCauchy: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? HalfCauchy).map { q in
      2 * log(scale + q.scale) - log(scale) - log(q.scale) - logFour
    }
  }
}

extension Laplace: KLDivergenceDistribution {
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Laplace).map { q in
      let distance = abs(loc - q.loc)
      let spread = distance + scale * exp(-distance / scale)
      return spread / q.scale - log(scale / q.scale) - 1
    }
  }
}

extension Gumbel: KLDivergenceDistribution, CumulantDistribution {
  func cumulant(_ t: Tensor) -> Tensor { t * loc + lgamma(1 - scale * t) }

  /// From any p of known entropy, mean and E exp(t x).
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let p = p as? any MomentDistribution & EntropyDistribution & CumulantDistribution else {
      return nil
    }
    let decay = exp(loc / scale + p.cumulant(-reciprocal(scale)))
    return (p.mean - loc) / scale + decay + log(scale) - p.entropy
  }
}

extension Normal: CumulantDistribution {
  func cumulant(_ t: Tensor) -> Tensor { t * loc + 0.5 * square(t * scale) }
}
