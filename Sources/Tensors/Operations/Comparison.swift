internal import CTensorKernels

/// A comparison of each pair of elements; the result is a mask.
final class ComparisonOperation: ElementwiseOperation {
  let name: String
  private let code: Int

  private init(_ name: String, _ code: Int) {
    self.name = name
    self.code = code
  }

  var identity: Int { -2001 - code }

  static let equal = ComparisonOperation("equal", CTK_EQ)
  static let notEqual = ComparisonOperation("notEqual", CTK_NE)
  static let less = ComparisonOperation("less", CTK_LT)
  static let lessOrEqual = ComparisonOperation("lessOrEqual", CTK_LE)

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 3
      ? nil : ctk_compare(Int32(code), operands[0].kernelCode, kernelMode(uniform))
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    [nil, nil]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return self(aligned[0], aligned[1])
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    let dtype = commonDType(a, b, name)
    return Tensor(
      Node(
        self, a.operand(as: dtype).node, b.operand(as: dtype).node,
        shape: commonShape(a, b, name), dtype: .bool))
  }
}

infix operator .&& : LogicalConjunctionPrecedence
infix operator .|| : LogicalDisjunctionPrecedence

extension Tensor {
  // Elementwise comparisons are spelled like SIMD's; a comparison with NaN is false, `.!=` true.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { ComparisonOperation.equal(a, b) }
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { ComparisonOperation.notEqual(a, b) }
  public static func .< (a: Tensor, b: Tensor) -> Tensor { ComparisonOperation.less(a, b) }
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { ComparisonOperation.lessOrEqual(a, b) }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { ComparisonOperation.less(b, a) }
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { ComparisonOperation.lessOrEqual(b, a) }

  /// Elementwise and, or and not of masks.
  public static func .&& (a: Tensor, b: Tensor) -> Tensor {
    BinaryOperation.and(a.mask("and"), b.mask("and"))
  }
  public static func .|| (a: Tensor, b: Tensor) -> Tensor {
    BinaryOperation.or(a.mask("or"), b.mask("or"))
  }
  public static prefix func .! (a: Tensor) -> Tensor { TestOperation.not(a.mask("not")) }

  fileprivate func mask(_ name: String) -> Tensor {
    precondition(dtype == .bool, "\(name): expected a mask, got a tensor of dtype \(dtype)")
    return self
  }
}

/// A yes-or-no question about each element.
final class TestOperation: ElementwiseOperation {
  let name: String
  private let code: Int

  private init(_ name: String, _ code: Int) {
    self.name = name
    self.code = code
  }

  var identity: Int { -3001 - code }

  static let isNaN = TestOperation("isNaN", CTK_ISNAN)
  static let isFinite = TestOperation("isFinite", CTK_ISFINITE)
  static let not = TestOperation("not", CTK_NOT)

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 0 ? ctk_test(Int32(code), operands[0].kernelCode) : nil
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [nil] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    self(inputs[0])
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor(Node(self, x.node, shape: x.shape, dtype: .bool))
  }
}

/// Whether each element is NaN.
public func isNaN(_ x: Tensor) -> Tensor { TestOperation.isNaN(x.asFloat) }

/// Whether each element is neither infinite nor NaN.
public func isFinite(_ x: Tensor) -> Tensor { TestOperation.isFinite(x.asFloat) }

extension Tensor {
  /// This tensor, or its float64 copy if its elements are not floating-point.
  var asFloat: Tensor { dtype.isFloat ? self : cast(to: .float64) }
}
