internal import CTensorKernels

/// Solves equations of matrices A and B for X. Each operand is one matrix or has the outer axes of
/// the result.
protocol LinearSolveOperation: ArrayOperation {
  /// Whether A stands on the left of X.
  var isLeft: Bool { get }

  /// The cotangents of A and B from that of X, `ct`.
  func adjoints(_ a: Tensor, _ ct: Tensor, _ result: Tensor) -> (a: Tensor, b: Tensor)
}

extension LinearSolveOperation {
  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let (a, b) = adjoints(inputs[0], ct, result)
    return zip([a, b], inputs).map { adjoint, input in
      cotangent.guarding(adjoint, ct, 2).summed(from: adjoint.shape, to: input.shape)
    }
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return self(aligned[0], aligned[1])
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (a, b, outer) = broadcastMatrices(a, b, name)
    let (rows, columns) = b.shape.matrixExtents
    precondition(
      (isLeft ? rows : columns) == a.shape[a.rank - 1],
      "\(name): a right-hand side of shape \(b.shape) for matrices of shape \(a.shape)")
    return Tensor(Node(self, a.node, b.node, shape: outer + [rows, columns], dtype: a.dtype))
  }
}

/// Solves op(A) X = B, or X op(A) = B, for triangular A.
final class TriangularSolveOperation: LinearSolveOperation {
  struct Form: Equatable {
    var lower = true
    var transposed = false
    var unitDiagonal = false
    /// Whether A stands on the left of X.
    var left = true
  }

  let name = "triangularSolve"
  private let form: Form
  var isLeft: Bool { form.left }

  init(_ form: Form) { self.form = form }

  func encodeAttributes(into key: inout [Int]) {
    let flags = [form.lower, form.transposed, form.unitDiagonal, form.left]
    key.append(flags.reduce(0) { $0 * 2 + ($1 ? 1 : 0) })
  }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let (rows, columns) = shape.matrixExtents
    let n = form.left ? rows : columns
    let descriptor = ctk_linalg_desc(
      batch: Int64(shape.outer.elementCount), n: Int64(n), m: Int64(form.left ? columns : rows),
      upper: form.lower ? 0 : 1, transpose: form.transposed ? 1 : 0,
      unitDiagonal: form.unitDiagonal ? 1 : 0, leftSide: form.left ? 1 : 0,
      sa: operands[0].shape.rank == 2 ? 0 : Int64(n * n),
      sb: operands[1].shape.rank == 2 ? 0 : Int64(rows * columns))
    return ArrayInstruction(ctk_tri_solve(dtype.kernelCode), descriptor, for: name)
  }

  /// B̄ = op(A)⁻ᵀ X̄ and (op A)‾ = −B̄ Xᵀ (on the right: X̄ op(A)⁻ᵀ and −Xᵀ B̄), of which A's
  /// triangle counts.
  func adjoints(_ a: Tensor, _ ct: Tensor, _ result: Tensor) -> (a: Tensor, b: Tensor) {
    var adjoint = form
    adjoint.transposed.toggle()
    let bBar = TriangularSolveOperation(adjoint)(a, ct)
    let product =
      switch (form.left, form.transposed) {
      case (true, false): matmul(bBar, result.transposed())
      case (true, true): matmul(result, bBar.transposed())
      case (false, false): matmul(result.transposed(), bBar)
      case (false, true): matmul(bBar.transposed(), result)
      }
    let inside = form.unitDiagonal ? 1 : 0
    return (form.lower ? tril(-product, -inside) : triu(-product, inside), bBar)
  }
}

/// Two stacks of matrices of one dtype with their common outer axes; a single matrix stays one.
private func broadcastMatrices(
  _ a: Tensor, _ b: Tensor, _ name: String
) -> (Tensor, Tensor, Shape) {
  a.requireSquare(name)
  precondition(b.rank >= 2, "\(name): expected matrices, got the shape \(b.shape)")
  guard let outer = a.shape.outer.broadcast(with: b.shape.outer) else {
    preconditionFailure(
      "\(name): the outer axes of \(a.shape) and \(b.shape) do not broadcast together")
  }
  let common = commonDType(a, b, name)
  let dtype = common.isFloat ? common : .float64
  let operands = [a, b].map { tensor -> Tensor in
    let operand = tensor.operand(as: dtype)
    let (rows, columns) = operand.shape.matrixExtents
    if operand.shape.outer.elementCount == 1 { return operand.reshaped(to: [rows, columns]) }
    return operand.broadcast(to: outer + [rows, columns])
  }
  return (operands[0], operands[1], outer)
}

/// Solves A X = B for general square A.
final class SolveOperation: LinearSolveOperation {
  static let shared = SolveOperation()
  let name = "solve"
  let isLeft = true

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let (n, m) = shape.matrixExtents
    var descriptor = ctk_linalg_desc()
    descriptor.batch = Int64(shape.outer.elementCount)
    descriptor.n = Int64(n)
    descriptor.m = Int64(m)
    descriptor.leftSide = 1
    descriptor.sa = operands[0].shape.rank == 2 ? 0 : Int64(n * n)
    descriptor.sb = operands[1].shape.rank == 2 ? 0 : Int64(n * m)
    return ArrayInstruction(ctk_solve(dtype.kernelCode), descriptor, for: name)
  }

  /// B̄ = A⁻ᵀ X̄ and Ā = −B̄ Xᵀ.
  func adjoints(_ a: Tensor, _ ct: Tensor, _ result: Tensor) -> (a: Tensor, b: Tensor) {
    let bBar = self(a.transposed(), ct)
    return (-matmul(bBar, result.transposed()), bBar)
  }
}

/// The solution X of op(A) X = B for triangular A (… × n × n), op(A) being A or its transpose; of
/// X op(A) = B if A is not on the `left`.
///
/// B is … × n × m (… × m × n), or one vector of n elements, which gives a vector. Outer axes
/// broadcast. The other triangle is never read; with `unitDiagonal` the diagonal is taken as ones.
/// A zero on the diagonal gives NaN.
public func triangularSolve(
  _ a: Tensor, _ b: Tensor, lower: Bool = true, transposed: Bool = false,
  unitDiagonal: Bool = false, left: Bool = true
) -> Tensor {
  let operation = TriangularSolveOperation(
    .init(lower: lower, transposed: transposed, unitDiagonal: unitDiagonal, left: left))
  guard b.rank == 1 else { return operation(a, b) }
  return operation(a, b.expandingDims(at: left ? 1 : 0)).squeezing(at: left ? -1 : 0)
}

/// The solution X of A X = B for square A (… × n × n), by LU with pivoting; NaN for singular A.
///
/// B is … × n × m, or one vector of n elements, which gives a vector. Outer axes broadcast.
public func solve(_ a: Tensor, _ b: Tensor) -> Tensor {
  if b.rank == 1 { return SolveOperation.shared(a, b.expandingDims(at: 1)).squeezing(at: -1) }
  return SolveOperation.shared(a, b)
}
