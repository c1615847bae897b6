import CGSL

extension GSL {
  private final class Integrand {
    let function: (Double) -> Double
    init(_ function: @escaping (Double) -> Double) { self.function = function }
  }

  /// ∫ f over an interval by adaptive Gauss–Kronrod quadrature, with its error estimate.
  static func integral(
    over interval: ClosedRange<Double>, _ f: @escaping (Double) -> Double
  ) -> (value: Double, error: Double) {
    gsl_set_error_handler_off()
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
