internal import PPL

/// A linear map of vectors, both ways, and its log determinant.
struct LinearMap {
  let forward: (Tensor) -> Tensor
  let inverse: (Tensor) -> Tensor
  /// log |det|, of the parameters' batch shape.
  let logDet: Tensor
}

/// A bijector that is linear: it says how to multiply by its matrix and by the inverse.
protocol LinearLayer: VectorLayer {
  func map(context: Tensor?, dtype: DType) -> LinearMap
}

extension LinearLayer {
  public func forwardAndLogDet(_ x: Tensor, context: Tensor?) -> (y: Tensor, logDet: Tensor) {
    checkLength(of: x)
    let map = map(context: context, dtype: x.dtype)
    let y = map.forward(x)
    return (y, map.logDet.cast(to: y.dtype).broadcast(to: Shape(y.shape.dropLast())))
  }

  public func inverseAndLogDet(_ y: Tensor, context: Tensor?) -> (x: Tensor, logDet: Tensor) {
    checkLength(of: y)
    let map = map(context: context, dtype: y.dtype)
    let x = map.inverse(y)
    return (x, -map.logDet.cast(to: x.dtype).broadcast(to: Shape(x.shape.dropLast())))
  }
}

/// A x for each vector: A of shape … × n × m and x of shape … × m.
func apply(_ matrix: Tensor, to x: Tensor) -> Tensor { vectorProduct(x, matrix.transposed()) }

/// The x with A x = y for a triangular A of shape … × n × n and y of shape … × n.
func solveTriangle(
  _ matrix: Tensor, _ y: Tensor, lower: Bool, unitDiagonal: Bool = false
) -> Tensor {
  // One matrix for a batch of vectors takes them as the columns of one right-hand side.
  if matrix.rank == 2 && y.rank > 1 {
    let rows = y.reshaped(to: [y.count / max(y.shape[y.rank - 1], 1), y.shape[y.rank - 1]])
    return triangularSolve(
      matrix, rows.transposed(), lower: lower, unitDiagonal: unitDiagonal
    ).transposed().reshaped(to: y.shape)
  }
  return triangularSolve(
    matrix, y.expandingDims(at: -1), lower: lower, unitDiagonal: unitDiagonal
  ).squeezing(at: -1)
}
