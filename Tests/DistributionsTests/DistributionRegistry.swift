import Distributions

extension DistributionCase {
  static let all = basic + realLine + positive + bounded + counts + mixtures
  static let continuous = all.filter { !$0.isDiscrete }
  static let discrete = all.filter(\.isDiscrete)

  static let basic = [
    normal, halfCauchy, logNormal, bernoulliProbs, bernoulliLogits, affineNormal, expNormal,
    sigmoidNormal,
  ]

  static let normal = DistributionCase(
    name: "Normal", ranges: [-3...3, 0.2...4], support: .real,
    make: { Normal($0[0], $0[1]) },
    density: { GSL.normalDensity($0, $1[0], $1[1]) },
    cdf: { GSL.normalCDF($0, $1[0], $1[1]) },
    quantile: { GSL.normalQuantile($0, $1[0], $1[1]) },
    sampler: { $1[0] + GSL.gaussianDraw($0, $1[1]) })

  static let halfCauchy = DistributionCase(
    name: "HalfCauchy", ranges: [0.1...10], support: .nonNegative,
    make: { HalfCauchy($0[0]) },
    density: { GSL.halfCauchyDensity($0, $1[0]) },
    cdf: { GSL.halfCauchyCDF($0, $1[0]) },
    quantile: { GSL.halfCauchyQuantile($0, $1[0]) },
    sampler: { GSL.cauchyDraw($0, $1[0]).magnitude })

  static let logNormal = DistributionCase(
    name: "LogNormal", ranges: [-1...1, 0.2...0.5], support: .positive,
    make: { LogNormal($0[0], $0[1]) },
    density: { GSL.logNormalDensity($0, $1[0], $1[1]) },
    cdf: { GSL.logNormalCDF($0, $1[0], $1[1]) },
    quantile: { GSL.logNormalQuantile($0, $1[0], $1[1]) },
    sampler: { GSL.logNormalDraw($0, $1[0], $1[1]) })

  static let bernoulliProbs = DistributionCase(
    name: "Bernoulli(probs:)", ranges: [0.02...0.98], support: .boolean,
    make: { Bernoulli(probs: $0[0]) },
    density: { GSL.bernoulliMass(Int($0), $1[0]) },
    cdf: { $0 < 0 ? 0 : $0 < 1 ? 1 - $1[0] : 1 },
    quantile: { $0 <= 1 - $1[0] ? 0 : 1 },
    isReparameterized: false, sampler: { GSL.bernoulliDraw($0, $1[0]) })

  static let bernoulliLogits = DistributionCase(
    name: "Bernoulli(logits:)", ranges: [-4...4], support: .boolean,
    make: { Bernoulli(logits: $0[0]) },
    density: { GSL.bernoulliMass(Int($0), logistic($1[0])) },
    cdf: { $0 < 0 ? 0 : $0 < 1 ? logistic(-$1[0]) : 1 },
    quantile: { $0 <= logistic(-$1[0]) ? 0 : 1 },
    isReparameterized: false)

  static let affineNormal = DistributionCase(
    name: "Normal → Affine", ranges: [-1...1, 0.5...2, -3...3, -2...(-0.3)], support: .real,
    make: { TransformedDistribution(Normal($0[0], $0[1]), [Affine(shift: $0[2], scale: $0[3])]) },
    density: { GSL.normalDensity($0, $1[2] + $1[3] * $1[0], -$1[3] * $1[1]) },
    cdf: { GSL.normalCDF($0, $1[2] + $1[3] * $1[0], -$1[3] * $1[1]) },
    quantile: { GSL.normalQuantile($0, $1[2] + $1[3] * $1[0], -$1[3] * $1[1]) },
    hasGolden: false, checksParameters: false)

  static let expNormal = DistributionCase(
    name: "Normal → Exp", ranges: [-1...1, 0.2...0.5], support: .positive,
    make: { TransformedDistribution(Normal($0[0], $0[1]), [Exp()]) },
    density: { GSL.logNormalDensity($0, $1[0], $1[1]) },
    cdf: { GSL.logNormalCDF($0, $1[0], $1[1]) },
    quantile: { GSL.logNormalQuantile($0, $1[0], $1[1]) },
    hasGolden: false, checksParameters: false)

  static let sigmoidNormal = DistributionCase(
    name: "Normal → Affine → Sigmoid", ranges: [-1...1, 0.3...1], support: .unitInterval,
    make: {
      TransformedDistribution(Normal(0, 1), [Affine(shift: $0[0], scale: $0[1]), Sigmoid()])
    },
    density: { GSL.normalDensity(logOdds($0), $1[0], $1[1]) / ($0 * (1 - $0)) },
    cdf: { GSL.normalCDF(logOdds($0), $1[0], $1[1]) },
    quantile: { logistic(GSL.normalQuantile($0, $1[0], $1[1])) },
    hasGolden: false, checksParameters: false)
}
