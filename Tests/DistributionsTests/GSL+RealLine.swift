import CGSL
import Foundation

/// Functions of distributions over the real line and its folded halves, by GSL or in closed form.
extension GSL {
  static let cauchyDensity = symbol("gsl_ran_cauchy_pdf", Density1.self)
  static let laplaceDensity = symbol("gsl_ran_laplace_pdf", Density1.self)
  static let logisticDensity = symbol("gsl_ran_logistic_pdf", Density1.self)
  static let gumbelDensity = symbol("gsl_ran_gumbel1_pdf", Density2.self)
  static let studentDensity = symbol("gsl_ran_tdist_pdf", Density1.self)
  static let exponentialPowerDensity = symbol("gsl_ran_exppow_pdf", Density2.self)
  static let flatDensity = symbol("gsl_ran_flat_pdf", Density2.self)
  static let laplaceDraw = symbol("gsl_ran_laplace", Draw1.self)
  static let logisticDraw = symbol("gsl_ran_logistic", Draw1.self)
  static let gumbelDraw = symbol("gsl_ran_gumbel1", Draw2.self)
  static let studentDraw = symbol("gsl_ran_tdist", Draw1.self)
  static let exponentialPowerDraw = symbol("gsl_ran_exppow", Draw2.self)
  static let flatDraw = symbol("gsl_ran_flat", Draw2.self)

  /// GSL's inverse fails for few degrees of freedom.
  static func studentQuantile(_ p: Double, _ df: Double) -> Double {
    symmetricQuantile(p) { gsl_cdf_tdist_Q($0, df) }
  }

  static func exponentialPowerQuantile(_ p: Double, _ shape: Double) -> Double {
    symmetricQuantile(p) { gsl_cdf_exppow_Q($0, 1, shape) }
  }

  /// A quantile of a distribution symmetric around 0, by bisection of the distance's logarithm.
  private static func symmetricQuantile(_ p: Double, beyond: (Double) -> Double) -> Double {
    if p > 0.5 { return -symmetricQuantile(1 - p, beyond: beyond) }
    if p == 0.5 { return 0 }
    var (low, high) = (-60.0, 700.0)
    for _ in 0..<70 {
      let middle = 0.5 * (low + high)
      if beyond(exp(middle)) > p { low = middle } else { high = middle }
    }
    return -exp(0.5 * (low + high))
  }

  /// P(|T| ≤ x), from the mass that is small.
  static func halfStudentCDF(_ x: Double, _ df: Double) -> Double {
    if x > 1 { return 1 - 2 * gsl_cdf_tdist_Q(x, df) }
    return x <= 0 ? 0 : gsl_cdf_beta_P(x * x / (df + x * x), 0.5, 0.5 * df)
  }
  static func halfStudentQuantile(_ p: Double, _ df: Double) -> Double {
    if p > 0.3 { return -studentQuantile((1 - p) / 2, df) }
    // The density at 0 gives the first guess.
    let start = p / (2 * studentDensity(0, df))
    return polished(start, { halfStudentCDF($0, df) - p }, { 2 * studentDensity($0, df) })
  }

  static func halfNormalQuantile(_ p: Double) -> Double {
    if p > 0.3 { return gsl_cdf_ugaussian_Qinv((1 - p) / 2) }
    let root = 2 / Double.pi
    return polished(p / root.squareRoot(), { gsl_sf_erf($0 / 2.0.squareRoot()) - p }) {
      2 * normalDensity($0, 0, 1)
    }
  }

  /// P(1/Z² ≤ x) = P(|Z| ≥ 1/√x).
  static func levyCDF(_ x: Double) -> Double {
    x <= 0 ? 0 : 2 * gsl_cdf_ugaussian_Q(1 / x.squareRoot())
  }
  static func levyDensity(_ x: Double) -> Double {
    x <= 0 ? 0 : normalDensity(1 / x.squareRoot(), 0, 1) / (x * x.squareRoot())
  }
  static func levyQuantile(_ p: Double) -> Double {
    let z = p > 0.5 ? halfNormalQuantile(1 - p) : gsl_cdf_ugaussian_Qinv(p / 2)
    return 1 / (z * z)
  }

  // MARK: Von Mises

  private static let circleRule = gaussLegendre(64)

  static func vonMisesDensity(_ x: Double, _ loc: Double, _ concentration: Double) -> Double {
    exp(concentration * (cos(x - loc) - 1))
      / (2 * Double.pi * gsl_sf_bessel_I0_scaled(concentration))
  }

  /// By quadrature from −π on; for concentrations below 10.
  static func vonMisesCDF(_ x: Double, _ loc: Double, _ concentration: Double) -> Double {
    let width = min(max(x, -.pi), .pi) + .pi
    let sum = circleRule.reduce(0) {
      $0 + $1.weight * exp(concentration * (cos(width * $1.node - .pi - loc) - 1))
    }
    return width * sum / (2 * Double.pi * gsl_sf_bessel_I0_scaled(concentration))
  }

  /// By bisection.
  static func vonMisesQuantile(_ p: Double, _ loc: Double, _ concentration: Double) -> Double {
    var (low, high) = (-Double.pi, Double.pi)
    for _ in 0..<60 {
      let middle = 0.5 * (low + high)
      if vonMisesCDF(middle, loc, concentration) < p { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
}
