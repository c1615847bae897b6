internal import CTensorKernels

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

  /// Packed factors of the matrix with its rows exchanged, and which row each is. With
  /// M = L⁻ᵀ (tril(LᵀL̄, −1) + triu(ŪUᵀ)) U⁻ᵀ, the exchanges undone on M are Ā.
  static let lu = MatrixOperation("lu", 5, ctk_lu, { n, _ in [n * n + n] }) { ct, a, y in
    let n = a.shape[a.rank - 1]
    let (packed, rows) = (y.unpacked([n, n], at: 0), y.unpacked([n], at: n * n))
    let bar = ct.unpacked([n, n], at: 0)
    let lower = tril(packed, -1) + Tensor.eye(n, dtype: a.dtype)
    let inner =
      tril(matmul(lower.transposed(), tril(bar, -1)), -1)
      + triu(matmul(triu(bar), triu(packed).transposed()))
    let left = TriangularSolveOperation(.init(transposed: true, unitDiagonal: true))(packed, inner)
    let both = TriangularSolveOperation(.init(lower: false, transposed: true, left: false))(
      packed, left)
    return both.takeAlong(rows.argsort().expandingDims(at: -1), axis: -2)
  }

  /// U, s and Vᵀ: Ā = U (F ∘ (UᵀŪ − ŪᵀU) S + S (F ∘ (VᵀV̄ − V̄ᵀV)) + diag(s̄)) Vᵀ
  /// + (I − UUᵀ) Ū S⁻¹ Vᵀ + U S⁻¹ V̄ᵀ (I − VVᵀ), with F = 1 / (sⱼ² − sᵢ²) off the diagonal
  /// (Townsend 2016). As with `eigh`, vectors of equal values, and those of 0 that a rectangular
  /// matrix could turn out of its span, have no derivative; their part is taken as 0.
  static let svd = MatrixOperation(
    "svd", 6, ctk_svd,
    { n, m in [n * Swift.min(n, m) + Swift.min(n, m) + Swift.min(n, m) * m] }
  ) { ct, a, y in
    let (n, m) = a.shape.matrixExtents
    let (u, s, vt) = y.unpackedSVD(n, m)
    let (uBar, sBar, vtBar) = ct.unpackedSVD(n, m)
    let (column, row) = (s.expandingDims(at: -1), s.expandingDims(at: -2))
    let isEqual = row .== column
    let gaps = `where`(isEqual, 1, (row - column) * (row + column))
    let (left, right) = (matmul(u.transposed(), uBar), matmul(vt, vtBar.transposed()))
    let turn = { (x: Tensor) in `where`(isEqual, 0, (x - x.transposed()) / gaps) }
    let inner = turn(left) * row + column * turn(right) + sBar.embeddingDiagonal()
    var result = matmul(matmul(u, inner), vt)
    let inverse = `where`(s .== 0, 0, 1 / `where`(s .== 0, 1, s))
    if n > m {
      result = result + matmul((uBar - matmul(u, left)) * inverse.expandingDims(at: -2), vt)
    }
    if m > n {
      let outside = vtBar - matmul(right.transposed(), vt)
      result = result + matmul(u, inverse.expandingDims(at: -1) * outside)
    }
    return result
  }
}

extension Tensor {
  /// U, s and Vᵀ of matrices of n × m.
  fileprivate func unpackedSVD(_ n: Int, _ m: Int) -> (u: Tensor, s: Tensor, vt: Tensor) {
    let k = Swift.min(n, m)
    return (
      unpacked([n, k], at: 0), unpacked([k], at: n * k), unpacked([k, m], at: n * k + k)
    )
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

/// The factors of each square matrix with its rows exchanged: row i of L U is row `permutation[i]`
/// of A, for one matrix `a[permutation]`.
///
/// L is lower triangular with ones on the diagonal, no element larger than 1 in magnitude; U is
/// upper triangular, with a zero on the diagonal if A is singular: its derivative is then NaN. The
/// permutation is a vector of int64 for each matrix.
public func lu(_ a: Tensor) -> (permutation: Tensor, lower: Tensor, upper: Tensor) {
  a.requireSquare("lu")
  let n = a.shape[a.rank - 1]
  let result = MatrixOperation.lu(a)
  let packed = result.unpacked([n, n], at: 0)
  let lower = tril(packed, -1) + Tensor.eye(n, dtype: packed.dtype)
  return (result.unpacked([n], at: n * n).cast(to: .int64), lower, triu(packed))
}

/// The singular value decomposition A = U diag(s) Vᵀ of each n × m matrix, with k = min(n, m): U
/// (n × k) and V (m × k) have orthonormal columns, s descends and is ≥ 0.
///
/// The largest component of each column of U is positive. NumPy's `svd(a, full_matrices=False)`.
public func svd(_ a: Tensor) -> (u: Tensor, s: Tensor, vt: Tensor) {
  precondition(a.rank >= 2, "svd: expected a matrix, got the shape \(a.shape)")
  let (n, m) = a.shape.matrixExtents
  return MatrixOperation.svd(a).unpackedSVD(n, m)
}
