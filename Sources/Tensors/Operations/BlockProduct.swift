internal import CTensorKernels

/// Products with a matrix B that is zero off a known pattern of blocks: x B, g Bᵀ, and the part of
/// xᵀ g that lies in the blocks. Each is a derivative of the others.
///
/// What is off the blocks is not read, or means nothing: B must have been masked by then.
final class BlockProduct: ArrayOperation {
  enum Form: Int, CaseIterable {
    /// x of m × rows and B.
    case product
    /// g of m × columns and B.
    case transposed
    /// x of m × rows and g of m × columns.
    case outer
  }

  let name = "block product"
  private let pattern: BlockPattern
  private let form: Form
  private let zeros: MatMulOperation.Zeros

  init(_ pattern: BlockPattern, _ form: Form, _ zeros: MatMulOperation.Zeros) {
    self.pattern = pattern
    self.form = form
    self.zeros = zeros
  }

  func encodeAttributes(into key: inout [Int]) {
    key += [form.rawValue, zeros.rawValue] + pattern.words
  }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy({ $0.strides[1] == 1 && $0.strides[0] >= $0.shape[1] })
    else { return nil }
    let (m, n) = shape.matrixExtents
    let k = operands[0].shape[form == .outer ? 0 : 1]
    let product = ctk_gemm_desc(
      batch: 1, m: Int64(m), n: Int64(n), k: Int64(k), lda: Int64(operands[0].strides[0]),
      ldb: Int64(operands[1].strides[0]), ldc: Int64(n), sa: 0, sb: 0, sc: 0,
      ta: form == .outer ? 1 : 0, tb: form == .transposed ? 1 : 0)
    let panels = form == .transposed ? pattern.rowPanels : pattern.columnPanels
    let code = dtype.kernelCode
    guard m * n * k >= BlockPattern.leastWork, pattern.isSparse(panels) else {
      if zeros.isEmpty { return ArrayInstruction(ctk_gemm(code), product, for: name) }
      let masked = ctk_masked_gemm_desc(product: product, zeros: Int32(zeros.rawValue))
      return ArrayInstruction(ctk_gemm_masked(code), masked, for: name)
    }
    // Sums that are taken again go over all terms; those off the blocks are none.
    let all = form == .outer || zeros.isEmpty ? zeros : zeros.union(.right)
    let masked = ctk_masked_gemm_desc(product: product, zeros: Int32(all.rawValue))
    let descriptor = ctk_block_gemm_desc(product: masked, panels: Int32(panels.count))
    var instruction = ArrayInstruction(ctk_gemm_blocks(code), descriptor, for: name)
    instruction.descriptor += BlockPattern.table(panels)
    return instruction
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let (a, b) = (inputs[0], inputs[1])
    let (ofA, ofB) = (zeros.contains(.left), zeros.contains(.right))
    let isMasked = cotangent.isMasked
    func make(_ form: Form, _ a: Tensor, _ b: Tensor, _ left: Bool, _ right: Bool) -> Cotangent {
      var zeros: MatMulOperation.Zeros = left ? .left : []
      if right { zeros.insert(.right) }
      return Cotangent(
        pattern.product(form, zeros, a, b), isMasked: isMasked || !self.zeros.isEmpty)
    }
    switch form {
    case .product:
      return [make(.transposed, ct, b, isMasked, ofB), make(.outer, a, ct, ofA, isMasked)]
    case .transposed:
      return [make(.product, ct, b, isMasked, ofB), make(.outer, ct, a, isMasked, ofA)]
    case .outer:
      return [make(.transposed, b, ct, ofB, isMasked), make(.product, a, ct, ofA, isMasked)]
    }
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let (a, b) = (inputs[0], inputs[1])
    if form != .outer && !isBatched[1] {
      let flat = a.reshaped(to: [size * a.shape[1], a.shape[2]])
      return pattern.product(form, zeros, flat, b).reshaped(to: [size] + original.shape)
    }
    let aligned = alignBatch(inputs, isBatched, 2)
    let (left, right) = (aligned[0], aligned[1])
    return switch form {
    case .product: matmul(left, right, zeros)
    case .transposed: matmul(left, right.transposed(), zeros)
    case .outer: matmul(left.transposed(), right, zeros)
    }
  }
}

/// Where a matrix may have elements other than zero, in blocks: for panels of its columns, which
/// rows, and for panels of its rows, which columns.
package final class BlockPattern: Sendable {
  /// Neighbouring lines, and which of their elements are in blocks.
  struct Panel: Sendable {
    let span: Range<Int>
    let filled: [Range<Int>]

    /// A rough number of multiplications per row.
    fileprivate var cost: Int {
      filled.reduce(0) { $0 + $1.count + overhead } * BlockPattern.padded(span.count)
    }
  }

  let rows: Int
  let columns: Int
  fileprivate let columnPanels: [Panel]
  fileprivate let rowPanels: [Panel]
  fileprivate let words: [Int]

  /// Elements of a vector, as the kernels know it.
  private static let vector = 16
  /// Lines of a panel. Wider panels multiply faster, narrower ones leave out more.
  private static let width = 2 * vector
  /// The terms that could be computed in the time that another product takes up.
  fileprivate static let overhead = 4
  /// Multiplications below which the products are too small to be cut.
  fileprivate static let leastWork = 1 << 18

  /// - Parameter isFilled: where elements may be other than zero, row by row.
  package init(rows: Int, columns: Int, isFilled: [Bool]) {
    precondition(
      isFilled.count == rows * columns,
      "BlockPattern: \(isFilled.count) elements of a matrix of shape [\(rows), \(columns)]")
    self.rows = rows
    self.columns = columns
    columnPanels = BlockPattern.panels(
      (0..<columns).map { column in (0..<rows).map { isFilled[$0 * columns + column] } })
    rowPanels = BlockPattern.panels(
      (0..<rows).map { row in Array(isFilled[(row * columns)..<((row + 1) * columns)]) })
    words = [rows, columns] + (columnPanels + rowPanels).flatMap(BlockPattern.words)
  }

  /// Joins neighbouring lines that differ little; the panels that cost most come first.
  private static func panels(_ lines: [[Bool]]) -> [Panel] {
    var panels: [Panel] = []
    var start = 0
    for end in lines.indices.map({ $0 + 1 })
    where end == lines.count || !areAlike(lines[end - 1], lines[end]) {
      panels += spans(lines, start..<end).map { span in
        let isUsed = lines[start].indices.map { index in lines[span].contains { $0[index] } }
        return Panel(span: span, filled: ranges(isUsed))
      }
      start = end
    }
    return panels.sorted { ($0.cost, $1.span.lowerBound) > ($1.cost, $0.span.lowerBound) }
  }

  /// Cuts lines into panels; one that is not full is at the end where lines have less.
  private static func spans(_ lines: [[Bool]], _ all: Range<Int>) -> [Range<Int>] {
    func filled(_ line: Int) -> Int { lines[line].count { $0 } }
    let isAscending = filled(all.lowerBound) < filled(all.upperBound - 1)
    let first = all.lowerBound - (isAscending ? padded(all.count) - all.count : 0)
    return stride(from: first, to: all.upperBound, by: width).map {
      ($0..<$0 + width).clamped(to: all)
    }
  }

  private static func areAlike(_ a: [Bool], _ b: [Bool]) -> Bool {
    4 * zip(a, b).count { $0 != $1 } <= a.count
  }

  /// Where elements are true, with small gaps closed.
  private static func ranges(_ elements: [Bool]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (index, isTrue) in elements.enumerated() where isTrue {
      if let last = ranges.last, index - last.upperBound <= overhead {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
      } else {
        ranges.append(index..<index + 1)
      }
    }
    return ranges
  }

  fileprivate static func padded(_ count: Int) -> Int { (count + vector - 1) / vector * vector }

  private static func words(_ panel: Panel) -> [Int] {
    [panel.span.lowerBound, panel.span.upperBound, panel.filled.count]
      + panel.filled.flatMap { [$0.lowerBound, $0.upperBound] }
  }

  /// Whether the products of panels cost clearly less than that of the whole.
  fileprivate func isSparse(_ panels: [Panel]) -> Bool {
    let lines = panels.reduce(0) { $0 + $1.span.count }
    let whole = rows * columns / max(lines, 1) * BlockPattern.padded(lines)
    return 7 * panels.reduce(0) { $0 + $1.cost } <= 6 * whole
  }

  /// Panels and ranges as the kernel wants them.
  fileprivate static func table(_ panels: [Panel]) -> [UInt8] {
    var words: [Int32] = []
    var ranges: [Int32] = []
    for panel in panels {
      words += [panel.span.lowerBound, panel.span.upperBound, ranges.count, panel.filled.count]
        .map(Int32.init)
      ranges += panel.filled.flatMap { [Int32($0.lowerBound), Int32($0.upperBound)] }
    }
    return (words + ranges).withUnsafeBytes { [UInt8]($0) }
  }

  fileprivate func product(
    _ form: BlockProduct.Form, _ zeros: MatMulOperation.Zeros, _ a: Tensor, _ b: Tensor
  ) -> Tensor {
    let shape: Shape =
      switch form {
      case .product: [a.shape[0], columns]
      case .transposed: [a.shape[0], rows]
      case .outer: [rows, columns]
      }
    return Tensor(
      Node(BlockProduct(self, form, zeros), a.node, b.node, shape: shape, dtype: a.dtype))
  }
}

/// x B for a matrix B that is zero off the blocks of a pattern, whose other terms are not computed.
///
/// - Parameters:
///   - x: of shape [m, pattern.rows].
///   - b: of shape [pattern.rows, pattern.columns]. Derivatives with respect to elements off the
///     blocks have no meaning.
package func matmul(_ x: Tensor, _ b: Tensor, within pattern: BlockPattern) -> Tensor {
  precondition(
    x.rank == 2 && x.shape[1] == pattern.rows && b.shape == [pattern.rows, pattern.columns],
    "matmul: \(x.shape) and \(b.shape) with a pattern of [\(pattern.rows), \(pattern.columns)]")
  let dtype = commonDType(x, b, "matmul")
  return pattern.product(.product, [], x.operand(as: dtype), b.operand(as: dtype))
}
