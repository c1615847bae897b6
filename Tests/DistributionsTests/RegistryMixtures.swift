import CGSL
import Distributions
import Foundation

extension DistributionCase {
  /// Mixtures and other wrappers.
  static let mixtures: [DistributionCase] = [
    mixtureSameFamily, mixture, zeroInflatedPoisson, zeroInflatedPoissonLogits,
    zeroInflatedNegativeBinomial2, hurdlePoisson, maskedNormal, orderStatistic, greatestOfThree,
  ]

  /// Three normal components: weights, locations, scales.
  static let mixtureSameFamily = DistributionCase(
    name: "MixtureSameFamily",
    ranges: [0.2...1, 0.2...1, 0.2...1, -2 ... -1, 0...1, 1...3, 0.5...1, 0.5...2, 0.5...1],
    support: .real,
    make: {
      MixtureSameFamily(
        Categorical(probs: stack(Array($0[0..<3]), along: -1)),
        Normal(stack(Array($0[3..<6]), along: -1), stack(Array($0[6...]), along: -1)))
    },
    density: { x, v in share(v) { GSL.normalDensity(x, v[3 + $0], v[6 + $0]) } },
    cdf: { x, v in share(v) { GSL.normalCDF(x, v[3 + $0], v[6 + $0]) } },
    quantile: { p, v in
      root(-60...60) { x in
        p < 0.5
          ? share(v) { GSL.normalCDF(x, v[3 + $0], v[6 + $0]) } - p
          : 1 - p - share(v) { GSL.normalCDF(-x, -v[3 + $0], v[6 + $0]) }
      }
    },
    isReparameterized: false, checksParameters: false)

  /// Σ wₖ f(k) for three weights that are first among the parameters.
  private static func share(_ v: [Double], _ f: (Int) -> Double) -> Double {
    (0..<3).reduce(0) { $0 + v[$1] * f($1) } / (v[0] + v[1] + v[2])
  }

  /// A normal and a log-normal component.
  static let mixture = DistributionCase(
    name: "Mixture", ranges: [-2...2, -2...2, -2...2, 0.5...2, -1...1, 0.3...0.8], support: .real,
    make: {
      Mixture(
        Categorical(logits: stack(Array($0[0..<2]), along: -1)),
        [Normal($0[2], $0[3]), LogNormal($0[4], $0[5])])
    },
    density: { x, v in
      let tail = x > 0 ? logistic(v[1] - v[0]) * GSL.logNormalDensity(x, v[4], v[5]) : 0
      return logistic(v[0] - v[1]) * GSL.normalDensity(x, v[2], v[3]) + tail
    },
    cdf: { mixtureShare($0, $1) },
    quantile: { p, v in root(-60...2000) { mixtureShare($0, v) - p } },
    isReparameterized: false, accuracy: 1e-8, checksParameters: false)

  private static func mixtureShare(_ x: Double, _ v: [Double]) -> Double {
    let normal = logistic(v[0] - v[1]) * GSL.normalCDF(x, v[2], v[3])
    return normal + logistic(v[1] - v[0]) * GSL.logNormalCDF(x, v[4], v[5])
  }

  /// Where an increasing function crosses zero, by bisection.
  private static func root(_ interval: ClosedRange<Double>, _ f: (Double) -> Double) -> Double {
    var (low, high) = (interval.lowerBound, interval.upperBound)
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { return middle }
      if f(middle) < 0 { low = middle } else { high = middle }
    }
  }

  // MARK: Extra zeros

  private static let natural = Support.integers(from: 0, to: nil)

  static let zeroInflatedPoisson = inflated(
    "ZeroInflatedPoisson(gate:)", [0.05...0.9, 0.3...20],
    { ZeroInflatedPoisson($0[1], gate: $0[0]) }, { $0[0] }, { GSL.poissonMass($0, $1[1]) },
    { GSL.poissonCDF($0, $1[1]) })

  static let zeroInflatedPoissonLogits = inflated(
    "ZeroInflatedPoisson(gateLogits:)", [-3...3, 0.3...20],
    { ZeroInflatedPoisson($0[1], gateLogits: $0[0]) }, { logistic($0[0]) },
    { GSL.poissonMass($0, $1[1]) }, { GSL.poissonCDF($0, $1[1]) })

  static let zeroInflatedNegativeBinomial2 = inflated(
    "ZeroInflatedNegativeBinomial2", [0.05...0.9, 0.3...20, 0.5...10],
    { ZeroInflatedNegativeBinomial2($0[1], $0[2], gate: $0[0]) }, { $0[0] },
    { GSL.negativeBinomialMass($0, $1[2], $1[1] / ($1[1] + $1[2])) },
    { GSL.negativeBinomialCDF($0, $1[2], $1[1] / ($1[1] + $1[2])) })

  private static func inflated(
    _ name: String, _ ranges: [ClosedRange<Double>],
    _ make: @escaping @Sendable ([Tensor]) -> any Distribution,
    _ gate: @escaping @Sendable ([Double]) -> Double, _ mass: @escaping Function,
    _ cdf: @escaping Function
  ) -> DistributionCase {
    @Sendable func sum(_ x: Double, _ v: [Double]) -> Double {
      x < 0 ? 0 : gate(v) + (1 - gate(v)) * cdf(x, v)
    }
    return DistributionCase(
      name: name, ranges: ranges, support: natural, make: make,
      density: { x, v in (x == 0 ? gate(v) : 0) + (1 - gate(v)) * mass(x, v) }, cdf: sum,
      quantile: { p, v in GSL.leastCount(p) { sum($0, v) } },
      isReparameterized: false, checksParameters: false)
  }

  static let hurdlePoisson = DistributionCase(
    name: "HurdlePoisson", ranges: [0.05...0.9, 0.3...20], support: natural,
    make: { Hurdle(Poisson($0[1]), gate: $0[0]) },
    density: { x, v in
      x == 0 ? v[0] : -(1 - v[0]) * GSL.poissonMass(x, v[1]) / expm1(-v[1])
    },
    cdf: { hurdleShare($0, $1) },
    quantile: { p, v in GSL.leastCount(p) { hurdleShare($0, v) } },
    isReparameterized: false, checksParameters: false)

  private static func hurdleShare(_ x: Double, _ v: [Double]) -> Double {
    if x < 1 { return x < 0 ? 0 : v[0] }
    return v[0] + (1 - v[0]) * (GSL.poissonCDF(x, v[1]) - exp(-v[1])) / -expm1(-v[1])
  }

  /// A mask that is true changes nothing.
  static let maskedNormal = DistributionCase(
    name: "Normal, masked", ranges: [-3...3, 0.2...4], support: .real,
    make: { Normal($0[0], $0[1]).mask(Tensor(true)) },
    density: { GSL.normalDensity($0, $1[0], $1[1]) },
    cdf: { GSL.normalCDF($0, $1[0], $1[1]) },
    quantile: { GSL.normalQuantile($0, $1[0], $1[1]) },
    hasGolden: false, checksParameters: false)

  // MARK: Ranks

  /// The second of five: of a beta variable, the normal quantile.
  static let orderStatistic = DistributionCase(
    name: "OrderStatistic", ranges: [-3...3, 0.2...4], support: .real,
    make: { OrderStatistic(Normal($0[0], $0[1]), count: 5, rank: 2) },
    density: {
      GSL.betaDensity(GSL.normalCDF($0, $1[0], $1[1]), 2, 4) * GSL.normalDensity($0, $1[0], $1[1])
    },
    cdf: { GSL.betaCDF(GSL.normalCDF($0, $1[0], $1[1]), 2, 4) },
    quantile: { p, v in
      // In the upper tail from the complement, which has more digits there.
      p < 0.5
        ? GSL.normalQuantile(GSL.betaQuantile(p, 2, 4), v[0], v[1])
        : 2 * v[0] - GSL.normalQuantile(GSL.betaQuantile(1 - p, 4, 2), v[0], v[1])
    },
    hasGolden: false, noise: .implicit, accuracy: 1e-10, checksParameters: false)

  /// F³, for Weibull's F.
  static let greatestOfThree = DistributionCase(
    name: "OrderStatistic, greatest", ranges: [0.2...5, 0.7...5], support: .positive,
    make: { OrderStatistic(Weibull($0[0], $0[1]), count: 3, rank: 3) },
    density: {
      3 * pow(gsl_cdf_weibull_P($0, $1[0], $1[1]), 2) * GSL.weibullDensity($0, $1[0], $1[1])
    },
    cdf: { $0 <= 0 ? 0 : pow(gsl_cdf_weibull_P($0, $1[0], $1[1]), 3) },
    quantile: { p, v in
      p < 0.5
        ? gsl_cdf_weibull_Pinv(pow(p, 1.0 / 3), v[0], v[1])
        : gsl_cdf_weibull_Qinv(-expm1(log1p(-(1 - p)) / 3), v[0], v[1])
    },
    hasGolden: false, noise: .implicit, accuracy: 1e-10, checksParameters: false)
}
