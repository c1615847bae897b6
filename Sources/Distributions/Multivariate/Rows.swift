/// The common batch shape of parameters, each with the number of its last axes that make up one
/// value; traps where the others do not broadcast.
func batchShape(
  of distribution: StaticString, _ parameters: [(name: String, value: Tensor, eventRank: Int)]
) -> Shape {
  var shape = Shape()
  for (name, parameter, eventRank) in parameters {
    guard let common = shape.broadcast(with: Shape(parameter.shape.dropLast(eventRank))) else {
      preconditionFailure(
        """
        \(distribution): the batch axes of \(name), of shape \(parameter.shape), do not broadcast \
        with \(shape)
        """)
    }
    shape = common
  }
  return shape
}

/// Traps unless a value ends in the axes of an event.
func requireEvent(_ value: Tensor, _ eventShape: Shape, _ distribution: StaticString) {
  precondition(
    value.rank >= eventShape.rank && value.shape.suffix(eventShape.rank).elementsEqual(eventShape),
    "\(distribution): a value of shape \(value.shape) for events of shape \(eventShape)")
}

/// Traps unless a parameter has at least one axis; returns the extent of the last.
func lastExtent(
  _ parameter: Tensor, _ distribution: StaticString, _ argument: StaticString
) -> Int {
  precondition(parameter.rank >= 1, "\(distribution): \(argument) must be a vector, got a scalar")
  return parameter.shape[parameter.rank - 1]
}

/// An operation on rows and a matrix, for each vector of … × n with the matrix of its batch.
///
/// All vectors that share a matrix are rows of one operand: many draws of one distribution are one
/// product or one triangular solve, and no matrix is repeated.
func rowwise(
  _ vectors: Tensor, _ matrix: Tensor, _ operation: (_ rows: Tensor, _ matrix: Tensor) -> Tensor
) -> Tensor {
  let core = Shape(matrix.shape.suffix(2))
  let own = Shape(matrix.shape.dropLast(2).drop { $0 == 1 })
  let n = vectors.shape[vectors.rank - 1]
  let outer = Shape(vectors.shape.dropLast())
  guard own.rank > 0 else {
    let result = operation(
      vectors.reshaped(to: [outer.elementCount, n]), matrix.reshaped(to: core))
    return result.reshaped(to: outer + [result.shape[1]])
  }
  guard let full = outer.broadcast(with: own) else {
    preconditionFailure("vectors of shape \(vectors.shape) for matrices of \(matrix.shape)")
  }
  let rank = own.rank
  let inner = Shape(full.suffix(rank))
  let count = full.dropLast(rank).reduce(1, *)
  let stacked = vectors.broadcast(to: full + [n]).reshaped(to: [count] + inner + [n])
  let result = operation(
    stacked.transposed(to: Array(1...rank) + [0, rank + 1]), matrix.broadcast(to: inner + core))
  return result.transposed(to: [rank] + Array(0..<rank) + [rank + 1])
    .reshaped(to: full + [result.shape[rank + 1]])
}

/// A x for each vector x of the last axis.
func multiplied(_ vectors: Tensor, by matrix: Tensor) -> Tensor {
  rowwise(vectors, matrix) { matmul($0, $1.transposed()) }
}

/// L⁻¹ x for each vector x of the last axis and lower triangular L.
func whitened(_ vectors: Tensor, by triangle: Tensor) -> Tensor {
  rowwise(vectors, triangle) { triangularSolve($1, $0, transposed: true, left: false) }
}

/// log det L of lower triangular L.
func logDeterminant(_ triangle: Tensor) -> Tensor { log(triangle.diagonal()).sum(axis: -1) }

/// The matrices L Lᵀ.
func gram(_ factor: Tensor) -> Tensor { matmul(factor, factor.transposed()) }

/// Points with zeros for their infinite elements, which would spread as NaN, and a mask of those
/// that have one (but no NaN): they are outside of the support.
func finitePart(_ value: Tensor, eventRank: Int = 1) -> (finite: Tensor, isOutside: Tensor) {
  let magnitude = abs(value)
  return (
    `where`(magnitude .== .infinite, 0, value),
    magnitude.max(axes: (1...eventRank).map { -$0 }) .== .infinite
  )
}

extension Distribution {
  /// A density at the points in the support, −∞ at others, NaN at those with a NaN; spread over the
  /// batch.
  func supported(_ density: Tensor, at value: Tensor) -> Tensor {
    let broken = isNaN(value).any(axes: (1...support.eventRank).map { -$0 })
    return overBatch(
      `where`(support.contains(value), density, `where`(broken, notANumber, logZero)))
  }
}
