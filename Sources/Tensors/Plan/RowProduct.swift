internal import CTensorKernels

/// A product of a matrix of many rows with a vector, to be computed inside a loop over the rows.
///
/// Such products are bound by reading the matrix. In a fused loop the rows of a block are read
/// once from memory for the product, what is computed from it, and the transposed product that the
/// derivative needs.
struct RowProduct {
  /// Elements of a row.
  let columns: Int
  /// Elements between rows.
  let stride: Int
  let zeros: MatMulOperation.Zeros

  private static let fewestRows = 1024
  private static let mostColumns = 2048

  /// How to compute a product of operands that lie in memory like this, nil if not row by row.
  static func kind(
    _ operands: [View], _ dtype: DType, _ zeros: MatMulOperation.Zeros
  ) -> Item.Kind? {
    let (a, b) = (operands[0], operands[1])
    let rank = a.shape.rank
    guard b.shape[b.shape.rank - 1] == 1, b.isContiguous,
      a.shape.dropLast(2).allSatisfy({ $0 == 1 }),
      b.shape.dropLast(2).allSatisfy({ $0 == 1 })
    else { return nil }
    let (outer, inner) = (a.shape[rank - 2], a.shape[rank - 1])
    let (outerStride, innerStride) = (a.strides[rank - 2], a.strides[rank - 1])
    if outer >= fewestRows, inner <= mostColumns, innerStride == 1, outerStride >= inner {
      return .rowDots(RowProduct(columns: inner, stride: outerStride, zeros: zeros))
    }
    if inner >= fewestRows, outer <= mostColumns, outerStride == 1, innerStride >= outer {
      return .rowCombine(RowProduct(columns: outer, stride: innerStride, zeros: zeros))
    }
    return nil
  }

  func dots(_ dtype: DType) -> ctk_fn? {
    zeros.isEmpty ? ctk_row_dots(dtype.kernelCode) : ctk_row_dots_masked(dtype.kernelCode)
  }

  /// As each row is a column of the product's left operand, its terms are a[j, i] b[i].
  func combine(_ dtype: DType) -> ctk_fn? {
    zeros.isEmpty ? ctk_row_combine(dtype.kernelCode) : ctk_row_combine_masked(dtype.kernelCode)
  }

  var descriptor: ctk_masked_rows_desc {
    ctk_masked_rows_desc(
      rows: ctk_rows_desc(columns: Int64(columns), ld: Int64(stride)), zeros: Int32(zeros.rawValue))
  }
}
