extension Uniform: KLDivergenceDistribution, LogMeanDistribution, LogComplementMeanDistribution,
  CumulantDistribution
{
  var meanOfLog: Tensor { Self.meanOfLog(low, high) }
  var meanOfLogComplement: Tensor { Self.meanOfLog(1 - high, 1 - low) }

  /// (b log b − a log a) / (b − a) − 1
  private static func meanOfLog(_ a: Tensor, _ b: Tensor) -> Tensor {
    (xlogy(b, b) - xlogy(a, a)) / (b - a) - 1
  }

  func cumulant(_ t: Tensor) -> Tensor {
    let width = t * (high - low)
    return t * low + log(expm1(width) / width)
  }

  /// From any p of known entropy.
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    (p as? any EntropyDistribution).map { log(high - low) - $0.entropy }
  }
}

extension Pareto: KLDivergenceDistribution, LogMeanDistribution {
  var meanOfLog: Tensor { log(scale) + reciprocal(alpha) }

  /// From any p of known entropy and E log x.
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let p = p as? any EntropyDistribution & LogMeanDistribution else { return nil }
    let density = log(alpha) + alpha * log(scale)
    return (alpha + 1) * p.meanOfLog - density - p.entropy
  }
}
