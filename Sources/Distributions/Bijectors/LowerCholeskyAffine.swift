/// Vectors x ↦ loc + L x for a lower triangular matrix L; log det Σ log |Lᵢᵢ|.
public struct LowerCholeskyAffine: Bijector, Equatable {
  private let loc: Tensor
  private let scaleTril: Tensor

  /// - Parameters:
  ///   - loc: of shape … × n.
  ///   - scaleTril: of shape … × n × n, lower triangular with no zero on the diagonal.
  public init(loc: Tensor, scaleTril: Tensor) {
    requireParameter(scaleTril, .lowerTriangular, "LowerCholeskyAffine", "scaleTril")
    precondition(
      loc.rank > 0 && scaleTril.rank > 1
        && loc.shape[loc.rank - 1] == scaleTril.shape[scaleTril.rank - 1],
      "LowerCholeskyAffine: loc of shape \(loc.shape) for scaleTril of shape \(scaleTril.shape)")
    self.loc = loc
    self.scaleTril = scaleTril
  }

  public var eventRank: Int { 1 }
  public var isAutoregressive: Bool { true }
  public static func == (a: LowerCholeskyAffine, b: LowerCholeskyAffine) -> Bool {
    a.loc.isKnownEqual(to: b.loc) && a.scaleTril.isKnownEqual(to: b.scaleTril)
  }

  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    let y = loc + matmul(scaleTril, x.expandingDims(at: -1)).squeezing(at: -1)
    return (y, logDet(like: y))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    let x = triangularSolve(scaleTril, (y - loc).expandingDims(at: -1)).squeezing(at: -1)
    return (x, -logDet(like: x))
  }

  public func forwardShape(_ shape: Shape) -> Shape {
    let parameters = loc.shape.broadcast(with: Shape(scaleTril.shape.dropLast()))
    return parameters.flatMap { shape.broadcast(with: $0) } ?? shape
  }
  public func inverseShape(_ shape: Shape) -> Shape { forwardShape(shape) }

  private func logDet(like value: Tensor) -> Tensor {
    log(abs(scaleTril.diagonal())).sum(axis: -1).cast(to: value.dtype).broadcast(
      to: Shape(value.shape.dropLast()))
  }
}
