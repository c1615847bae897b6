import Distributions
import Foundation

extension DistributionCase {
  /// Distributions of whole numbers.
  static let counts: [DistributionCase] = [
    binomialProbs, binomialLogits, geometricProbs, geometricLogits, poisson, negativeBinomialProbs,
    negativeBinomialLogits, negativeBinomial2, gammaPoisson, betaBinomial, discreteUniform,
    categoricalProbs, categoricalLogits, orderedLogistic,
  ]

  private static let natural = Support.integers(from: 0, to: nil)

  static let binomialProbs = DistributionCase(
    name: "Binomial(probs:)", ranges: [1...60, 0.02...0.98],
    support: .integersUpTo(from: 0, 0),
    make: { Binomial($0[0], probs: $0[1]) },
    density: { GSL.binomialMass($0, $1[0], $1[1]) },
    cdf: { GSL.binomialCDF($0, $1[0], $1[1]) },
    quantile: { p, v in GSL.leastCount(p, upTo: v[0]) { GSL.binomialCDF($0, v[0], v[1]) } },
    wholeParameters: [0], isReparameterized: false,
    sampler: { GSL.binomialDraw($0, $1[0], $1[1]) })

  static let binomialLogits = DistributionCase(
    name: "Binomial(logits:)", ranges: [1...60, -4...4],
    support: .integersUpTo(from: 0, 0),
    make: { Binomial($0[0], logits: $0[1]) },
    density: { GSL.binomialMass($0, $1[0], logistic($1[1])) },
    cdf: { GSL.binomialCDF($0, $1[0], logistic($1[1])) },
    quantile: { p, v in
      GSL.leastCount(p, upTo: v[0]) { GSL.binomialCDF($0, v[0], logistic(v[1])) }
    },
    wholeParameters: [0], isReparameterized: false,
    sampler: { GSL.binomialDraw($0, $1[0], logistic($1[1])) })

  static let geometricProbs = DistributionCase(
    name: "Geometric(probs:)", ranges: [0.02...0.98], support: natural,
    make: { Geometric(probs: $0[0]) },
    density: { GSL.geometricMass($0, $1[0]) },
    cdf: { GSL.geometricCDF($0, $1[0]) },
    quantile: { p, v in GSL.leastCount(p) { GSL.geometricCDF($0, v[0]) } },
    isReparameterized: false, sampler: { GSL.geometricDraw($0, $1[0]) })

  static let geometricLogits = DistributionCase(
    name: "Geometric(logits:)", ranges: [-4...3], support: natural,
    make: { Geometric(logits: $0[0]) },
    density: { GSL.geometricMass($0, logistic($1[0])) },
    cdf: { GSL.geometricCDF($0, logistic($1[0])) },
    quantile: { p, v in GSL.leastCount(p) { GSL.geometricCDF($0, logistic(v[0])) } },
    isReparameterized: false, sampler: { GSL.geometricDraw($0, logistic($1[0])) })

  static let poisson = DistributionCase(
    name: "Poisson", ranges: [0.1...60], support: natural,
    make: { Poisson($0[0]) },
    density: { GSL.poissonMass($0, $1[0]) },
    cdf: { GSL.poissonCDF($0, $1[0]) },
    quantile: { p, v in GSL.leastCount(p) { GSL.poissonCDF($0, v[0]) } },
    isReparameterized: false, sampler: { GSL.poissonDraw($0, $1[0]) })

  static let negativeBinomialProbs = negativeBinomial(
    "NegativeBinomial(probs:)", [0.3...20, 0.05...0.9], { NegativeBinomial($0[0], probs: $0[1]) },
    { ($0[0], $0[1]) })
  static let negativeBinomialLogits = negativeBinomial(
    "NegativeBinomial(logits:)", [0.3...20, -3...2], { NegativeBinomial($0[0], logits: $0[1]) },
    { ($0[0], logistic($0[1])) })
  static let negativeBinomial2 = negativeBinomial(
    "NegativeBinomial2", [0.2...30, 0.3...20], { NegativeBinomial2($0[0], $0[1]) },
    { ($0[1], $0[0] / ($0[0] + $0[1])) })
  static let gammaPoisson = negativeBinomial(
    "GammaPoisson", [0.3...20, 0.1...5], { GammaPoisson($0[0], $0[1]) },
    { ($0[0], 1 / (1 + $0[1])) })

  private static func negativeBinomial(
    _ name: String, _ ranges: [ClosedRange<Double>],
    _ make: @escaping @Sendable ([Tensor]) -> any Distribution,
    _ form: @escaping @Sendable ([Double]) -> (r: Double, p: Double)
  ) -> DistributionCase {
    DistributionCase(
      name: name, ranges: ranges, support: natural, make: make,
      density: { GSL.negativeBinomialMass($0, form($1).r, form($1).p) },
      cdf: { GSL.negativeBinomialCDF($0, form($1).r, form($1).p) },
      quantile: { p, v in
        GSL.leastCount(p) { GSL.negativeBinomialCDF($0, form(v).r, form(v).p) }
      },
      isReparameterized: false,
      sampler: { GSL.negativeBinomialDraw($0, form($1).r, form($1).p) })
  }

  static let betaBinomial = DistributionCase(
    name: "BetaBinomial", ranges: [0.3...8, 0.3...8, 1...40],
    support: .integersUpTo(from: 0, 2),
    make: { BetaBinomial($0[0], $0[1], $0[2]) },
    density: { betaBinomialMass($0, $1) },
    cdf: { x, v in min(1, GSL.sum(upTo: min(x, v[2])) { betaBinomialMass($0, v) }) },
    quantile: { p, v in
      GSL.leastCount(p, upTo: v[2]) { GSL.sum(upTo: $0) { betaBinomialMass($0, v) } }
    },
    wholeParameters: [2], isReparameterized: false)

  private static func betaBinomialMass(_ x: Double, _ v: [Double]) -> Double {
    let (a, b, n) = (v[0], v[1], v[2])
    func logBeta(_ a: Double, _ b: Double) -> Double { lgamma(a) + lgamma(b) - lgamma(a + b) }
    return exp(logBeta(x + a, n - x + b) - logBeta(a, b) - logBeta(x + 1, n - x + 1)) / (n + 1)
  }

  static let discreteUniform = DistributionCase(
    name: "DiscreteUniform", ranges: [-20 ... -1, 0...30], support: .integersBetween(0, 1),
    make: { DiscreteUniform($0[0], $0[1]) },
    density: { 1 / ($1[1] - $1[0] + 1) },
    cdf: { min(1, max(0, (floor($0) - $1[0] + 1) / ($1[1] - $1[0] + 1))) },
    quantile: { p, v in
      GSL.leastCount(p, from: v[0], upTo: v[1]) { ($0 - v[0] + 1) / (v[1] - v[0] + 1) }
    },
    wholeParameters: [0, 1], isReparameterized: false)

  static let categoricalProbs = categorical(
    "Categorical(probs:)", [ClosedRange<Double>](repeating: 0.05...2, count: 5),
    { Categorical(probs: stack($0, along: -1)) }, { $0 })
  static let categoricalLogits = categorical(
    "Categorical(logits:)", [ClosedRange<Double>](repeating: -3...3, count: 4),
    { Categorical(logits: stack($0, along: -1)) }, { $0.map { exp($0) } })

  private static func categorical(
    _ name: String, _ ranges: [ClosedRange<Double>],
    _ make: @escaping @Sendable ([Tensor]) -> any Distribution,
    _ weights: @escaping @Sendable ([Double]) -> [Double]
  ) -> DistributionCase {
    @Sendable func share(_ x: Double, _ v: [Double]) -> Double {
      guard x >= 0 else { return 0 }
      let weights = weights(v)
      return weights.prefix(Int(min(x, 1e3)) + 1).reduce(0, +) / weights.reduce(0, +)
    }
    return DistributionCase(
      name: name, ranges: ranges, support: .integers(from: 0, to: ranges.count - 1), make: make,
      density: { x, v in weights(v)[Int(x)] / weights(v).reduce(0, +) }, cdf: share,
      quantile: { p, v in GSL.leastCount(p, upTo: Double(ranges.count - 1)) { share($0, v) } },
      isReparameterized: false, hasGolden: false, checksParameters: false)
  }

  static let orderedLogistic = DistributionCase(
    name: "OrderedLogistic", ranges: [-2...2, -3 ... -1, -0.8...0.5, 0.7...3],
    support: .integers(from: 0, to: 3),
    make: { OrderedLogistic($0[0], stack(Array($0[1...]), along: -1)) },
    density: { orderedShare($0, $1) - orderedShare($0 - 1, $1) },
    cdf: { orderedShare($0, $1) },
    quantile: { p, v in GSL.leastCount(p, upTo: 3) { orderedShare($0, v) } },
    isReparameterized: false, checksParameters: false)

  /// σ(cₓ − η), 0 below and 1 above all cutpoints.
  private static func orderedShare(_ x: Double, _ v: [Double]) -> Double {
    x < 0 ? 0 : x >= 3 ? 1 : logistic(v[Int(x) + 1] - v[0])
  }
}
