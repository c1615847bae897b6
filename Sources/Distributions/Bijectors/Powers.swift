/// x ↦ x^exponent between positive numbers; log det log |exponent| + (exponent − 1) log x.
public struct Power: Bijector, Equatable {
  private let exponent: Tensor

  /// - Parameter exponent: not zero.
  public init(_ exponent: Tensor) {
    requireNonzero(exponent, "Power", "exponent")
    self.exponent = exponent
  }

  public var domain: Constraint { .positive }
  public var codomain: Constraint { .positive }
  public static func == (a: Power, b: Power) -> Bool { a.exponent.isKnownEqual(to: b.exponent) }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    (pow(x, exponent), log(abs(exponent)) + (exponent - 1) * log(x))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let root = reciprocal(exponent)
    return (pow(y, root), (root - 1) * log(y) - log(abs(exponent)))
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    shape.broadcast(with: exponent.shape) ?? shape
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }
}

/// x ↦ sign(x) |x|^exponent on the whole line, for a positive exponent; log det log exponent +
/// (exponent − 1) log |x|, which is not finite at 0.
public struct PositivePower: Bijector, Equatable {
  private let exponent: Tensor

  /// - Parameter exponent: positive.
  public init(_ exponent: Tensor) {
    requireParameter(exponent, .positive, "PositivePower", "exponent")
    self.exponent = exponent
  }

  public static func == (a: PositivePower, b: PositivePower) -> Bool {
    a.exponent.isKnownEqual(to: b.exponent)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let size = abs(x)
    return (sign(x) * pow(size, exponent), log(exponent) + (exponent - 1) * log(size))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let size = abs(y)
    let root = reciprocal(exponent)
    return (sign(y) * pow(size, root), (root - 1) * log(size) - log(exponent))
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    shape.broadcast(with: exponent.shape) ?? shape
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }
}
