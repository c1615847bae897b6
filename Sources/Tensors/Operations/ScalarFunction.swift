internal import CTensorKernels

/// A function of one to three numbers that exists only as a scalar function, applied to each
/// element of the broadcast operands. float32 elements are widened, and the result is rounded once.
final class ScalarFunction: ElementwiseOperation {
  typealias Unary = @convention(c) (Double) -> Double
  typealias Binary = @convention(c) (Double, Double) -> Double
  typealias Ternary = @convention(c) (Double, Double, Double) -> Double
  typealias Derivative =
    @Sendable (_ ct: Cotangent, _ inputs: [Tensor], _ y: Tensor) -> [Cotangent?]

  let name: String
  private let arity: Int32
  // An address of code: immutable and valid for the life of the process.
  nonisolated(unsafe) let scalarFunction: UnsafeRawPointer?
  private let derivative: Derivative

  private init(
    _ name: String, _ arity: Int32, _ function: UnsafeRawPointer,
    _ derivative: @escaping Derivative
  ) {
    self.name = name
    self.arity = arity
    scalarFunction = function
    self.derivative = derivative
  }

  convenience init(_ name: String, _ function: Unary, _ derivative: @escaping Derivative) {
    self.init(name, 1, unsafeBitCast(function, to: UnsafeRawPointer.self), derivative)
  }

  convenience init(_ name: String, _ function: Binary, _ derivative: @escaping Derivative) {
    self.init(name, 2, unsafeBitCast(function, to: UnsafeRawPointer.self), derivative)
  }

  convenience init(_ name: String, _ function: Ternary, _ derivative: @escaping Derivative) {
    self.init(name, 3, unsafeBitCast(function, to: UnsafeRawPointer.self), derivative)
  }

  /// What is computed is the code at this address.
  var identity: Int { Int(bitPattern: scalarFunction) }

  func kernel(_ operands: [DType], _ result: DType, uniform: Int) -> ctk_fn? {
    uniform == 0 ? ctk_map(arity, result.kernelCode) : nil
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    derivative(cotangent, inputs, result)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    apply(alignBatch(inputs, isBatched, original.shape.rank))
  }

  func callAsFunction(_ a: Tensor) -> Tensor { apply([a]) }
  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor { apply([a, b]) }
  func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor { apply([a, b, c]) }

  private func apply(_ operands: [Tensor]) -> Tensor {
    var shape = operands[0].shape
    var leader = operands[0]
    for operand in operands.dropFirst() {
      guard let common = shape.broadcast(with: operand.shape) else {
        preconditionFailure(
          "\(name): shapes \(operands.map(\.shape)) do not broadcast together")
      }
      shape = common
      if commonDType(leader, operand, name) != leader.dtype || leader.node.isWeak {
        leader = operand
      }
    }
    let dtype = leader.dtype.isFloat ? leader.dtype : .float64
    let nodes = operands.map { $0.operand(as: dtype).node }
    return Tensor(
      Node(
        self, nodes[0], nodes.count > 1 ? nodes[1] : nil, nodes.count > 2 ? nodes[2] : nil,
        shape: shape, dtype: dtype, isWeak: operands.allSatisfy(\.node.isWeak)))
  }
}

/// Stands where a derivative is not known. Harmless while unused; a plan that needs its value traps
/// and names it.
final class MissingDerivative: Operation {
  let name: String

  private init(_ name: String) { self.name = name }

  /// A placeholder for the derivative of `function` by `argument`.
  static func of(_ function: String, by argument: String, like value: Tensor) -> Tensor {
    Tensor(
      Node(
        MissingDerivative("the missing derivative of \(function) by \(argument)"), shape: [],
        dtype: value.dtype))
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    Tensor(original)
  }
}
