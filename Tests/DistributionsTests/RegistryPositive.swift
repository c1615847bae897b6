import CGSL
import Distributions
import Foundation

extension DistributionCase {
  /// Distributions over the positive numbers.
  static let positive: [DistributionCase] = [
    exponential, gamma, chi2, inverseGamma, weibull, pareto, fisherSnedecor,
  ]

  private static let exponential = DistributionCase(
    name: "Exponential", ranges: [0.1...10], support: .nonNegative,
    make: { Exponential($0[0]) },
    density: { GSL.exponentialDensity($0, $1[0]) },
    cdf: { $0 <= 0 ? 0 : gsl_cdf_exponential_P($0, 1 / $1[0]) },
    quantile: { gsl_cdf_exponential_Pinv($0, 1 / $1[0]) },
    sampler: { GSL.exponentialDraw($0, 1 / $1[0]) })

  private static let gamma = DistributionCase(
    name: "Gamma", ranges: [0.7...9, 0.2...5], support: .positive,
    make: { Gamma($0[0], $0[1]) },
    density: { GSL.gammaDensity($0, $1[0], $1[1]) },
    cdf: { GSL.gammaCDF($0, $1[0], $1[1]) },
    quantile: { GSL.gammaQuantile($0, $1[0], $1[1]) },
    sampler: { GSL.gammaDraw($0, $1[0], 1 / $1[1]) }, noise: .implicit)

  private static let chi2 = DistributionCase(
    name: "Chi2", ranges: [1.5...20], support: .positive,
    make: { Chi2($0[0]) },
    density: { GSL.chiSquaredDensity($0, $1[0]) },
    cdf: { $0 <= 0 ? 0 : gsl_cdf_chisq_P($0, $1[0]) },
    quantile: { GSL.gammaQuantile($0, $1[0] / 2, 0.5) },
    sampler: { GSL.chiSquaredDraw($0, $1[0]) }, noise: .implicit)

  private static let inverseGamma = DistributionCase(
    name: "InverseGamma", ranges: [3...9, 0.2...5], support: .positive,
    make: { InverseGamma($0[0], $0[1]) },
    density: { GSL.gammaDensity($1[1] / $0, $1[0], 1) * $1[1] / ($0 * $0) },
    cdf: { $0 <= 0 ? 0 : gsl_cdf_gamma_Q($1[1] / $0, $1[0], 1) },
    quantile: { GSL.inverseGammaQuantile($0, $1[0], $1[1]) },
    sampler: { 1 / GSL.gammaDraw($0, $1[0], 1 / $1[1]) }, noise: .implicit)

  private static let weibull = DistributionCase(
    name: "Weibull", ranges: [0.2...5, 0.7...5], support: .positive,
    make: { Weibull($0[0], $0[1]) },
    density: { GSL.weibullDensity($0, $1[0], $1[1]) },
    cdf: { $0 <= 0 ? 0 : gsl_cdf_weibull_P($0, $1[0], $1[1]) },
    quantile: { gsl_cdf_weibull_Pinv($0, $1[0], $1[1]) },
    sampler: { GSL.weibullDraw($0, $1[0], $1[1]) })

  // A least value so large that a hundredth moves it less than the least draws are away from it.
  private static let pareto = DistributionCase(
    name: "Pareto", ranges: [20...40, 3...5], support: .between(0, nil),
    make: { Pareto($0[0], $0[1]) },
    density: { GSL.paretoDensity($0, $1[0], $1[1]) },
    // GSL's is 1 − (scale / x)^alpha, which cancels near the least value.
    cdf: { $0 <= $1[0] ? 0 : -expm1(-$1[1] * log1p(($0 - $1[0]) / $1[0])) },
    quantile: { gsl_cdf_pareto_Pinv($0, $1[1], $1[0]) },
    sampler: { GSL.paretoDraw($0, $1[1], $1[0]) })

  private static let fisherSnedecor = DistributionCase(
    name: "FisherSnedecor", ranges: [2...12, 9...20], support: .positive,
    make: { FisherSnedecor($0[0], $0[1]) },
    density: { GSL.fDensity($0, $1[0], $1[1]) },
    cdf: { GSL.fCDF($0, $1[0], $1[1]) },
    quantile: { GSL.fQuantile($0, $1[0], $1[1]) },
    sampler: { GSL.fDraw($0, $1[0], $1[1]) }, noise: .implicit)
}
