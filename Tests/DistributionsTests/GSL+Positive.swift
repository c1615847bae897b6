import CGSL

extension GSL {
  private static let gamma = symbol("gsl_ran_gamma_pdf", Density2.self)
  private static let chiSquared = symbol("gsl_ran_chisq_pdf", Density1.self)
  private static let exponential = symbol("gsl_ran_exponential_pdf", Density1.self)
  private static let weibull = symbol("gsl_ran_weibull_pdf", Density2.self)
  private static let pareto = symbol("gsl_ran_pareto_pdf", Density2.self)
  private static let snedecor = symbol("gsl_ran_fdist_pdf", Density2.self)
  private static let beta = symbol("gsl_ran_beta_pdf", Density2.self)

  static let gammaDraw = symbol("gsl_ran_gamma", Draw2.self)
  static let chiSquaredDraw = symbol("gsl_ran_chisq", Draw1.self)
  static let exponentialDraw = symbol("gsl_ran_exponential", Draw1.self)
  static let weibullDraw = symbol("gsl_ran_weibull", Draw2.self)
  static let paretoDraw = symbol("gsl_ran_pareto", Draw2.self)
  static let fDraw = symbol("gsl_ran_fdist", Draw2.self)
  static let betaDraw = symbol("gsl_ran_beta", Draw2.self)

  // MARK: Gamma

  static func gammaDensity(_ x: Double, _ shape: Double, _ rate: Double) -> Double {
    gamma(x, shape, 1 / rate)
  }
  static func gammaCDF(_ x: Double, _ shape: Double, _ rate: Double) -> Double {
    x <= 0 ? 0 : gsl_cdf_gamma_P(x, shape, 1 / rate)
  }
  static func gammaQuantile(_ p: Double, _ shape: Double, _ rate: Double) -> Double {
    polished(
      gsl_cdf_gamma_Pinv(p, shape, 1 / rate),
      { p > 0.5 ? 1 - p - gsl_cdf_gamma_Q($0, shape, 1 / rate) : gammaCDF($0, shape, rate) - p },
      { gammaDensity($0, shape, rate) })
  }
  static func inverseGammaQuantile(_ p: Double, _ shape: Double, _ rate: Double) -> Double {
    let x = gsl_cdf_gamma_Qinv(p, shape, 1)
    return rate
      / polished(
        x,
        { p > 0.5 ? gammaCDF($0, shape, 1) - (1 - p) : p - gsl_cdf_gamma_Q($0, shape, 1) },
        { gammaDensity($0, shape, 1) })
  }
  static func chiSquaredDensity(_ x: Double, _ df: Double) -> Double { chiSquared(x, df) }
  static func exponentialDensity(_ x: Double, _ rate: Double) -> Double {
    exponential(x, 1 / rate)
  }
  static func weibullDensity(_ x: Double, _ scale: Double, _ k: Double) -> Double {
    weibull(x, scale, k)
  }
  static func paretoDensity(_ x: Double, _ scale: Double, _ alpha: Double) -> Double {
    pareto(x, alpha, scale)
  }

  // MARK: Beta

  static func betaDensity(_ x: Double, _ a: Double, _ b: Double) -> Double { beta(x, a, b) }
  static func betaCDF(_ x: Double, _ a: Double, _ b: Double) -> Double { gsl_cdf_beta_P(x, a, b) }
  static func betaQuantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
    polished(
      gsl_cdf_beta_Pinv(p, a, b),
      { p > 0.5 ? 1 - p - gsl_cdf_beta_Q($0, a, b) : gsl_cdf_beta_P($0, a, b) - p },
      { beta($0, a, b) })
  }
  static func fDensity(_ x: Double, _ df1: Double, _ df2: Double) -> Double {
    snedecor(x, df1, df2)
  }
  static func fCDF(_ x: Double, _ df1: Double, _ df2: Double) -> Double {
    x <= 0 ? 0 : gsl_cdf_fdist_P(x, df1, df2)
  }
  static func fQuantile(_ p: Double, _ df1: Double, _ df2: Double) -> Double {
    let x = p > 0.5 ? gsl_cdf_fdist_Qinv(1 - p, df1, df2) : gsl_cdf_fdist_Pinv(p, df1, df2)
    return polished(
      x,
      { p > 0.5 ? 1 - p - gsl_cdf_fdist_Q($0, df1, df2) : fCDF($0, df1, df2) - p },
      { fDensity($0, df1, df2) })
  }
}
