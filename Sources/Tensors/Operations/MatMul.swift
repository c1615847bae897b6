internal import CTensorKernels

/// The product of matrices, over broadcast outer axes. Operands are … × m × k and … × k × n.
///
/// Behind a `where`, elements of a cotangent are zero because their branch was not taken: their
/// terms must stay zero, whatever they are multiplied with.
final class MatMulOperation: ArrayOperation {
  /// The operands whose zeros make a term zero also when the other factor is infinite or NaN.
  struct Zeros: OptionSet {
    let rawValue: Int
    static let left = Zeros(rawValue: Int(CTK_LEFT_ZEROS))
    static let right = Zeros(rawValue: Int(CTK_RIGHT_ZEROS))
  }

  private static let all = (0..<4).map { MatMulOperation(Zeros(rawValue: $0)) }
  let name = "matmul"
  let identity: Int
  let zeros: Zeros

  private init(_ zeros: Zeros) {
    self.zeros = zeros
    identity = -7101 - zeros.rawValue
  }

  static func with(_ zeros: Zeros) -> MatMulOperation { all[zeros.rawValue] }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    let rank = shape.rank
    let batch = Shape(shape.dropLast(2))
    guard let a = MatrixLayout(operands[0], batch), let b = MatrixLayout(operands[1], batch)
    else { return nil }
    let k = operands[0].shape[operands[0].shape.rank - 1]
    let descriptor = ctk_gemm_desc(
      batch: Int64(batch.elementCount), m: Int64(shape[rank - 2]), n: Int64(shape[rank - 1]),
      k: Int64(k), lda: Int64(a.rowStride), ldb: Int64(b.rowStride), ldc: Int64(shape[rank - 1]),
      sa: Int64(a.batchStride), sb: Int64(b.batchStride),
      sc: Int64(shape[rank - 2] * shape[rank - 1]), ta: a.isTransposed ? 1 : 0,
      tb: b.isTransposed ? 1 : 0)
    if zeros.isEmpty { return ArrayInstruction(ctk_gemm(dtype.kernelCode), descriptor, for: name) }
    let masked = ctk_masked_gemm_desc(product: descriptor, zeros: Int32(zeros.rawValue))
    return ArrayInstruction(ctk_gemm_masked(dtype.kernelCode), masked, for: name)
  }

  func rowRules(_ operands: [View], _ shape: Shape, rows: Int) -> [RowRule] {
    let (a, b) = (operands[0].shape, operands[1].shape)
    let terms = a[a.rank - 1]
    let work = shape.elementCount * terms
    // Kernels walk a batch by one stride, so nothing may lie outside a batch axis that is cut.
    let possible = shape.axes(of: rows).filter { axis in
      axis >= shape.rank - 2 || shape[..<axis].allSatisfy { $0 == 1 }
    }
    var rules = possible.map { axis in
      let aligned = [a, b].map { $0.axis(alignedWith: axis, of: shape) }
      let ofA = axis == shape.rank - 1 ? nil : aligned[0]
      let ofB = axis == shape.rank - 2 ? nil : aligned[1]
      return RowRule([ofA, ofB], into: axis, work: work)
    }
    if terms == rows, shape.dropLast(2).allSatisfy({ $0 == 1 }) {
      rules.append(RowRule([a.rank - 1, b.rank - 2], into: nil, work: work))
    }
    return rules
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let (a, b) = (inputs[0], inputs[1])
    var (left, right) = (zeros.intersection(.right), zeros.intersection(.left))
    if cotangent.isMasked {
      left.insert(.left)
      right.insert(.right)
    }
    let isMasked = cotangent.isMasked || !zeros.isEmpty
    return [
      Cotangent(productSummed(ct, b.transposed(), left, to: a.shape), isMasked: isMasked),
      Cotangent(productSummed(a.transposed(), ct, right, to: b.shape), isMasked: isMasked),
    ]
  }

  /// A product, summed over outer axes that the target does not have or has once.
  private func productSummed(
    _ a: Tensor, _ b: Tensor, _ zeros: Zeros, to target: Shape
  ) -> Tensor {
    if let flat = contractedOverBatch(a, b, zeros, to: target) { return flat }
    let product = matmul(a, b, zeros)
    return Cotangent(product).summed(from: product.shape, to: target).tensor
  }

  /// Σ over the batch of Aᵀ-like products of two batched operands is one product with the batch
  /// axis folded into the contraction, when the target has no batch of its own.
  private func contractedOverBatch(
    _ a: Tensor, _ b: Tensor, _ zeros: Zeros, to target: Shape
  ) -> Tensor? {
    guard target.dropLast(2).allSatisfy({ $0 == 1 }), a.rank > 2, a.rank == b.rank,
      a.shape.dropLast(2).elementsEqual(b.shape.dropLast(2)),
      a.shape.dropLast(2).contains(where: { $0 != 1 })
    else { return nil }
    let rank = a.rank
    let outer = Array(0..<rank - 2)
    let left = a.transposed(to: [rank - 2] + outer + [rank - 1])
      .reshaped(to: [a.shape[rank - 2], a.count / Swift.max(a.shape[rank - 2], 1)])
    let right = b.reshaped(to: [b.count / Swift.max(b.shape[rank - 1], 1), b.shape[rank - 1]])
    return matmul(left, right, zeros).reshaped(to: target)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let (a, b) = (inputs[0], inputs[1])
    if isBatched[0] && !isBatched[1] && b.rank == 2 && original.shape.rank == 2 {
      // One product for all: the batch joins the rows.
      let flat = matmul(a.reshaped(to: [size * a.shape[1], a.shape[2]]), b, zeros)
      return flat.reshaped(to: [size] + original.shape)
    }
    if isBatched[1] && !isBatched[0] && a.rank == 2 && b.rank == 3 && b.shape[2] == 1 {
      // One matrix times many vectors is one product with the vectors as rows.
      let flat = matmul(b.squeezing(at: 2), a.transposed(), zeros.swapped)
      return flat.expandingDims(at: 2)
    }
    let aligned = alignBatch(inputs, isBatched, original.shape.rank)
    return matmul(aligned[0], aligned[1], zeros)
  }
}

extension MatMulOperation.Zeros {
  /// The same when the operands change places.
  fileprivate var swapped: Self { self == .left ? .right : self == .right ? .left : self }
}

/// A stack of matrices whose rows or columns are contiguous.
private struct MatrixLayout {
  var rowStride: Int
  var isTransposed: Bool
  var batchStride: Int

  /// Nil where BLAS cannot read the view as it is.
  init?(_ view: View, _ batch: Shape) {
    let rank = view.shape.rank
    let (rows, columns) = (view.shape[rank - 2], view.shape[rank - 1])
    let (outer, inner) = (view.strides[rank - 2], view.strides[rank - 1])
    if rows == 0 || columns == 0 {
      rowStride = max(columns, 1)
      isTransposed = false
      batchStride = 0
      return
    }
    if inner == 1 || columns == 1, rows == 1 || outer >= max(columns, 1) {
      rowStride = rows == 1 ? max(columns, 1) : outer
      isTransposed = false
    } else if outer == 1 || rows == 1, columns == 1 || inner >= max(rows, 1) {
      rowStride = columns == 1 ? max(rows, 1) : inner
      isTransposed = true
    } else {
      return nil
    }
    if !isTransposed && columns == 1 && rows > 1 && inner != 1 && outer < 1 { return nil }
    guard let stride = MatrixLayout.batchStride(view, batch) else { return nil }
    batchStride = stride
  }

  /// The one stride that walks the broadcast batch in order, if there is one.
  private static func batchStride(_ view: View, _ batch: Shape) -> Int? {
    let outer = View(
      shape: Shape(view.shape.dropLast(2)), strides: Array(view.strides.dropLast(2)), offset: 0
    ).broadcast(to: batch)
    var stride: Int?
    var expected = 0
    for axis in (0..<batch.rank).reversed() where batch[axis] != 1 {
      if let known = stride {
        guard outer.strides[axis] == expected else { return nil }
        expected = outer.strides[axis] * batch[axis]
        stride = known
      } else {
        stride = outer.strides[axis]
        expected = outer.strides[axis] * batch[axis]
      }
    }
    return stride ?? 0
  }
}

/// The matrix product, NumPy's `matmul`: a vector operand is a row on the left, a column on the
/// right, and drops out of the result; outer axes broadcast.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(
    a.rank >= 1 && b.rank >= 1, "matmul: expected matrices, got shapes \(a.shape) and \(b.shape)")
  if a.rank == 1 { return matmul(a.expandingDims(at: 0), b).squeezing(at: b.rank == 1 ? 0 : -2) }
  if b.rank == 1 { return matmul(a, b.expandingDims(at: 1)).squeezing(at: -1) }
  return matmul(a, b, [])
}

/// The product of matrices.
func matmul(_ a: Tensor, _ b: Tensor, _ zeros: MatMulOperation.Zeros) -> Tensor {
  precondition(
    a.shape[a.rank - 1] == b.shape[b.rank - 2],
    "matmul: the inner extents of \(a.shape) and \(b.shape) differ")
  guard let batch = Shape(a.shape.dropLast(2)).broadcast(with: Shape(b.shape.dropLast(2))) else {
    preconditionFailure(
      "matmul: the outer axes of \(a.shape) and \(b.shape) do not broadcast together")
  }
  let common = commonDType(a, b, "matmul")
  let dtype = common.isFloat ? common : .float64
  let shape = batch + [a.shape[a.rank - 2], b.shape[b.rank - 1]]
  // One matrix for all, or one each; what repeats otherwise is no single stride and is spread out.
  let operands = [a, b].map { tensor -> Tensor in
    let (outer, core) = (tensor.shape.dropLast(2), tensor.shape.suffix(2))
    let count = outer.reduce(1, *)
    let operand = tensor.operand(as: dtype)
    return count == 1 || count == batch.elementCount
      ? operand : operand.broadcast(to: batch + Shape(core))
  }
  return Tensor(
    Node(
      MatMulOperation.with(zeros), operands[0].node, operands[1].node, shape: shape,
      dtype: dtype, isWeak: a.node.isWeak && b.node.isWeak))
}
