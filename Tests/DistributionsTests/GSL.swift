import CGSL
import Foundation

/// Numbers that GSL computes independently of this library.
enum GSL {
  /// GSL aborts the process on errors otherwise.
  private static let isReady: Bool = {
    gsl_set_error_handler_off()
    return true
  }()

  // MARK: Densities

  // gsl_randist.h pulls in gsl_vector, which CGSL keeps out; the functions are in the library.
  private typealias Density1 = @convention(c) (Double, Double) -> Double
  private typealias Density2 = @convention(c) (Double, Double, Double) -> Double
  private typealias Mass = @convention(c) (UInt32, Double) -> Double

  private static func symbol<Function>(_ name: String, _ type: Function.Type) -> Function {
    guard let address = dlsym(dlopen(nil, RTLD_NOW), name) else { fatalError("no \(name) in GSL") }
    return unsafeBitCast(address, to: type)
  }

  private static let gaussian = symbol("gsl_ran_gaussian_pdf", Density1.self)
  private static let cauchy = symbol("gsl_ran_cauchy_pdf", Density1.self)
  private static let logNormal = symbol("gsl_ran_lognormal_pdf", Density2.self)
  private static let bernoulli = symbol("gsl_ran_bernoulli_pdf", Mass.self)

  static func normalDensity(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    gaussian(x - loc, scale)
  }
  static func halfCauchyDensity(_ x: Double, _ scale: Double) -> Double { 2 * cauchy(x, scale) }
  static func logNormalDensity(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    logNormal(x, loc, scale)
  }
  static func bernoulliMass(_ x: Int, _ p: Double) -> Double { bernoulli(UInt32(x), p) }

  // MARK: Distribution functions

  static func normalCDF(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    gsl_cdf_gaussian_P(x - loc, scale)
  }
  static func normalQuantile(_ p: Double, _ loc: Double, _ scale: Double) -> Double {
    loc + gsl_cdf_gaussian_Pinv(p, scale)
  }
  static func halfCauchyCDF(_ x: Double, _ scale: Double) -> Double {
    2 * gsl_cdf_cauchy_P(x, scale) - 1
  }
  static func halfCauchyQuantile(_ p: Double, _ scale: Double) -> Double {
    gsl_cdf_cauchy_Pinv((1 + p) / 2, scale)
  }
  static func logNormalCDF(_ x: Double, _ loc: Double, _ scale: Double) -> Double {
    gsl_cdf_lognormal_P(x, loc, scale)
  }
  static func logNormalQuantile(_ p: Double, _ loc: Double, _ scale: Double) -> Double {
    gsl_cdf_lognormal_Pinv(p, loc, scale)
  }

  // MARK: Quadrature

  private final class Integrand {
    let function: (Double) -> Double
    init(_ function: @escaping (Double) -> Double) { self.function = function }
  }

  /// ∫ f over an interval by adaptive Gauss–Kronrod quadrature, with its error estimate.
  static func integral(
    over interval: ClosedRange<Double>, _ f: @escaping (Double) -> Double
  ) -> (value: Double, error: Double) {
    precondition(isReady)
    let workspace = gsl_integration_workspace_alloc(1000)
    defer { gsl_integration_workspace_free(workspace) }
    let box = Unmanaged.passRetained(Integrand(f))
    defer { box.release() }
    var function = gsl_function(
      function: { x, parameters in
        guard let parameters else { return .nan }
        return Unmanaged<Integrand>.fromOpaque(parameters).takeUnretainedValue().function(x)
      }, params: box.toOpaque())
    var (value, error) = (0.0, 0.0)
    let status = gsl_integration_qag(
      &function, interval.lowerBound, interval.upperBound, 1e-10, 1e-10, 1000,
      Int32(GSL_INTEG_GAUSS61), workspace, &value, &error)
    return status == Int32(GSL_SUCCESS) ? (value, error) : (.nan, .infinity)
  }
}
