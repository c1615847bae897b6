import Foundation

extension Beta: KLDivergenceDistribution, LogMeanDistribution, LogComplementMeanDistribution {
  private var total: Tensor { concentration1 + concentration0 }
  var meanOfLog: Tensor { digamma(concentration1) - digamma(total) }
  var meanOfLogComplement: Tensor { digamma(concentration0) - digamma(total) }

  public func klDivergence(to q: any Distribution, in registry: KLRegistry) -> Tensor? {
    (q as? Beta).map { q in
      let density =
        lbeta(q.concentration1, q.concentration0) - lbeta(concentration1, concentration0)
      return density + (concentration1 - q.concentration1) * meanOfLog
        + (concentration0 - q.concentration0) * meanOfLogComplement
    }
  }

  /// From any p of known entropy, E log x and E log(1 − x).
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard
      let p = p as? any EntropyDistribution & LogMeanDistribution & LogComplementMeanDistribution
    else { return nil }
    return lbeta(concentration1, concentration0) - (concentration1 - 1) * p.meanOfLog
      - (concentration0 - 1) * p.meanOfLogComplement - p.entropy
  }
}

extension Kumaraswamy: LogMeanDistribution, LogComplementMeanDistribution {
  /// x^concentration1 is Beta(1, concentration0).
  var meanOfLog: Tensor {
    -(digamma(1 + concentration0) + eulerGamma) / concentration1
  }

  /// The mean over quantiles, by double exponential quadrature: there is no closed form.
  var meanOfLogComplement: Tensor {
    // With probability u above it a value is x = (1 − u^(1/b))^(1/a); near 1 it is 1 − u^(1/b) / a.
    let (a, b) = (concentration1.expandingDims(at: -1), concentration0.expandingDims(at: -1))
    let dtype = drawDType([concentration1, concentration0], .float64)
    let rule = UnitQuadrature.shared
    let power = rule.logNodes.cast(to: dtype) / b
    let isNearOne = power .< -30
    let share = `where`(isNearOne, -1, power)
    let logX = `where`(share .< -1, log1p(-exp(share)), log(-expm1(share))) / a
    let logComplement = `where`(isNearOne, power - log(a), log(-expm1(logX)))
    return (rule.weights.cast(to: dtype) * logComplement).sum(axis: -1)
  }
}

/// Nodes and weights of the tanh–sinh rule for ∫₀¹ f(u) du, as log u: it is exact to rounding for
/// functions that are analytic inside, also if they are singular at the ends.
private struct UnitQuadrature {
  let logNodes: Tensor
  let weights: Tensor

  static let shared = UnitQuadrature()

  init() {
    let step = 1.0 / 16
    var logs: [Double] = []
    var weights: [Double] = []
    for k in -58...58 {
      let t = step * Double(k)
      // u = σ(π sinh t)
      let argument = .pi * sinh(t)
      let logU = argument < 0 ? argument - log1p(exp(argument)) : -log1p(exp(-argument))
      let logV = logU - argument
      logs.append(logU)
      weights.append(step * .pi * cosh(t) * exp(logU + logV))
    }
    logNodes = Tensor(logs)
    self.weights = Tensor(weights)
  }
}

extension ContinuousBernoulli: KLDivergenceDistribution {
  /// From any p of known entropy and mean: the log density is linear in x.
  public func klDivergence(from p: any Distribution, in registry: KLRegistry) -> Tensor? {
    guard let p = p as? any MomentDistribution & EntropyDistribution else { return nil }
    return -p.entropy - logProb(0) - logits * p.mean
  }
}
