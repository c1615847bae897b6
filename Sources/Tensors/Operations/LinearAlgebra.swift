internal import CTensorKernels

/// A function of each matrix of a stack. Kernels with several results pack them into one vector
/// per matrix; the public functions take it apart again.
final class MatrixOperation: ArrayOperation {
  typealias Derivative = @Sendable (_ ct: Tensor, _ a: Tensor, _ y: Tensor) -> Tensor

  let name: String
  let identity: Int
  private let kernel: @Sendable (Int32) -> ctk_fn?
  /// The shape of the result for one matrix of n × m.
  private let core: @Sendable (_ n: Int, _ m: Int) -> Shape
  private let derivative: Derivative

  private init(
    _ name: String, _ number: Int, _ kernel: @escaping @Sendable (Int32) -> ctk_fn?,
    _ core: @escaping @Sendable (_ n: Int, _ m: Int) -> Shape, _ derivative: @escaping Derivative
  ) {
    self.name = name
    identity = -7001 - number
    self.kernel = kernel
    self.core = core
    self.derivative = derivative
  }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands[0].isContiguous else { return nil }
    let (n, m) = operands[0].shape.matrixExtents
    var descriptor = ctk_linalg_desc()
    descriptor.batch = Int64(operands[0].shape.outer.elementCount)
    descriptor.n = Int64(n)
    descriptor.m = Int64(m)
    descriptor.leftSide = 1
    descriptor.sa = Int64(n * m)
    return ArrayInstruction(kernel(dtype.kernelCode), descriptor, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let coreRank = result.rank - (inputs[0].rank - 2)
    return [cotangent.guarding(derivative(ct, inputs[0], result), ct, coreRank)]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    self(inputs[0])
  }

  func callAsFunction(_ a: Tensor) -> Tensor {
    precondition(a.rank >= 2, "\(name): expected a matrix, got the shape \(a.shape)")
    let a = a.asFloat
    let (n, m) = a.shape.matrixExtents
    return Tensor(Node(self, a.node, shape: a.shape.outer + core(n, m), dtype: a.dtype))
  }
}

extension Shape {
  /// The extents of the axes before the last two.
  var outer: Shape { Shape(dropLast(2)) }
  /// The extents of the last two axes.
  var matrixExtents: (rows: Int, columns: Int) { (self[rank - 2], self[rank - 1]) }
}

extension Cotangent {
  /// A cotangent of matrices computed from this one, `ct` in full. Behind a `where`, matrices whose
  /// result was not used keep a cotangent of zero although their factors may not be finite.
  fileprivate func guarding(_ tensor: Tensor, _ ct: Tensor, _ coreRank: Int) -> Cotangent {
    guard isMasked else { return with(tensor) }
    let core = Array(ct.rank - coreRank..<ct.rank)
    let isUsed = (ct .!= 0).any(axes: core, keepingAxes: true)
    let outer = Shape(ct.shape.dropLast(coreRank))
    return with(`where`(isUsed.reshaped(to: outer + [1, 1]), tensor, 0))
  }
}

extension MatrixOperation {
  /// Ā = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, symmetrised; Φ takes the lower triangle and halves the diagonal
  /// (Murray 2016).
  static let cholesky = MatrixOperation("cholesky", 0, ctk_cholesky, { n, _ in [n, n] }) {
    ct, _, l in
    let product = matmul(l.transposed(), tril(ct))
    let phi = tril(product) - 0.5 * product.diagonalOnly
    let left = TriangularSolveOperation(.init(lower: true, transposed: true))(l, phi)
    return TriangularSolveOperation(.init(lower: true, left: false))(l, left).symmetrised
  }

  /// Ā = −A⁻ᵀ Ȳ A⁻ᵀ.
  static let inverse = MatrixOperation("inverse", 1, ctk_inverse, { n, _ in [n, n] }) { ct, _, y in
    let turned = y.transposed()
    return -matmul(matmul(turned, ct), turned)
  }

  /// Sign and log |det A|: Ā = (log |det A|)‾ A⁻ᵀ.
  static let slogdet = MatrixOperation("logAbsDet", 2, ctk_slogdet, { _, _ in [2] }) { ct, a, _ in
    let scale = ct.selecting(1, along: -1).expandingDims(at: -1).expandingDims(at: -1)
    return scale * inverse(a).transposed()
  }

  /// Q and R: with M = R R̄ᵀ − Q̄ᵀ Q, Ā = (Q̄ + Q copyltu(M)) R⁻ᵀ, where copyltu mirrors the lower
  /// triangle.
  static let qr = MatrixOperation("qr", 3, ctk_qr, { n, m in [n * m + m * m] }) { ct, a, y in
    let (n, m) = a.shape.matrixExtents
    let (q, r) = (y.unpacked([n, m], at: 0), y.unpacked([m, m], at: n * m))
    let (qBar, rBar) = (ct.unpacked([n, m], at: 0), ct.unpacked([m, m], at: n * m))
    let mixed = matmul(r, triu(rBar).transposed()) - matmul(qBar.transposed(), q)
    let mirrored = tril(mixed) + tril(mixed, -1).transposed()
    let sum = qBar + matmul(q, mirrored)
    return TriangularSolveOperation(.init(lower: false, transposed: true, left: false))(r, sum)
  }

  /// Eigenvalues w and eigenvectors V: Ā = V (diag(w̄) + F ∘ VᵀV̄) Vᵀ, symmetrised, with
  /// F = 1 / (wⱼ − wᵢ) off the diagonal (Giles 2008). Equal eigenvalues have no eigenvectors to
  /// differentiate; their part is taken as 0, right for functions of the eigenspace.
  static let eigh = MatrixOperation("eigh", 4, ctk_eigh, { n, _ in [n + n * n] }) { ct, a, y in
    let n = a.shape[a.rank - 1]
    let (w, v) = (y.unpacked([n], at: 0), y.unpacked([n, n], at: n))
    let (wBar, vBar) = (ct.unpacked([n], at: 0), ct.unpacked([n, n], at: n))
    let gaps = w.expandingDims(at: -2) - w.expandingDims(at: -1)
    let isEqual = gaps .== 0
    let factors = `where`(isEqual, 0, 1 / `where`(isEqual, 1, gaps))
    let inner = wBar.embeddingDiagonal() + factors * matmul(v.transposed(), vBar)
    return matmul(matmul(v, inner), v.transposed()).symmetrised
  }

  /// All of them, for tests.
  static let all: [MatrixOperation] = [cholesky, inverse, slogdet, qr, eigh]
}

extension Tensor {
  /// (A + Aᵀ) / 2.
  fileprivate var symmetrised: Tensor { 0.5 * (self + transposed()) }

  /// A part of a packed result: `core` of its elements from `start` on, for each matrix.
  fileprivate func unpacked(_ core: Shape, at start: Int) -> Tensor {
    sliced(along: -1, start: start, count: core.elementCount)
      .reshaped(to: Shape(shape.dropLast()) + core)
  }

  fileprivate func requireSquare(_ name: StaticString) {
    precondition(
      rank >= 2 && shape[rank - 1] == shape[rank - 2],
      "\(name): expected square matrices, got the shape \(shape)")
  }
}

/// Solves op(A) X = B, or X op(A) = B, for triangular A. Each operand is one matrix or has the
/// outer axes of the result.
final class TriangularSolveOperation: ArrayOperation {
  struct Form: Equatable {
    var lower = true
    var transposed = false
    var unitDiagonal = false
    /// Whether A stands on the left of X.
    var left = true
  }

  let name = "triangularSolve"
  private let form: Form

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
  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    var adjoint = form
    adjoint.transposed.toggle()
    let bBar = TriangularSolveOperation(adjoint)(inputs[0], ct)
    let product =
      switch (form.left, form.transposed) {
      case (true, false): matmul(bBar, result.transposed())
      case (true, true): matmul(result, bBar.transposed())
      case (false, false): matmul(result.transposed(), bBar)
      case (false, true): matmul(bBar.transposed(), result)
      }
    let inside = form.unitDiagonal ? 1 : 0
    let aBar = form.lower ? tril(-product, -inside) : triu(-product, inside)
    return [
      cotangent.guarding(aBar, ct, 2).summed(from: aBar.shape, to: inputs[0].shape),
      cotangent.guarding(bBar, ct, 2).summed(from: bBar.shape, to: inputs[1].shape),
    ]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return self(aligned[0], aligned[1])
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (a, b, outer) = broadcastMatrices(a, b, "triangularSolve")
    let n = a.shape[a.rank - 1]
    precondition(
      b.shape[b.rank - (form.left ? 2 : 1)] == n,
      "triangularSolve: a right-hand side of shape \(b.shape) for matrices of shape \(a.shape)")
    let shape = outer + [b.shape[b.rank - 2], b.shape[b.rank - 1]]
    return Tensor(Node(self, a.node, b.node, shape: shape, dtype: a.dtype))
  }
}

/// Two stacks of matrices of one dtype with their common outer axes; a single matrix stays one.
private func broadcastMatrices(
  _ a: Tensor, _ b: Tensor, _ name: StaticString
) -> (Tensor, Tensor, Shape) {
  a.requireSquare(name)
  precondition(b.rank >= 2, "\(name): expected matrices, got the shape \(b.shape)")
  guard let outer = a.shape.outer.broadcast(with: b.shape.outer) else {
    preconditionFailure(
      "\(name): the outer axes of \(a.shape) and \(b.shape) do not broadcast together")
  }
  let common = commonDType(a, b, "\(name)")
  let dtype = common.isFloat ? common : .float64
  let operands = [a, b].map { tensor -> Tensor in
    let operand = tensor.operand(as: dtype)
    let (rows, columns) = operand.shape.matrixExtents
    if operand.shape.outer.elementCount == 1 { return operand.reshaped(to: [rows, columns]) }
    return operand.broadcast(to: outer + [rows, columns])
  }
  return (operands[0], operands[1], outer)
}

/// Solves A X = B for general square A. Operands as for `TriangularSolveOperation`.
final class SolveOperation: ArrayOperation {
  static let shared = SolveOperation()
  let name = "solve"

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
  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let bBar = self(inputs[0].transposed(), ct)
    let aBar = -matmul(bBar, result.transposed())
    return [
      cotangent.guarding(aBar, ct, 2).summed(from: aBar.shape, to: inputs[0].shape),
      cotangent.guarding(bBar, ct, 2).summed(from: bBar.shape, to: inputs[1].shape),
    ]
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return self(aligned[0], aligned[1])
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (a, b, outer) = broadcastMatrices(a, b, "solve")
    precondition(
      b.shape[b.rank - 2] == a.shape[a.rank - 1],
      "solve: a right-hand side of shape \(b.shape) for matrices of shape \(a.shape)")
    let shape = outer + [b.shape[b.rank - 2], b.shape[b.rank - 1]]
    return Tensor(Node(self, a.node, b.node, shape: shape, dtype: a.dtype))
  }
}

/// The lower triangular L with L Lᵀ = A, for each positive definite matrix of … × n × n.
///
/// Only the lower triangle of A is read; the derivative is that for symmetric changes of A. A
/// matrix that is not positive definite gives NaN.
public func cholesky(_ a: Tensor) -> Tensor {
  a.requireSquare("cholesky")
  return MatrixOperation.cholesky(a)
}

/// The solution X of op(A) X = B for triangular A (… × n × n), op(A) being A or its transpose.
///
/// B is … × n × m, or one vector of n elements, which gives a vector. Outer axes broadcast. The
/// other triangle is never read; with `unitDiagonal` the diagonal is taken as ones. A zero on the
/// diagonal gives NaN.
public func triangularSolve(
  _ a: Tensor, _ b: Tensor, lower: Bool = true, transposed: Bool = false,
  unitDiagonal: Bool = false
) -> Tensor {
  let operation = TriangularSolveOperation(
    .init(lower: lower, transposed: transposed, unitDiagonal: unitDiagonal))
  if b.rank == 1 { return operation(a, b.expandingDims(at: 1)).squeezing(at: -1) }
  return operation(a, b)
}

/// The solution X of A X = B for square A (… × n × n), by LU with pivoting; NaN for singular A.
///
/// B is … × n × m, or one vector of n elements, which gives a vector. Outer axes broadcast.
public func solve(_ a: Tensor, _ b: Tensor) -> Tensor {
  if b.rank == 1 { return SolveOperation.shared(a, b.expandingDims(at: 1)).squeezing(at: -1) }
  return SolveOperation.shared(a, b)
}

/// The inverse of each square matrix; NaN for a singular one.
public func inverse(_ a: Tensor) -> Tensor {
  a.requireSquare("inverse")
  return MatrixOperation.inverse(a)
}

/// The sign of the determinant of each square matrix, and the logarithm of its magnitude: 0 and −∞
/// for a singular one.
public func logAbsDet(_ a: Tensor) -> (sign: Tensor, logAbs: Tensor) {
  a.requireSquare("logAbsDet")
  let packed = MatrixOperation.slogdet(a)
  return (packed.selecting(0, along: -1), packed.selecting(1, along: -1))
}

/// Q (n × m, orthonormal columns) and upper triangular R (m × m, diagonal ≥ 0) with A = Q R, for
/// each matrix of n ≥ m rows.
public func qr(_ a: Tensor) -> (q: Tensor, r: Tensor) {
  precondition(
    a.rank >= 2 && a.shape[a.rank - 2] >= a.shape[a.rank - 1],
    "qr: expected matrices with no more columns than rows, got the shape \(a.shape)")
  let (n, m) = a.shape.matrixExtents
  let packed = MatrixOperation.qr(a)
  return (packed.unpacked([n, m], at: 0), packed.unpacked([m, m], at: n * m))
}

/// The eigenvalues, ascending, and eigenvectors (columns) of each symmetric matrix, of which the
/// lower triangle is read. The largest component of each eigenvector is positive.
public func eigh(_ a: Tensor) -> (values: Tensor, vectors: Tensor) {
  a.requireSquare("eigh")
  let n = a.shape[a.rank - 1]
  let packed = MatrixOperation.eigh(a)
  return (packed.unpacked([n], at: 0), packed.unpacked([n, n], at: n))
}
