internal import CTensorKernels

/// |z|² of each row x of a matrix, z = L⁻¹ (x − m), or sums of c z above sums of c z zᵀ for the rows'
/// cotangents c, over parts of the rows. The operands are the matrix, m above L, and for the sums c.
final class QuadraticForm: ArrayOperation {
  enum Kind: Int {
    case values, moments
  }

  /// Kernels bring so many elements into the cache for many rows at once; more are solved for by BLAS.
  static let mostElements = Int(CTK_QUADRATIC_MOST)

  private let kind: Kind
  var name: String { "quadratic form \(kind)" }

  init(_ kind: Kind) { self.kind = kind }

  func encodeAttributes(into key: inout [Int]) { key.append(kind.rawValue) }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let (rows, n) = operands[0].shape.matrixExtents
    let descriptor = ctk_quadratic_desc(rows: Int64(rows), n: Int64(n))
    let code = dtype.kernelCode
    return ArrayInstruction(
      kind == .values ? ctk_quadratic(code) : ctk_quadratic_moments(code), descriptor, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    inputs.indices.map {
      cotangent * MissingDerivative.of(name, by: "operand \($0)", like: result)
    }
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let operands = zip(inputs, isBatched).map { input, isBatched in
      isBatched ? input : input.broadcast(to: [size] + input.shape)
    }
    let frame = QuadraticFrame(operands[1])
    guard kind == .moments else { return frame.squares(operands[0]) }
    // All in the first part.
    let sums = frame.moments(operands[0], operands[2]).expandingDims(at: 1)
    let rest = Tensor.zeros(
      [size, original.shape[0] - 1] + Shape(original.shape.dropFirst()), dtype: sums.dtype)
    return concat([sums, rest], along: 1)
  }

  func callAsFunction(_ operands: Tensor...) -> Tensor {
    let (rows, n) = operands[0].shape.matrixExtents
    let parts = (rows + Int(CTK_QUADRATIC_PART) - 1) / Int(CTK_QUADRATIC_PART)
    return Tensor(
      Node(
        self, operands[0].node, operands[1].node, operands.count > 2 ? operands[2].node : nil,
        shape: kind == .values ? [rows] : [parts, n + 1, n], dtype: operands[0].dtype))
  }
}

private let infinite = Tensor(floatLiteral: .infinity)

/// m above L, and what is made of them without the kernels.
private struct QuadraticFrame {
  let center: Tensor
  let triangle: Tensor

  init(_ frame: Tensor) {
    let n = frame.shape[frame.rank - 1]
    center = frame.sliced(along: -2, start: 0, count: 1)
    triangle = frame.sliced(along: -2, start: 1, count: n)
  }

  /// x − m with zeros for infinite elements, and whether there are some but no NaN.
  private func differences(_ x: Tensor) -> (finite: Tensor, isFar: Tensor) {
    let difference = x - center
    let size = abs(difference)
    return (`where`(size .== infinite, 0, difference), size.max(axis: -1) .== infinite)
  }

  /// L⁻¹ of each row.
  func solved(_ rows: Tensor) -> Tensor {
    triangularSolve(triangle, rows, transposed: true, left: false)
  }

  /// L⁻ᵀ of each row.
  func solvedBack(_ rows: Tensor) -> Tensor { triangularSolve(triangle, rows, left: false) }

  func squares(_ x: Tensor) -> Tensor {
    let (finite, isFar) = differences(x)
    return `where`(isFar, infinite, square(solved(finite)).sum(axis: -1))
  }

  /// Rows of weight 0 may hold anything.
  func moments(_ x: Tensor, _ weights: Tensor) -> Tensor {
    let (finite, isFar) = differences(x)
    let weights = `where`(isFar, 0, weights).expandingDims(at: -1)
    let z = `where`(weights .== 0, 0, solved(finite))
    let first = (weights * z).sum(axis: -2, keepingAxes: true)
    return concat([first, matmul((weights * z).transposed(), z)], along: -2)
  }

  /// With g and G for the cotangents of the moments and H = G + Gᵀ: those of c are g z + zᵀ G z, and
  /// those of x are c L⁻ᵀ (g + H z), of which those of m and L are made.
  func momentSlopes(_ x: Tensor, _ weights: Tensor, _ ct: Tensor) -> [Tensor] {
    let (finite, isFar) = differences(x)
    let z = solved(finite)
    let g = ct.sliced(along: 0, start: 0, count: 1)
    let second = ct.sliced(along: 0, start: 1, count: ct.shape[1])
    let turned = matmul(z, second + second.transposed())
    let byWeight = `where`(isFar, 0, (z * (g + 0.5 * turned)).sum(axis: -1))
    let scales = `where`(isFar, 0, weights).expandingDims(at: -1)
    let byRow = solvedBack(BinaryOperation.mulSafe(scales, g + turned))
    let byFrame = concat(
      [-byRow.sum(axis: 0, keepingAxes: true), -tril(matmul(byRow.transposed(), z))], along: 0)
    return [byRow, byFrame, byWeight]
  }

  /// 2 c L⁻ᵀ z, the cotangents of the rows x.
  func slopes(_ x: Tensor, _ weights: Tensor) -> Tensor {
    let (finite, isFar) = differences(x)
    let weights = `where`(isFar, 0, 2 * weights).expandingDims(at: -1)
    return BinaryOperation.mulSafe(weights, solvedBack(solved(finite)))
  }
}

/// |L⁻¹ (x − m)|² for each row x of a matrix, L being lower triangular; ∞ where x − m has infinite
/// elements (and no NaN), which has derivatives of 0.
///
/// One pass over the rows, and another one for all derivatives by m and L: with c for a row's cotangent
/// these are −2 L⁻ᵀ Σ c z and −2 L⁻ᵀ Σ c z zᵀ.
package func squaredDistances(_ rows: Tensor, from center: Tensor, _ triangle: Tensor) -> Tensor {
  let n = rows.shape[1]
  precondition(
    center.shape == [n] && triangle.shape == [n, n],
    "squaredDistances: rows of \(n) elements from \(center.shape), scaled by \(triangle.shape)")
  let isSmall = n <= QuadraticForm.mostElements
  let frame = concat([center.expandingDims(at: 0), triangle], along: 0)
  let squares =
    isSmall ? QuadraticForm(.values)(rows, frame) : QuadraticFrame(frame).squares(rows)
  return withCustomDerivative(value: squares, inputs: [rows, frame]) { ct, inputs, _ in
    let frame = QuadraticFrame(inputs[1])
    let sums = moments(inputs[0], inputs[1], ct, isSmall)
    // L⁻ᵀ Σ c z, and the transpose of L⁻ᵀ Σ c z zᵀ, whose middle is symmetric.
    let back = frame.solvedBack(sums)
    let first = back.sliced(along: 0, start: 0, count: 1)
    let second = tril(back.sliced(along: 0, start: 1, count: n).transposed())
    return [frame.slopes(inputs[0], ct), -2 * concat([first, second], along: 0)]
  }
}

/// Σ c z above Σ c z zᵀ.
private func moments(_ rows: Tensor, _ frame: Tensor, _ weights: Tensor, _ isSmall: Bool) -> Tensor
{
  let sums =
    isSmall
    ? QuadraticForm(.moments)(rows, frame, weights).sum(axis: 0)
    : QuadraticFrame(frame).moments(rows, weights)
  return withCustomDerivative(value: sums, inputs: [rows, frame, weights]) { ct, inputs, _ in
    QuadraticFrame(inputs[1]).momentSlopes(inputs[0], inputs[2], ct)
  }
}
