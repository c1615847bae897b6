internal import CTensorKernels

/// A function of one number, applied to each element.
final class UnaryOperation: ElementwiseOperation {
  typealias Derivative = @Sendable (_ ct: Cotangent, _ x: Tensor, _ y: Tensor) -> Cotangent?

  let name: String
  private let code: Int
  private let derivative: Derivative

  private init(_ name: String, _ code: Int, _ derivative: @escaping Derivative) {
    self.name = name
    self.code = code
    self.derivative = derivative
  }

  var identity: Int { -1 - code }

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 0 ? ctk_unary(Int32(code), result.kernelCode) : nil
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    [derivative(cotangent, inputs[0], result)]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    self(inputs[0])
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = x.dtype == .bool ? x.cast(to: .int64) : x
    let needsFloat = x.dtype == .int64 && ctk_unary(Int32(code), DType.int64.kernelCode) == nil
    let operand = needsFloat ? x.cast(to: .float64) : x
    return Tensor(
      Node(
        self, operand.node, shape: operand.shape, dtype: operand.dtype,
        isWeak: operand.node.isWeak))
  }
}

// Name, kernel, and the cotangent of x from that of y = f(x).
extension UnaryOperation {
  fileprivate static let neg: UnaryOperation = .init("neg", CTK_NEG) { ct, _, _ in -ct }
  fileprivate static let abs: UnaryOperation = .init("abs", CTK_ABS) { ct, x, _ in ct * sign(x) }
  fileprivate static let sign: UnaryOperation = .init("sign", CTK_SIGN) { _, _, _ in nil }
  fileprivate static let square: UnaryOperation = .init("square", CTK_SQUARE) { ct, x, _ in
    ct * (2 * x)
  }
  fileprivate static let sqrt: UnaryOperation = .init("sqrt", CTK_SQRT) { ct, _, y in ct * 0.5 / y }
  fileprivate static let rsqrt: UnaryOperation = .init("rsqrt", CTK_RSQRT) { ct, x, y in
    ct * (-0.5 * y / x)
  }
  fileprivate static let reciprocal: UnaryOperation = .init("reciprocal", CTK_RECIPROCAL) {
    ct, _, y in
    -(ct * square(y))
  }
  fileprivate static let exp: UnaryOperation = .init("exp", CTK_EXP) { ct, _, y in ct * y }
  fileprivate static let exp2: UnaryOperation = .init("exp2", CTK_EXP2) { ct, _, y in
    ct * (y * Double.ln2)
  }
  fileprivate static let expm1: UnaryOperation = .init("expm1", CTK_EXPM1) { ct, _, y in
    ct * (y + 1)
  }
  fileprivate static let log: UnaryOperation = .init("log", CTK_LOG) { ct, x, _ in ct / x }
  fileprivate static let log2: UnaryOperation = .init("log2", CTK_LOG2) { ct, x, _ in
    ct / (x * Double.ln2)
  }
  fileprivate static let log10: UnaryOperation = .init("log10", CTK_LOG10) { ct, x, _ in
    ct / (x * Double.ln10)
  }
  fileprivate static let log1p: UnaryOperation = .init("log1p", CTK_LOG1P) { ct, x, _ in
    ct / (1 + x)
  }
  fileprivate static let sin: UnaryOperation = .init("sin", CTK_SIN) { ct, x, _ in ct * cos(x) }
  fileprivate static let cos: UnaryOperation = .init("cos", CTK_COS) { ct, x, _ in -(ct * sin(x)) }
  fileprivate static let tan: UnaryOperation = .init("tan", CTK_TAN) { ct, _, y in
    ct * (1 + square(y))
  }
  fileprivate static let asin: UnaryOperation = .init("asin", CTK_ASIN) { ct, x, _ in
    ct * rsqrt((1 - x) * (1 + x))
  }
  fileprivate static let acos: UnaryOperation = .init("acos", CTK_ACOS) { ct, x, _ in
    -(ct * rsqrt((1 - x) * (1 + x)))
  }
  fileprivate static let atan: UnaryOperation = .init("atan", CTK_ATAN) { ct, x, _ in
    ct / (1 + square(x))
  }
  fileprivate static let sinh: UnaryOperation = .init("sinh", CTK_SINH) { ct, x, _ in ct * cosh(x) }
  fileprivate static let cosh: UnaryOperation = .init("cosh", CTK_COSH) { ct, x, _ in ct * sinh(x) }
  fileprivate static let tanh: UnaryOperation = .init("tanh", CTK_TANH) { ct, _, y in
    ct * ((1 - y) * (1 + y))
  }
  fileprivate static let asinh: UnaryOperation = .init("asinh", CTK_ASINH) { ct, x, _ in
    ct * rsqrt(1 + square(x))
  }
  fileprivate static let acosh: UnaryOperation = .init("acosh", CTK_ACOSH) { ct, x, _ in
    ct * rsqrt((x - 1) * (x + 1))
  }
  fileprivate static let atanh: UnaryOperation = .init("atanh", CTK_ATANH) { ct, x, _ in
    ct / ((1 - x) * (1 + x))
  }
  fileprivate static let sigmoid: UnaryOperation = .init("sigmoid", CTK_SIGMOID) { ct, x, y in
    ct * (y * sigmoid(-x))
  }
  fileprivate static let softplus: UnaryOperation = .init("softplus", CTK_SOFTPLUS) { ct, x, _ in
    ct * sigmoid(x)
  }
  fileprivate static let logSigmoid: UnaryOperation = .init("logSigmoid", CTK_LOGSIGMOID) {
    ct, x, _ in
    ct * sigmoid(-x)
  }
  fileprivate static let erf: UnaryOperation = .init("erf", CTK_ERF) { ct, x, _ in
    ct * (Double.twoOverSqrtPi * exp(-square(x)))
  }
  fileprivate static let erfc: UnaryOperation = .init("erfc", CTK_ERFC) { ct, x, _ in
    ct * (-Double.twoOverSqrtPi * exp(-square(x)))
  }
  fileprivate static let lgamma: UnaryOperation = .init("lgamma", CTK_LGAMMA) { ct, x, _ in
    ct * digamma(x)
  }
  fileprivate static let gammaPeak: UnaryOperation = .init("gammaPeak", CTK_GAMMAPEAK) {
    ct, x, _ in
    ct * logMinusDigamma(x)
  }
  fileprivate static let logMinusDigamma: UnaryOperation = .init(
    "logMinusDigamma", CTK_LOGMINUSDIGAMMA
  ) { ct, x, _ in ct * (1 / x - trigamma(x)) }
  fileprivate static let floor: UnaryOperation = .init("floor", CTK_FLOOR) { _, _, _ in nil }
  fileprivate static let ceil: UnaryOperation = .init("ceil", CTK_CEIL) { _, _, _ in nil }
  fileprivate static let round: UnaryOperation = .init("round", CTK_ROUND) { _, _, _ in nil }
  fileprivate static let trunc: UnaryOperation = .init("trunc", CTK_TRUNC) { _, _, _ in nil }
  fileprivate static let relu: UnaryOperation = .init("relu", CTK_RELU) { ct, _, y in
    ct.with(`where`(y .> 0, ct.tensor, 0))
  }

  fileprivate static let elu: UnaryOperation = .init("elu", CTK_ELU) { ct, _, y in
    ct * (minimum(y, 0) + 1)
  }

  /// All of them, for tests.
  static let all: [UnaryOperation] = [
    neg, abs, sign, square, sqrt, rsqrt, reciprocal, exp, exp2, expm1, log, log2, log10, log1p, sin,
    cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, sigmoid, softplus,
    logSigmoid, erf, erfc, lgamma, gammaPeak, logMinusDigamma, floor, ceil, round, trunc, relu, elu,
  ]
}

extension Tensor {
  public static prefix func - (x: Tensor) -> Tensor { UnaryOperation.neg(x) }
}

/// The magnitude of each element; its derivative at 0 is taken as 0.
public func abs(_ x: Tensor) -> Tensor { UnaryOperation.abs(x) }

/// −1, 0 or 1 as each element is negative, zero or positive; NaN stays. The derivative is 0.
public func sign(_ x: Tensor) -> Tensor { UnaryOperation.sign(x) }

/// The square of each element.
public func square(_ x: Tensor) -> Tensor { UnaryOperation.square(x) }

/// The square root of each element; NaN below 0.
public func sqrt(_ x: Tensor) -> Tensor { UnaryOperation.sqrt(x) }

/// One over the square root of each element.
public func rsqrt(_ x: Tensor) -> Tensor { UnaryOperation.rsqrt(x) }

/// One over each element.
public func reciprocal(_ x: Tensor) -> Tensor { UnaryOperation.reciprocal(x) }

/// e to the power of each element.
public func exp(_ x: Tensor) -> Tensor { UnaryOperation.exp(x) }

/// 2 to the power of each element.
public func exp2(_ x: Tensor) -> Tensor { UnaryOperation.exp2(x) }

/// exp(x) − 1, accurate near 0.
public func expm1(_ x: Tensor) -> Tensor { UnaryOperation.expm1(x) }

/// The natural logarithm of each element; −∞ at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { UnaryOperation.log(x) }

/// The base-2 logarithm of each element.
public func log2(_ x: Tensor) -> Tensor { UnaryOperation.log2(x) }

/// The base-10 logarithm of each element.
public func log10(_ x: Tensor) -> Tensor { UnaryOperation.log10(x) }

/// log(1 + x), accurate near 0.
public func log1p(_ x: Tensor) -> Tensor { UnaryOperation.log1p(x) }

/// The sine of each element, in radians.
public func sin(_ x: Tensor) -> Tensor { UnaryOperation.sin(x) }

/// The cosine of each element, in radians.
public func cos(_ x: Tensor) -> Tensor { UnaryOperation.cos(x) }

/// The tangent of each element, in radians.
public func tan(_ x: Tensor) -> Tensor { UnaryOperation.tan(x) }

/// The arc sine, in [−π/2, π/2]; NaN outside [−1, 1].
public func asin(_ x: Tensor) -> Tensor { UnaryOperation.asin(x) }

/// The arc cosine, in [0, π]; NaN outside [−1, 1].
public func acos(_ x: Tensor) -> Tensor { UnaryOperation.acos(x) }

/// The arc tangent, in (−π/2, π/2).
public func atan(_ x: Tensor) -> Tensor { UnaryOperation.atan(x) }

/// The hyperbolic sine.
public func sinh(_ x: Tensor) -> Tensor { UnaryOperation.sinh(x) }

/// The hyperbolic cosine.
public func cosh(_ x: Tensor) -> Tensor { UnaryOperation.cosh(x) }

/// The hyperbolic tangent.
public func tanh(_ x: Tensor) -> Tensor { UnaryOperation.tanh(x) }

/// The inverse hyperbolic sine.
public func asinh(_ x: Tensor) -> Tensor { UnaryOperation.asinh(x) }

/// The inverse hyperbolic cosine; NaN below 1.
public func acosh(_ x: Tensor) -> Tensor { UnaryOperation.acosh(x) }

/// The inverse hyperbolic tangent; ±∞ at ±1.
public func atanh(_ x: Tensor) -> Tensor { UnaryOperation.atanh(x) }

/// 1 / (1 + exp(−x)), accurate in both tails.
public func sigmoid(_ x: Tensor) -> Tensor { UnaryOperation.sigmoid(x) }

/// log(1 + exp(x)), without overflow.
public func softplus(_ x: Tensor) -> Tensor { UnaryOperation.softplus(x) }

/// log(sigmoid(x)) = −softplus(−x).
public func logSigmoid(_ x: Tensor) -> Tensor { UnaryOperation.logSigmoid(x) }

/// The error function, 2/√π ∫₀ˣ exp(−t²) dt.
public func erf(_ x: Tensor) -> Tensor { UnaryOperation.erf(x) }

/// 1 − erf(x), accurate for large x.
public func erfc(_ x: Tensor) -> Tensor { UnaryOperation.erfc(x) }

/// log |Γ(x)|; +∞ at the poles.
public func lgamma(_ x: Tensor) -> Tensor { UnaryOperation.lgamma(x) }

/// log(aᵃ e⁻ᵃ / Γ(a)), about ½ log(a / 2π): what gamma and beta densities have at their peaks, for
/// writing them without the cancellation of large logarithms. For a > 0; −∞ at 0, else NaN.
public func gammaPeak(_ a: Tensor) -> Tensor { UnaryOperation.gammaPeak(a) }

/// log a − ψ(a), the derivative of `gammaPeak`: about 1 / 2a. For a > 0; +∞ at 0, else NaN.
public func logMinusDigamma(_ a: Tensor) -> Tensor { UnaryOperation.logMinusDigamma(a) }

/// The largest integer not above each element. The derivative is 0.
public func floor(_ x: Tensor) -> Tensor { UnaryOperation.floor(x) }

/// The smallest integer not below each element. The derivative is 0.
public func ceil(_ x: Tensor) -> Tensor { UnaryOperation.ceil(x) }

/// The nearest integer, halves to the even one. The derivative is 0.
public func round(_ x: Tensor) -> Tensor { UnaryOperation.round(x) }

/// Each element without its fraction. The derivative is 0.
public func trunc(_ x: Tensor) -> Tensor { UnaryOperation.trunc(x) }

/// max(x, 0); its derivative at 0 is taken as 0.
public func relu(_ x: Tensor) -> Tensor { UnaryOperation.relu(x) }

/// x above zero, exp(x) − 1 below.
public func elu(_ x: Tensor) -> Tensor { UnaryOperation.elu(x) }

extension Double {
  static let ln2 = 0.693147180559945309417232121458176568
  static let ln10 = 2.30258509299404568401799145468436421
  static let twoOverSqrtPi = 1.12837916709551257389615890312154517
}
