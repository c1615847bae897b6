extension Gamma: KLDivergenceDistribution, LogMeanDistribution, CumulantDistribution {
  var meanOfLog: Tensor { digamma(concentration) - log(rate) }
  func cumulant(_ t: Tensor) -> Tensor { -concentration * log1p(-t / rate) }

  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Gamma).map { gammaDivergence(concentration, rate, $0.concentration, $0.rate) }
  }

  /// From any p of known entropy, mean and E log x.
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let p = p as? any MomentDistribution & EntropyDistribution & LogMeanDistribution else {
      return nil
    }
    let density = concentration * log(rate) - lgamma(concentration)
    return rate * p.mean - (concentration - 1) * p.meanOfLog - density - p.entropy
  }
}

extension InverseGamma: KLDivergenceDistribution {
  /// As between the gamma distributions of the reciprocals.
  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? InverseGamma).map { gammaDivergence(concentration, rate, $0.concentration, $0.rate) }
  }
}

extension Exponential: KLDivergenceDistribution, LogMeanDistribution, CumulantDistribution {
  var meanOfLog: Tensor { -(log(rate) + eulerGamma) }
  func cumulant(_ t: Tensor) -> Tensor { -log1p(-t / rate) }

  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Exponential).map { q in
      let logRatio = log(q.rate) - log(rate)
      return expm1(logRatio) - logRatio
    }
  }

  /// From any p of known entropy and mean.
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let p = p as? any MomentDistribution & EntropyDistribution else { return nil }
    return rate * p.mean - log(rate) - p.entropy
  }
}

extension Weibull: KLDivergenceDistribution, LogMeanDistribution {
  var meanOfLog: Tensor { log(scale) - eulerGamma / concentration }

  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Weibull).map { q in
      let logRatio = log(scale) - log(q.scale)
      let power = exp(q.concentration * logRatio + lgamma(1 + q.concentration / concentration))
      return log(concentration) - log(q.concentration) - q.concentration * logRatio
        + eulerGamma * (q.concentration / concentration - 1) + power - 1
    }
  }
}

/// (a − c) ψ(a) − log Γ(a) + log Γ(c) + c log(r / s) + a (s / r − 1) from concentration a and rate r
/// to c and s.
private func gammaDivergence(_ a: Tensor, _ r: Tensor, _ c: Tensor, _ s: Tensor) -> Tensor {
  let logRatio = log(s) - log(r)
  return (a - c) * digamma(a) + (lgamma(c) - lgamma(a)) - c * logRatio + a * expm1(logRatio)
}
