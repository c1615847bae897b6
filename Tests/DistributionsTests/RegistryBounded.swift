import Distributions
import Foundation

extension DistributionCase {
  /// Distributions over intervals, and truncated and censored ones.
  static let bounded: [DistributionCase] =
    [
      beta, betaProportion, kumaraswamy, logUniform, continuousBernoulliProbs,
      continuousBernoulliLogits, relaxedBernoulliProbs, relaxedBernoulliLogits, truncatedNormal,
    ]

  private static let beta = DistributionCase(
    name: "Beta", ranges: [0.8...8, 0.8...8], support: .unitInterval,
    make: { Beta($0[0], $0[1]) },
    density: { GSL.betaDensity($0, $1[0], $1[1]) },
    cdf: { GSL.betaCDF($0, $1[0], $1[1]) },
    quantile: { GSL.betaQuantile($0, $1[0], $1[1]) },
    sampler: { GSL.betaDraw($0, $1[0], $1[1]) }, noise: .implicit)

  private static let betaProportion = DistributionCase(
    name: "BetaProportion", ranges: [0.2...0.8, 5...12], support: .unitInterval,
    make: { BetaProportion($0[0], $0[1]) },
    density: { GSL.betaDensity($0, $1[0] * $1[1], (1 - $1[0]) * $1[1]) },
    cdf: { GSL.betaCDF($0, $1[0] * $1[1], (1 - $1[0]) * $1[1]) },
    quantile: { GSL.betaQuantile($0, $1[0] * $1[1], (1 - $1[0]) * $1[1]) }, noise: .implicit)

  private static let kumaraswamy = DistributionCase(
    name: "Kumaraswamy", ranges: [0.8...4, 0.8...4], support: .unitInterval,
    make: { Kumaraswamy($0[0], $0[1]) },
    density: { x, c in c[0] * c[1] * pow(x, c[0] - 1) * pow(-expm1(c[0] * log(x)), c[1] - 1) },
    cdf: { x, c in x <= 0 ? 0 : x >= 1 ? 1 : -expm1(c[1] * log1p(-pow(x, c[0]))) },
    quantile: { p, c in pow(-expm1(log1p(-p) / c[1]), 1 / c[0]) })

  private static let logUniform = DistributionCase(
    name: "LogUniform", ranges: [4...6, 12...20], support: .between(0, 1),
    make: { LogUniform($0[0], $0[1]) },
    density: { 1 / ($0 * log($1[1] / $1[0])) },
    cdf: { x, c in x <= c[0] ? 0 : x >= c[1] ? 1 : log1p((x - c[0]) / c[0]) / log(c[1] / c[0]) },
    quantile: { p, c in c[0] * pow(c[1] / c[0], p) })

  private static let continuousBernoulliProbs = DistributionCase(
    name: "ContinuousBernoulli(probs:)", ranges: [0.02...0.45], support: .interval(0, 1),
    make: { ContinuousBernoulli(probs: $0[0]) },
    density: { Tilted.density($0, logOdds($1[0])) },
    cdf: { Tilted.cdf($0, logOdds($1[0])) },
    quantile: { Tilted.quantile($0, logOdds($1[0])) })

  private static let continuousBernoulliLogits = DistributionCase(
    name: "ContinuousBernoulli(logits:)", ranges: [0.2...5], support: .interval(0, 1),
    make: { ContinuousBernoulli(logits: $0[0]) },
    density: { Tilted.density($0, $1[0]) },
    cdf: { Tilted.cdf($0, $1[0]) },
    quantile: { Tilted.quantile($0, $1[0]) })

  /// The density proportional to eʸˣ on the unit interval, for y not near 0.
  private enum Tilted {
    static func density(_ x: Double, _ y: Double) -> Double {
      x < 0 || x > 1 ? 0 : exp(y * x) * y / expm1(y)
    }
    static func cdf(_ x: Double, _ y: Double) -> Double {
      x <= 0 ? 0 : x >= 1 ? 1 : expm1(y * x) / expm1(y)
    }
    static func quantile(_ p: Double, _ y: Double) -> Double { log1p(p * expm1(y)) / y }
  }

  private static let relaxedBernoulliProbs = DistributionCase(
    name: "RelaxedBernoulli(probs:)", ranges: [0.8...2.5, 0.2...0.75], support: .unitInterval,
    make: { RelaxedBernoulli($0[0], probs: $0[1]) },
    density: { Relaxed.density($0, $1[0], logOdds($1[1])) },
    cdf: { Relaxed.cdf($0, $1[0], logOdds($1[1])) },
    quantile: { Relaxed.quantile($0, $1[0], logOdds($1[1])) })

  private static let relaxedBernoulliLogits = DistributionCase(
    name: "RelaxedBernoulli(logits:)", ranges: [0.6...3, -2...2], support: .unitInterval,
    make: { RelaxedBernoulli($0[0], logits: $0[1]) },
    density: { Relaxed.density($0, $1[0], $1[1]) },
    cdf: { Relaxed.cdf($0, $1[0], $1[1]) },
    quantile: { Relaxed.quantile($0, $1[0], $1[1]) })

  private enum Relaxed {
    static func density(_ x: Double, _ t: Double, _ logits: Double) -> Double {
      let p = cdf(x, t, logits)
      let q = logistic(logits - t * logOdds(x))
      return t * p * q / (x * (1 - x))
    }
    static func cdf(_ x: Double, _ t: Double, _ logits: Double) -> Double {
      x <= 0 ? 0 : x >= 1 ? 1 : logistic(t * logOdds(x) - logits)
    }
    static func quantile(_ p: Double, _ t: Double, _ logits: Double) -> Double {
      logistic((logOdds(p) + logits) / t)
    }
  }

  // MARK: Truncated

  // Bounds so far apart that a hundredth is less than the distance of the outermost draws from them.
  private static let truncatedNormal = DistributionCase(
    name: "TruncatedNormal", ranges: [-6...6, 8...12, -20 ... -10, 10...20],
    support: .between(2, 3),
    make: { TruncatedNormal($0[0], $0[1], low: $0[2], high: $0[3]) },
    density: { TruncatedBell($1).density($0) }, cdf: { TruncatedBell($1).cdf($0) },
    quantile: { TruncatedBell($1).quantile($0) })

  /// A normal density between two bounds, by quadrature, which knows no cancellation.
  private struct TruncatedBell {
    let loc, scale, low, high: Double
    private static let rule = GSL.gaussLegendre(96)

    init(_ parameters: [Double]) {
      (loc, scale, low, high) = (parameters[0], parameters[1], parameters[2], parameters[3])
    }

    private func bell(_ x: Double) -> Double { exp(-0.5 * pow((x - loc) / scale, 2)) }
    private func mass(_ from: Double, _ to: Double) -> Double {
      (to - from)
        * Self.rule.reduce(0) { $0 + $1.weight * bell(from + (to - from) * $1.node) }
    }
    func density(_ x: Double) -> Double { x < low || x > high ? 0 : bell(x) / mass(low, high) }
    func cdf(_ x: Double) -> Double {
      x <= low ? 0 : x >= high ? 1 : mass(low, x) / mass(low, high)
    }
    func quantile(_ p: Double) -> Double {
      let whole = mass(low, high)
      var (a, b) = (low, high)
      for _ in 0..<90 {
        let middle = 0.5 * (a + b)
        if mass(low, middle) < p * whole { a = middle } else { b = middle }
      }
      return p == 1 ? high : a
    }
  }
}
