internal import CTensorKernels

extension MatrixOperation {
  /// Ā = −A⁻ᵀ Ȳ A⁻ᵀ.
  static let inverse = MatrixOperation("inverse", 1, ctk_inverse, { n, _ in [n, n] }) { ct, _, y in
    let turned = y.transposed()
    return -matmul(matmul(turned, ct), turned)
  }

  /// Sign and log |det A|: Ā = (log |det A|)‾ A⁻ᵀ.
  static let slogdet = MatrixOperation("slogdet", 2, ctk_slogdet, { _, _ in [2] }) { ct, a, _ in
    let scale = ct.selecting(1, along: -1).expandingDims(at: -1).expandingDims(at: -1)
    return scale * inverse(a).transposed()
  }

  /// Ā = det‾ cof(A).
  static let determinant = MatrixOperation("determinant", 7, ctk_det, { _, _ in [1] }) { ct, a, _ in
    ct.expandingDims(at: -1) * cofactors(a)
  }

  /// C = det(A) A⁻ᵀ: Ā = (Σ C̄ ∘ C − C C̄ᵀ) A⁻ᵀ, NaN for singular A. Of a single number it is 1.
  static let cofactors = MatrixOperation("cofactors", 8, ctk_cofactors, { n, _ in [n, n] }) {
    ct, a, y in
    let n = a.shape[a.rank - 1]
    if n == 1 { return 0 * ct }
    let trace = (ct * y).sum(axes: [-1, -2], keepingAxes: true)
    let inner = trace * Tensor.eye(n, dtype: a.dtype) - matmul(y, ct.transposed())
    return matmul(inner, inverse(a).transposed())
  }
}

/// The inverse of each square matrix; NaN for a singular one.
public func inverse(_ a: Tensor) -> Tensor {
  a.requireSquare("inverse")
  return MatrixOperation.inverse(a)
}

/// The determinant of each square matrix.
///
/// Its derivative, the matrix of cofactors, holds for singular matrices too; the second derivative
/// is NaN there. Of large matrices the determinant easily leaves the range: see `logdet`.
public func determinant(_ a: Tensor) -> Tensor {
  a.requireSquare("determinant")
  return MatrixOperation.determinant(a).squeezing(at: -1)
}

/// The sign of the determinant of each square matrix, and the logarithm of its magnitude: 0 and −∞
/// for a singular one.
public func slogdet(_ a: Tensor) -> (sign: Tensor, logAbs: Tensor) {
  a.requireSquare("slogdet")
  let packed = MatrixOperation.slogdet(a)
  return (packed.selecting(0, along: -1), packed.selecting(1, along: -1))
}

/// The logarithm of the determinant of each square matrix: −∞ for a singular one, NaN where the
/// determinant is negative.
public func logdet(_ a: Tensor) -> Tensor {
  let (sign, logAbs) = slogdet(a)
  return `where`(sign .< 0, Tensor(floatLiteral: .nan), logAbs)
}
