internal import CTensorKernels

/// A function of two numbers, applied to each pair of elements of the broadcast operands.
final class BinaryOperation: ElementwiseOperation {
  typealias Derivative =
    @Sendable (_ ct: Cotangent, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Cotangent?]

  let name: String
  private let code: Int
  private let derivative: Derivative

  private init(_ name: String, _ code: Int, _ derivative: @escaping Derivative) {
    self.name = name
    self.code = code
    self.derivative = derivative
  }

  var identity: Int { -1001 - code }

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 3 ? nil : ctk_binary(Int32(code), result.kernelCode, kernelMode(uniform))
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    derivative(cotangent, inputs[0], inputs[1], result)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return self(aligned[0], aligned[1])
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    let dtype = commonDType(a, b, name)
    let operands = (a.operand(as: dtype), b.operand(as: dtype))
    return Tensor(
      Node(
        self, operands.0.node, operands.1.node, shape: commonShape(a, b, name), dtype: dtype,
        isWeak: a.node.isWeak && b.node.isWeak))
  }
}

/// Which operand is one scalar, as the kernels count: bit 0 of `uniform` is the first.
func kernelMode(_ uniform: Int) -> Int32 {
  switch uniform {
  case 0: Int32(CTK_VV)
  case 1: Int32(CTK_SV)
  default: Int32(CTK_VS)
  }
}

/// The dtype two operands are taken to; a literal follows the other operand.
func commonDType(_ a: Tensor, _ b: Tensor, _ name: String) -> DType {
  if a.dtype == b.dtype { return a.dtype }
  if a.node.isWeak != b.node.isWeak {
    let strong = a.node.isWeak ? b.dtype : a.dtype
    if strong.isFloat || (a.node.isWeak ? a : b).isIntegral {
      return strong == .bool ? .int64 : strong
    }
  }
  return a.dtype.promoted(with: b.dtype)
}

func commonShape(_ a: Tensor, _ b: Tensor, _ name: String) -> Shape {
  guard let shape = a.shape.broadcast(with: b.shape) else {
    preconditionFailure("\(name): shapes \(a.shape) and \(b.shape) do not broadcast together")
  }
  return shape
}

/// Operands of which some carry a new outermost axis, made to broadcast: a batched one of lower
/// rank than the result gets axes of extent one behind the batch axis.
func alignBatch(_ inputs: [Tensor], _ isBatched: [Bool], _ rank: Int) -> [Tensor] {
  zip(inputs, isBatched).map { input, batched in
    guard batched, input.rank - 1 < rank else { return input }
    var shape: Shape = [input.shape[0]]
    for _ in 0..<(rank - (input.rank - 1)) { shape.append(1) }
    return input.reshaped(to: shape + Shape(input.shape.dropFirst()))
  }
}

extension Tensor {
  /// A literal without a fraction.
  var isIntegral: Bool {
    guard node.operation is Literal, dtype.isFloat else { return dtype == .int64 }
    let value = Double(bitPattern: node.payload)
    return value == value.rounded()
  }

  /// This tensor as an operand of a result of another dtype.
  func operand(as dtype: DType) -> Tensor {
    if self.dtype == dtype { return self }
    if dtype.isFloat, node.operation === Literal.shared {
      return Tensor(literal: literalValue, dtype: dtype, isWeak: node.isWeak)
    }
    return Tensor(
      Node(CastOperation.shared, node, shape: shape, dtype: dtype, isWeak: node.isWeak))
  }

  /// The value of a literal.
  var literalValue: Double {
    switch dtype {
    case .float64, .float32: Double(bitPattern: node.payload)
    case .int64: Double(Int64(bitPattern: node.payload))
    case .bool: Double(node.payload)
    }
  }
}

// Name, kernel, and the cotangents of a and b from that of y = f(a, b).
extension BinaryOperation {
  static let add = BinaryOperation("add", CTK_ADD) { ct, _, _, _ in [ct, ct] }
  static let sub = BinaryOperation("sub", CTK_SUB) { ct, _, _, _ in [ct, -ct] }
  static let mul = BinaryOperation("mul", CTK_MUL) { ct, a, b, _ in [ct * b, ct * a] }
  static let div = BinaryOperation("div", CTK_DIV) { ct, _, b, y in
    let scaled = ct / b
    return [scaled, -(scaled * y)]
  }
  static let mod = BinaryOperation("mod", CTK_MOD) { ct, a, b, _ in
    [ct, -(ct * floor(a / b))]
  }
  static let pow = BinaryOperation("pow", CTK_POW) { ct, a, b, y in
    // At a = 0 the logarithm is replaced: the derivative by b is 0 there for every b > 0.
    let base = `where`(a .== 0, 1, a)
    let byBase = b * Tensors.pow(a, b - 1)
    return [ct * `where`(b .== 0, 0, byBase), ct * (y * log(base))]
  }
  static let maximum = BinaryOperation("maximum", CTK_MAX) { ct, a, b, _ in
    share(ct, a .> b, a .== b)
  }
  static let minimum = BinaryOperation("minimum", CTK_MIN) { ct, a, b, _ in
    share(ct, a .< b, a .== b)
  }
  static let atan2 = BinaryOperation("atan2", CTK_ATAN2) { ct, a, b, _ in
    let norm = square(a) + square(b)
    return [ct * (b / norm), -(ct * (a / norm))]
  }
  static let hypot = BinaryOperation("hypot", CTK_HYPOT) { ct, a, b, y in
    [ct * (a / y), ct * (b / y)]
  }
  static let logAddExp = BinaryOperation("logAddExp", CTK_LOGADDEXP) { ct, a, b, _ in
    [ct * sigmoid(a - b), ct * sigmoid(b - a)]
  }
  /// a·b, and 0 where a is 0 even if b is infinite or NaN.
  static let mulSafe = BinaryOperation("mulSafe", CTK_MULSAFE) { ct, a, b, _ in
    let masked = Cotangent(ct.tensor, isMasked: true)
    // Where a is 0 the result does not depend on b, even if the cotangent is infinite; elsewhere,
    // and for the second derivative, this is an ordinary product.
    let isIdle = (a .== 0) .&& .!isFinite(ct.tensor)
    return [masked * b, masked.with(`where`(isIdle, 0, (masked * a).tensor))]
  }
  static let and = BinaryOperation("and", CTK_AND) { _, _, _, _ in [nil, nil] }
  static let or = BinaryOperation("or", CTK_OR) { _, _, _, _ in [nil, nil] }
  static let xor = BinaryOperation("xor", CTK_XOR) { _, _, _, _ in [nil, nil] }
  /// A new random key from a key and a datum.
  static let foldIn = BinaryOperation("foldIn", CTK_FOLDIN) { _, _, _, _ in [nil, nil] }

  /// All of them, for tests.
  static let all: [BinaryOperation] = [
    add, sub, mul, div, mod, pow, maximum, minimum, atan2, hypot, logAddExp, mulSafe, and, or, xor,
    foldIn,
  ]

  /// The cotangents of a selection: to the winner, halved between equals.
  private static func share(_ ct: Cotangent, _ wins: Tensor, _ ties: Tensor) -> [Cotangent?] {
    let first = `where`(wins, 1, `where`(ties, 0.5, 0)).cast(to: ct.tensor.dtype)
    return [ct * first, ct * (1 - first)]
  }
}

extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.add(a, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.sub(a, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.mul(a, b) }

  /// The quotient; of two int64 tensors, a float64 one.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let dtype = commonDType(a, b, "div")
    if dtype.isFloat { return BinaryOperation.div(a, b) }
    return BinaryOperation.div(a.cast(to: .float64), b.cast(to: .float64))
  }

  /// The floored remainder: it has the sign of the divisor.
  public static func % (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.mod(a, b) }

  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }

  // A Swift number beside a tensor takes its dtype, like a literal.
  @_disfavoredOverload
  public static func + (a: Tensor, b: Double) -> Tensor { a + Tensor(floatLiteral: b) }
  @_disfavoredOverload
  public static func + (a: Double, b: Tensor) -> Tensor { Tensor(floatLiteral: a) + b }
  @_disfavoredOverload
  public static func - (a: Tensor, b: Double) -> Tensor { a - Tensor(floatLiteral: b) }
  @_disfavoredOverload
  public static func - (a: Double, b: Tensor) -> Tensor { Tensor(floatLiteral: a) - b }
  @_disfavoredOverload
  public static func * (a: Tensor, b: Double) -> Tensor { a * Tensor(floatLiteral: b) }
  @_disfavoredOverload
  public static func * (a: Double, b: Tensor) -> Tensor { Tensor(floatLiteral: a) * b }
  @_disfavoredOverload
  public static func / (a: Tensor, b: Double) -> Tensor { a / Tensor(floatLiteral: b) }
  @_disfavoredOverload
  public static func / (a: Double, b: Tensor) -> Tensor { Tensor(floatLiteral: a) / b }
}

/// a to the power b, as C's `pow`.
public func pow(_ a: Tensor, _ b: Tensor) -> Tensor {
  guard b.node.operation is Literal, a.dtype.isFloat else {
    let dtype = commonDType(a, b, "pow")
    return dtype.isFloat
      ? BinaryOperation.pow(a, b) : BinaryOperation.pow(a.cast(to: .float64), b)
  }
  switch b.literalValue {
  case 0.5: return sqrt(a)
  case 1: return a
  case 2: return square(a)
  case -1: return reciprocal(a)
  default: return BinaryOperation.pow(a, b)
  }
}

/// The larger of each pair; NaN if either is. Equal operands share the derivative.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { BinaryOperation.maximum(a, b) }

/// The smaller of each pair; NaN if either is. Equal operands share the derivative.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { BinaryOperation.minimum(a, b) }

/// The angle of the point (x, y), in (−π, π].
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor { BinaryOperation.atan2(y, x) }

/// √(a² + b²) without overflow.
public func hypot(_ a: Tensor, _ b: Tensor) -> Tensor { BinaryOperation.hypot(a, b) }

/// log(exp(a) + exp(b)) without overflow.
public func logAddExp(_ a: Tensor, _ b: Tensor) -> Tensor { BinaryOperation.logAddExp(a, b) }
