/// Vectors of n (n − 1) / 2 numbers onto Cholesky factors of correlation matrices: in row i, element
/// j takes the share tanh(xᵢⱼ) of the length that the elements before it leave over, and the
/// diagonal the rest.
///
/// Lᵢⱼ = tanh xᵢⱼ Πₖ sech xᵢₖ over k < j; the log determinant, that of the elements below the
/// diagonal, is Σᵢⱼ (i − j + 1) log sech xᵢⱼ. Pyro's `CorrCholeskyTransform`; lengths are kept as
/// sums of logarithms, so that the diagonal is right where tanh rounds to 1.
public struct CorrelationCholesky: Bijector, Equatable {
  public init() {}
  public var eventRank: Int { 1 }
  public var valueRank: Int { 2 }
  public var codomain: Constraint { .correlationCholesky }

  public func forwardShape(_ shape: Shape) -> Shape {
    let n = Triangle.size(ofStrict: shape.last("CorrelationCholesky"), "CorrelationCholesky")
    return Shape(shape.dropLast()) + [n, n]
  }
  public func inverseShape(_ shape: Shape) -> Shape {
    Triangle.strictShape(shape, "CorrelationCholesky")
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let n = Triangle.size(ofStrict: x.shape.last("CorrelationCholesky"), "CorrelationCholesky")
    let t = Triangle.matrix(strict: x, n)
    // log sech, which is 0 where the matrix is.
    let logRest = logTwo + (logSigmoid(2 * t) + logSigmoid(-2 * t)) * 0.5
    let left = exp(
      logRest.cumulativeSum(along: -1).slice(0..<n - 1, along: -1)
        .padded(before: 1, after: 0, along: -1))
    let y = tril((tanh(t) + Tensor.eye(n, dtype: x.dtype)) * left)
    return (y, (Self.powers(n, x.dtype) * logRest).sum(axes: [-2, -1]))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let n = y.shape[y.rank - 1]
    // The length from each element of a row on: tanh x = y / length, sech x = next length / length.
    let squares = square(tril(y)).flipped(along: -1).cumulativeSum(along: -1).flipped(along: -1)
    let rest = sqrt(Triangle.strict(of: squares.rolledLeft()))
    let x = asinh(Triangle.strict(of: y) / rest)
    let logRest = logTwo + (logSigmoid(2 * x) + logSigmoid(-2 * x)) * 0.5
    let powers = Triangle.strict(of: Self.powers(n, y.dtype))
    return (x, -(powers * logRest).sum(axis: -1))
  }

  /// How often the length left by an element counts: once for each later element of its row below
  /// the diagonal, and twice for itself.
  private static func powers(_ n: Int, _ dtype: DType) -> Tensor {
    let elements = (0..<n).flatMap { i in (0..<n).map { j in j < i ? Double(i - j + 1) : 0 } }
    return Tensor(elements, shape: [n, n], dtype: dtype)
  }
}

extension Tensor {
  /// Each row one place to the left; the last place repeats.
  fileprivate func rolledLeft() -> Tensor {
    let n = shape[rank - 1]
    return concat([slice(1..<n, along: -1), slice(n - 1..<n, along: -1)], along: -1)
  }
}
