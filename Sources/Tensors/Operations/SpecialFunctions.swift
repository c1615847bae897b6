// The only file that calls GSL.
internal import CGSL

/// GSL's default error handler ends the process; it is turned off before the first call.
private let errorsAreReturned: Bool = {
  gsl_set_error_handler_off()
  return true
}()

/// The value of a GSL function: IEEE's ±∞ or 0 where GSL reports over- or underflow, NaN outside
/// its domain.
private func value(_ call: (UnsafeMutablePointer<gsl_sf_result>) -> CInt) -> Double {
  guard errorsAreReturned else { return .nan }
  var result = gsl_sf_result()
  return call(&result) == CInt(GSL_EDOM) ? .nan : result.val
}

extension ScalarMath {
  /// Jₙ and Yₙ vanish at ∞. J is even or odd; Y is −∞ at 0 and NaN below.
  static func besselJ0(_ x: Double) -> Double {
    x.isInfinite ? 0 : x.isNaN ? x : value { gsl_sf_bessel_J0_e(x, $0) }
  }
  static func besselJ1(_ x: Double) -> Double {
    x.isInfinite ? 0 : x.isNaN ? x : value { gsl_sf_bessel_J1_e(x, $0) }
  }
  static func besselY0(_ x: Double) -> Double {
    x == 0 ? -.infinity : atPositive(x) { gsl_sf_bessel_Y0_e(x, $0) }
  }
  static func besselY1(_ x: Double) -> Double {
    x == 0 ? -.infinity : atPositive(x) { gsl_sf_bessel_Y1_e(x, $0) }
  }

  /// e⁻ˡˣˡ Iₙ(x), which vanishes at ±∞.
  static func besselI0e(_ x: Double) -> Double {
    x.isInfinite ? 0 : x.isNaN ? x : value { gsl_sf_bessel_I0_scaled_e(x, $0) }
  }
  static func besselI1e(_ x: Double) -> Double {
    x.isInfinite ? 0 : x.isNaN ? x : value { gsl_sf_bessel_I1_scaled_e(x, $0) }
  }
  static func besselIe(_ n: Double, _ x: Double) -> Double {
    x.isInfinite ? 0 : x.isNaN ? x : value { gsl_sf_bessel_In_scaled_e(CInt(n), x, $0) }
  }

  /// Iₙ, overflowing to ±∞.
  static func besselI0(_ x: Double) -> Double {
    x.isNaN ? x : x.magnitude > 750 ? .infinity : value { gsl_sf_bessel_I0_e(x, $0) }
  }
  static func besselI1(_ x: Double) -> Double {
    x.isNaN ? x : x.magnitude > 750 ? x * .infinity : value { gsl_sf_bessel_I1_e(x, $0) }
  }
  static func besselI(_ n: Double, _ x: Double) -> Double {
    if x.isNaN { return x }
    if x.isInfinite {
      return x < 0 && n.truncatingRemainder(dividingBy: 2) != 0 ? -.infinity : .infinity
    }
    return value { gsl_sf_bessel_In_e(CInt(n), x, $0) }
  }

  /// Kₙ and eˣ Kₙ: +∞ at 0, NaN below, 0 at ∞.
  static func besselK0(_ x: Double) -> Double {
    x == 0 ? .infinity : atPositive(x) { gsl_sf_bessel_K0_e(x, $0) }
  }
  static func besselK1(_ x: Double) -> Double {
    x == 0 ? .infinity : atPositive(x) { gsl_sf_bessel_K1_e(x, $0) }
  }
  static func besselK0e(_ x: Double) -> Double {
    x == 0 ? .infinity : atPositive(x) { gsl_sf_bessel_K0_scaled_e(x, $0) }
  }
  static func besselK1e(_ x: Double) -> Double {
    x == 0 ? .infinity : atPositive(x) { gsl_sf_bessel_K1_scaled_e(x, $0) }
  }

  /// The upper branch of the inverse of w eʷ; NaN below −1/e.
  static func lambertW(_ x: Double) -> Double {
    x.isNaN || x == .infinity ? x : value { gsl_sf_lambert_W0_e(x, $0) }
  }

  private static func atPositive(
    _ x: Double, _ call: (UnsafeMutablePointer<gsl_sf_result>) -> CInt
  ) -> Double {
    x > 0 ? x == .infinity ? 0 : value(call) : .nan
  }
}

extension ScalarFunction {
  static let besselJ0: ScalarFunction = .init("besselJ0", { ScalarMath.besselJ0($0) }) { ct, x, _ in
    [-(ct * besselJ1(x[0]))]
  }
  static let besselJ1: ScalarFunction = .init("besselJ1", { ScalarMath.besselJ1($0) }) { ct, x, y in
    [ct * (besselJ0(x[0]) - overArgument(y, x[0]))]
  }
  static let besselY0: ScalarFunction = .init("besselY0", { ScalarMath.besselY0($0) }) { ct, x, _ in
    [-(ct * besselY1(x[0]))]
  }
  static let besselY1: ScalarFunction = .init("besselY1", { ScalarMath.besselY1($0) }) { ct, x, y in
    [ct * (besselY0(x[0]) - y / x[0])]
  }
  static let besselI0: ScalarFunction = .init("besselI0", { ScalarMath.besselI0($0) }) { ct, x, _ in
    [ct * besselI1(x[0])]
  }
  static let besselI1: ScalarFunction = .init("besselI1", { ScalarMath.besselI1($0) }) { ct, x, y in
    [ct * (besselI0(x[0]) - overArgument(y, x[0]))]
  }
  static let besselK0: ScalarFunction = .init("besselK0", { ScalarMath.besselK0($0) }) { ct, x, _ in
    [-(ct * besselK1(x[0]))]
  }
  static let besselK1: ScalarFunction = .init("besselK1", { ScalarMath.besselK1($0) }) { ct, x, y in
    [-(ct * (besselK0(x[0]) + y / x[0]))]
  }
  static let besselI0e: ScalarFunction = .init("besselI0e", { ScalarMath.besselI0e($0) }) {
    ct, x, y in
    [ct * (besselI1e(x[0]) - sign(x[0]) * y)]
  }
  static let besselI1e: ScalarFunction = .init("besselI1e", { ScalarMath.besselI1e($0) }) {
    ct, x, y in
    [ct * (besselI0e(x[0]) - overArgument(y, x[0]) - sign(x[0]) * y)]
  }
  static let besselK0e: ScalarFunction = .init("besselK0e", { ScalarMath.besselK0e($0) }) {
    ct, x, y in
    [ct * (y - besselK1e(x[0]))]
  }
  static let besselK1e: ScalarFunction = .init("besselK1e", { ScalarMath.besselK1e($0) }) {
    ct, x, y in
    [ct * (y - besselK0e(x[0]) - y / x[0])]
  }
  /// The order is the first operand: Iₙ′ = (Iₙ₋₁ + Iₙ₊₁) / 2.
  static let besselI: ScalarFunction = .init("besselI", { ScalarMath.besselI($0, $1) }) {
    ct, x, _ in
    [nil, ct * (0.5 * (besselI(abs(x[0] - 1), x[1]) + besselI(x[0] + 1, x[1])))]
  }
  static let besselIe: ScalarFunction = .init("besselIe", { ScalarMath.besselIe($0, $1) }) {
    ct, x, y in
    let sides = besselIe(abs(x[0] - 1), x[1]) + besselIe(x[0] + 1, x[1])
    return [nil, ct * (0.5 * sides - sign(x[1]) * y)]
  }
  /// Its derivative I₁/I₀ is taken from the scaled functions, which do not overflow.
  static let logBesselI0: ScalarFunction = .init("logBesselI0", { ScalarMath.logBesselI0($0) }) {
    ct, x, _ in [ct * (besselI1e(x[0]) / besselI0e(x[0]))]
  }
  /// W′ = W / (x (1 + W)) = e⁻ᵂ / (1 + W).
  static let lambertW: ScalarFunction = .init("lambertW", { ScalarMath.lambertW($0) }) { ct, _, y in
    [ct * (exp(-y) / (1 + y))]
  }

  /// y / x for a function y of x that is x/2 near 0.
  private static func overArgument(_ y: Tensor, _ x: Tensor) -> Tensor {
    let isZero = x .== 0
    return `where`(isZero, 0.5, y / `where`(isZero, 1, x))
  }
}

/// The Bessel functions of the first kind, J₀ and J₁.
public func besselJ0(_ x: Tensor) -> Tensor { ScalarFunction.besselJ0(x) }
public func besselJ1(_ x: Tensor) -> Tensor { ScalarFunction.besselJ1(x) }

/// The Bessel functions of the second kind, Y₀ and Y₁: −∞ at 0, NaN below.
public func besselY0(_ x: Tensor) -> Tensor { ScalarFunction.besselY0(x) }
public func besselY1(_ x: Tensor) -> Tensor { ScalarFunction.besselY1(x) }

/// The modified Bessel functions of the first kind, I₀ and I₁.
public func besselI0(_ x: Tensor) -> Tensor { ScalarFunction.besselI0(x) }
public func besselI1(_ x: Tensor) -> Tensor { ScalarFunction.besselI1(x) }

/// The same, times exp(−|x|): they do not overflow.
public func besselI0e(_ x: Tensor) -> Tensor { ScalarFunction.besselI0e(x) }
public func besselI1e(_ x: Tensor) -> Tensor { ScalarFunction.besselI1e(x) }

/// The modified Bessel functions of the second kind, K₀ and K₁: +∞ at 0, NaN below.
public func besselK0(_ x: Tensor) -> Tensor { ScalarFunction.besselK0(x) }
public func besselK1(_ x: Tensor) -> Tensor { ScalarFunction.besselK1(x) }

/// The same, times exp(x): they do not underflow.
public func besselK0e(_ x: Tensor) -> Tensor { ScalarFunction.besselK0e(x) }
public func besselK1e(_ x: Tensor) -> Tensor { ScalarFunction.besselK1e(x) }

/// Iₙ(x), the modified Bessel function of the first kind of an integer order; times exp(−|x|) if
/// `scaled`.
public func besselI(order: Int, _ x: Tensor, scaled: Bool = false) -> Tensor {
  let x = x.asFloat
  let n = Tensor(literal: Double(order.magnitude), dtype: x.dtype, isWeak: true)
  return scaled ? ScalarFunction.besselIe(n, x) : ScalarFunction.besselI(n, x)
}

/// log I₀(x) without overflow: about x²/4 near 0 and |x| − log(2π|x|)/2 far from it.
public func logBesselI0(_ x: Tensor) -> Tensor { ScalarFunction.logBesselI0(x) }

/// The w ≥ −1 with w eʷ = x; NaN for x < −1/e.
public func lambertW(_ x: Tensor) -> Tensor { ScalarFunction.lambertW(x) }
