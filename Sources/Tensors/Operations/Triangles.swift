/// The elements (i, i + offset) of each matrix, a strided view.
final class DiagonalOperation: ViewOperation {
  let name = "diagonal"
  private let offset: Int

  init(offset: Int) { self.offset = offset }

  func encodeAttributes(into key: inout [Int]) { key.append(offset) }

  func apply(to view: View, shape: Shape) -> View? {
    let rank = view.shape.rank
    let (row, column) = (view.strides[rank - 2], view.strides[rank - 1])
    return View(
      shape: shape, strides: Array(view.strides.dropLast(2)) + [row + column],
      offset: view.offset + (offset >= 0 ? offset * column : -offset * row))
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let (rows, columns) = inputs[0].shape.matrixExtents
    let full = cotangent.tensor.broadcast(to: result.shape)
    return [cotangent.with(full.embedded(rows: rows, columns: columns, offset: offset))]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    inputs[0].diagonal(offset: offset)
  }
}

extension Tensor {
  /// The elements (i, i + offset) of each matrix of a stack, along a new last axis.
  public func diagonal(offset: Int = 0) -> Tensor {
    precondition(rank >= 2, "diagonal: expected a matrix, got the shape \(shape)")
    let (rows, columns) = shape.matrixExtents
    let count = Swift.max(
      0, Swift.min(rows + Swift.min(offset, 0), columns - Swift.max(offset, 0)))
    return Tensor(
      Node(
        DiagonalOperation(offset: offset), node, shape: shape.outer + [count], dtype: dtype,
        isWeak: node.isWeak))
  }

  /// Square matrices of zeros with the elements of the last axis on their diagonals.
  public func embeddingDiagonal() -> Tensor {
    precondition(rank >= 1, "embeddingDiagonal: expected a vector, got a scalar")
    let n = shape[rank - 1]
    return embedded(rows: n, columns: n, offset: 0)
  }

  /// A square matrix of zeros with the elements of a vector on its diagonal; of more axes, a stack.
  public static func diagonal(of vector: Tensor) -> Tensor { vector.embeddingDiagonal() }

  /// Matrices of zeros with the elements of the last axis at (i, i + offset).
  ///
  /// In row-major order these elements are `columns + 1` apart: each is padded to that length.
  func embedded(rows: Int, columns: Int, offset: Int) -> Tensor {
    let outer = Shape(shape.dropLast())
    let count = shape[rank - 1]
    if count == 0 || rows * columns == 0 {
      return Tensor.zeros(outer + [rows, columns], dtype: dtype)
    }
    let start = offset >= 0 ? offset : -offset * columns
    let padded = expandingDims(at: -1).placed(along: rank, in: columns + 1, start: 0)
    let flat = padded.reshaped(to: outer + [count * (columns + 1)])
    let kept = Swift.min(count * (columns + 1), rows * columns - start)
    let cut = flat.sliced(along: -1, start: 0, count: kept)
    let isWhole = start == 0 && kept == rows * columns
    let placed = isWhole ? cut : cut.placed(along: outer.rank, in: rows * columns, start: start)
    return placed.reshaped(to: outer + [rows, columns])
  }

  /// Each matrix with zeros off its diagonal.
  var diagonalOnly: Tensor {
    let (rows, columns) = shape.matrixExtents
    return `where`(columnMinusRow(rows, columns) .== 0, self, 0)
  }
}

/// j − i for each element (i, j) of a matrix.
private func columnMinusRow(_ rows: Int, _ columns: Int) -> Tensor {
  Tensor.arange(columns) - Tensor.arange(rows).expandingDims(at: 1)
}

/// The sum of the diagonal of each matrix.
public func trace(_ a: Tensor) -> Tensor { a.diagonal().sum(axis: -1) }

/// The lower triangle of each matrix, zeros elsewhere: elements (i, j) with j ≤ i + offset.
public func tril(_ a: Tensor, _ offset: Int = 0) -> Tensor {
  precondition(a.rank >= 2, "tril: expected a matrix, got the shape \(a.shape)")
  let (rows, columns) = a.shape.matrixExtents
  return `where`(columnMinusRow(rows, columns) .<= Tensor(offset), a, 0)
}

/// The upper triangle of each matrix, zeros elsewhere: elements (i, j) with j ≥ i + offset.
public func triu(_ a: Tensor, _ offset: Int = 0) -> Tensor {
  precondition(a.rank >= 2, "triu: expected a matrix, got the shape \(a.shape)")
  let (rows, columns) = a.shape.matrixExtents
  return `where`(columnMinusRow(rows, columns) .>= Tensor(offset), a, 0)
}

/// The products of all pairs of elements of two vectors: … × n and … × m give … × n × m.
public func outer(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(a.rank >= 1 && b.rank >= 1, "outer: expected vectors, got \(a.shape), \(b.shape)")
  return a.expandingDims(at: -1) * b.expandingDims(at: -2)
}
