import CGSL
import Distributions
import Foundation

extension DistributionCase {
  /// Distributions over the real numbers, over those folded at 0, and over angles.
  static let realLine: [DistributionCase] =
    [halfNormal, halfStudentT, studentT, levy, uniform, vonMises]
    + [cauchy, laplace, asymmetricLaplace, logisticCase, skewLogistic, gumbel, softLaplace]
    + [generalizedNormal]

  // MARK: Folded and bounded

  static let halfNormal = DistributionCase(
    name: "HalfNormal", ranges: [0.2...5], support: .nonNegative,
    make: { HalfNormal($0[0]) },
    density: { 2 * GSL.normalDensity($0, 0, $1[0]) },
    cdf: { $0 <= 0 ? 0 : gsl_sf_erf($0 / $1[0] / 2.0.squareRoot()) },
    quantile: { $1[0] * GSL.halfNormalQuantile($0) },
    sampler: { GSL.gaussianDraw($0, $1[0]).magnitude })

  static let halfStudentT = DistributionCase(
    name: "HalfStudentT", ranges: [0.7...12, 0.2...5], support: .nonNegative,
    make: { HalfStudentT($0[0], $0[1]) },
    density: { 2 * GSL.studentDensity($0 / $1[1], $1[0]) / $1[1] },
    cdf: { GSL.halfStudentCDF($0 / $1[1], $1[0]) },
    quantile: { $1[1] * GSL.halfStudentQuantile($0, $1[0]) },
    sampler: { $1[1] * GSL.studentDraw($0, $1[0]).magnitude }, noise: .several)

  static let studentT = DistributionCase(
    name: "StudentT", ranges: [0.7...12, -3...3, 0.2...5], support: .real,
    make: { StudentT($0[0], $0[1], $0[2]) },
    density: { GSL.studentDensity(($0 - $1[1]) / $1[2], $1[0]) / $1[2] },
    cdf: { gsl_cdf_tdist_P(($0 - $1[1]) / $1[2], $1[0]) },
    quantile: { $1[1] + $1[2] * GSL.studentQuantile($0, $1[0]) },
    sampler: { $1[1] + $1[2] * GSL.studentDraw($0, $1[0]) }, noise: .several)

  static let levy = DistributionCase(
    name: "Levy", ranges: [-3...3, 0.2...5], support: .between(0, nil),
    make: { Levy($0[0], $0[1]) },
    density: { GSL.levyDensity(($0 - $1[0]) / $1[1]) / $1[1] },
    cdf: { GSL.levyCDF(($0 - $1[0]) / $1[1]) },
    quantile: { $1[0] + $1[1] * GSL.levyQuantile($0) },
    sampler: { generator, parameters in
      let z = GSL.gaussianDraw(generator, 1)
      return parameters[0] + parameters[1] / (z * z)
    })

  static let uniform = DistributionCase(
    name: "Uniform", ranges: [-3...0, 0.5...4], support: .between(0, 1),
    make: { Uniform($0[0], $0[1]) },
    density: { GSL.flatDensity($0, $1[0], $1[1]) },
    cdf: { gsl_cdf_flat_P($0, $1[0], $1[1]) },
    quantile: { gsl_cdf_flat_Pinv($0, $1[0], $1[1]) },
    sampler: { GSL.flatDraw($0, $1[0], $1[1]) })

  static let vonMises = DistributionCase(
    name: "VonMises", ranges: [-2.5...2.5, 0.3...8], support: .interval(-.pi, .pi),
    make: { VonMises($0[0], $0[1]) },
    density: { GSL.vonMisesDensity($0, $1[0], $1[1]) },
    cdf: { GSL.vonMisesCDF($0, $1[0], $1[1]) },
    quantile: { GSL.vonMisesQuantile($0, $1[0], $1[1]) }, noise: .implicit)

  // MARK: The real line

  static let cauchy = DistributionCase(
    name: "Cauchy", ranges: [-3...3, 0.2...5], support: .real,
    make: { Cauchy($0[0], $0[1]) },
    density: { GSL.cauchyDensity($0 - $1[0], $1[1]) },
    cdf: { gsl_cdf_cauchy_P($0 - $1[0], $1[1]) },
    quantile: {
      $1[0] + ($0 > 0.5 ? gsl_cdf_cauchy_Qinv(1 - $0, $1[1]) : gsl_cdf_cauchy_Pinv($0, $1[1]))
    },
    sampler: { $1[0] + GSL.cauchyDraw($0, $1[1]) })

  static let laplace = DistributionCase(
    name: "Laplace", ranges: [-3...3, 0.2...5], support: .real,
    make: { Laplace($0[0], $0[1]) },
    density: { GSL.laplaceDensity($0 - $1[0], $1[1]) },
    cdf: { gsl_cdf_laplace_P($0 - $1[0], $1[1]) },
    quantile: { $1[0] + gsl_cdf_laplace_Pinv($0, $1[1]) },
    sampler: { $1[0] + GSL.laplaceDraw($0, $1[1]) })

  /// Two exponential distributions, back to back, with the weights of their scales.
  static let asymmetricLaplace = DistributionCase(
    name: "AsymmetricLaplace", ranges: [-3...3, 0.2...5, 0.3...3], support: .real,
    make: { AsymmetricLaplace($0[0], $0[1], $0[2]) },
    density: {
      let (left, right) = ($1[1] * $1[2], $1[1] / $1[2])
      return exp(-($0 < $1[0] ? ($1[0] - $0) / left : ($0 - $1[0]) / right)) / (left + right)
    },
    cdf: {
      let (left, right) = ($1[1] * $1[2], $1[1] / $1[2])
      let total = left + right
      return $0 < $1[0]
        ? left / total * gsl_cdf_exponential_Q($1[0] - $0, left)
        : left / total + right / total * gsl_cdf_exponential_P($0 - $1[0], right)
    },
    quantile: {
      let (left, right) = ($1[1] * $1[2], $1[1] / $1[2])
      let total = left + right
      return $0 < left / total
        ? $1[0] - gsl_cdf_exponential_Qinv($0 * total / left, left)
        : $1[0] + gsl_cdf_exponential_Qinv((1 - $0) * total / right, right)
    })

  static let logisticCase = DistributionCase(
    name: "Logistic", ranges: [-3...3, 0.2...5], support: .real,
    make: { Logistic($0[0], $0[1]) },
    density: { GSL.logisticDensity($0 - $1[0], $1[1]) },
    cdf: { gsl_cdf_logistic_P($0 - $1[0], $1[1]) },
    quantile: { $1[0] + gsl_cdf_logistic_Pinv($0, $1[1]) },
    sampler: { $1[0] + GSL.logisticDraw($0, $1[1]) })

  /// The largest of `asymmetry` logistic draws, if that is a whole number.
  static let skewLogistic = DistributionCase(
    name: "SkewLogistic", ranges: [-3...3, 0.2...5, 0.3...3], support: .real,
    make: { SkewLogistic($0[0], $0[1], $0[2]) },
    density: {
      let below = gsl_cdf_logistic_P($0 - $1[0], $1[1])
      return $1[2] * pow(below, $1[2] - 1) * GSL.logisticDensity($0 - $1[0], $1[1])
    },
    cdf: { pow(gsl_cdf_logistic_P($0 - $1[0], $1[1]), $1[2]) },
    quantile: {
      // Above the median from the complement of the power, which is near 1.
      let root = log($0) / $1[2]
      return root < -0.5
        ? $1[0] + gsl_cdf_logistic_Pinv(exp(root), $1[1])
        : $1[0] + gsl_cdf_logistic_Qinv(-expm1(root), $1[1])
    })

  /// GSL's first type of Gumbel distribution has density a b exp(−(b exp(−a x) + a x)).
  static let gumbel = DistributionCase(
    name: "Gumbel", ranges: [-3...3, 0.2...5], support: .real,
    make: { Gumbel($0[0], $0[1]) },
    density: { GSL.gumbelDensity($0 - $1[0], 1 / $1[1], 1) },
    cdf: { gsl_cdf_gumbel1_P($0 - $1[0], 1 / $1[1], 1) },
    quantile: { $1[0] + gsl_cdf_gumbel1_Pinv($0, 1 / $1[1], 1) },
    sampler: { $1[0] + GSL.gumbelDraw($0, 1 / $1[1], 1) })

  /// The logarithm of the magnitude of a Cauchy draw.
  static let softLaplace = DistributionCase(
    name: "SoftLaplace", ranges: [-3...3, 0.2...5], support: .real,
    make: { SoftLaplace($0[0], $0[1]) },
    density: { 1 / (Double.pi * cosh(($0 - $1[0]) / $1[1]) * $1[1]) },
    cdf: { GSL.halfCauchyCDF(exp(($0 - $1[0]) / $1[1]), 1) },
    quantile: { $1[0] + $1[1] * log(GSL.halfCauchyQuantile($0, 1)) },
    sampler: { $1[0] + $1[1] * log(GSL.cauchyDraw($0, 1).magnitude) })

  /// GSL's Γ(a, x) has ten digits for some a below 1; the golden values have them all.
  static let generalizedNormal = DistributionCase(
    name: "GeneralizedNormal", ranges: [-3...3, 0.2...1.9, 1...6], support: .real,
    make: { GeneralizedNormal($0[0], $0[1], $0[2]) },
    density: { GSL.exponentialPowerDensity($0 - $1[0], $1[1], $1[2]) },
    cdf: { gsl_cdf_exppow_P($0 - $1[0], $1[1], $1[2]) },
    quantile: { $1[0] + $1[1] * GSL.exponentialPowerQuantile($0, $1[2]) },
    sampler: { $1[0] + GSL.exponentialPowerDraw($0, $1[1], $1[2]) }, noise: .implicit,
    accuracy: 1e-9)
}
