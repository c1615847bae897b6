/// The derivative of the differentiated scalar with respect to one node, on its way backwards.
///
/// Its shape need only broadcast to the node's. Behind a `where` some elements are zero because
/// their branch was not taken; there a product with an infinite or undefined local derivative must
/// stay zero, so products are then taken with `0 · x = 0` for every x.
struct Cotangent {
  let tensor: Tensor
  /// Whether it has passed a `where`.
  let isMasked: Bool

  init(_ tensor: Tensor, isMasked: Bool = false) {
    self.tensor = tensor
    self.isMasked = isMasked
  }

  /// The same kind of cotangent with another value.
  func with(_ tensor: Tensor) -> Cotangent { Cotangent(tensor, isMasked: isMasked) }

  static func * (left: Cotangent, right: Tensor) -> Cotangent {
    left.with(
      left.isMasked ? BinaryOperation.mulSafe(left.tensor, right) : left.tensor * right)
  }

  static func / (left: Cotangent, right: Tensor) -> Cotangent {
    left.isMasked ? left * (1 / right) : left.with(left.tensor / right)
  }

  static prefix func - (operand: Cotangent) -> Cotangent { operand.with(-operand.tensor) }

  static func + (left: Cotangent, right: Cotangent) -> Cotangent {
    Cotangent(left.tensor + right.tensor, isMasked: left.isMasked || right.isMasked)
  }
}
