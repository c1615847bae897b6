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

  /// What a third operand is for.
  enum Third: Int32 {
    case none
    /// A vector v: x B + v.
    case adds
    /// A vector v: max(x B + v, 0).
    case rectifies
    /// A matrix y: g Bᵀ where y is positive, and 0 elsewhere, the derivative of a rectified product.
    case gates
  }

  let name = "block product"
  private let pattern: BlockPattern
  private let form: Form
  private let zeros: MatMulOperation.Zeros
  private let third: Third

  init(
    _ pattern: BlockPattern, _ form: Form, _ zeros: MatMulOperation.Zeros, _ third: Third = .none
  ) {
    self.pattern = pattern
    self.form = form
    self.zeros = zeros
    self.third = third
  }

  func encodeAttributes(into key: inout [Int]) {
    key += [form.rawValue, zeros.rawValue, Int(third.rawValue)] + pattern.words
  }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.prefix(2).allSatisfy({ $0.strides[1] == 1 && $0.strides[0] >= $0.shape[1] }),
      operands.dropFirst(2).allSatisfy(\.isContiguous)
    else { return nil }
    let (m, n) = shape.matrixExtents
    let k = operands[0].shape[form == .outer ? 0 : 1]
    let product = ctk_gemm_desc(
      batch: 1, m: Int64(m), n: Int64(n), k: Int64(k), lda: Int64(operands[0].strides[0]),
      ldb: Int64(operands[1].strides[0]), ldc: Int64(n), sa: 0, sb: 0, sc: 0,
      ta: form == .outer ? 1 : 0, tb: form == .transposed ? 1 : 0)
    let code = dtype.kernelCode
    guard third != .none || pattern.pays(form, m * n * k) else {
      if zeros.isEmpty { return ArrayInstruction(ctk_gemm(code), product, for: name) }
      let masked = ctk_masked_gemm_desc(product: product, zeros: Int32(zeros.rawValue))
      return ArrayInstruction(ctk_gemm_masked(code), masked, for: name)
    }
    // Sums that are taken again go over all terms; those off the blocks are none.
    let all = form == .outer || zeros.isEmpty ? zeros : zeros.union(.right)
    let masked = ctk_masked_gemm_desc(product: product, zeros: Int32(all.rawValue))
    let panels = pattern.panels(form)
    let descriptor = ctk_block_gemm_desc(
      product: masked, third: third.rawValue, panels: Int32(panels.count))
    var instruction = ArrayInstruction(ctk_gemm_blocks(code), descriptor, for: name)
    instruction.descriptor += BlockPattern.table(panels)
    return instruction
  }

  func rowRules(_ operands: [View], _ shape: Shape, rows: Int) -> [RowRule] {
    guard operands[0].shape[0] == rows else { return [] }
    let work = shape.elementCount * operands[0].shape[form == .outer ? 0 : 1]
    if form == .outer { return [RowRule([0, 0], into: nil, work: work)] }
    let axes = [0, nil] + (third == .none ? [] : [third == .gates ? 0 : nil])
    return [RowRule(axes, into: 0, work: work)]
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    let cotangent =
      switch third {
      case .none, .adds: cotangent
      case .rectifies: BlockProduct.gated(cotangent, by: result)
      case .gates: BlockProduct.gated(cotangent, by: inputs[2])
      }
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
      let slopes = [make(.transposed, ct, b, isMasked, ofB), make(.outer, a, ct, ofA, isMasked)]
      return slopes
        + inputs.dropFirst(2).map { cotangent.summed(from: result.shape, to: $0.shape) }
    case .transposed:
      let slopes = [make(.product, ct, b, isMasked, ofB), make(.outer, ct, a, isMasked, ofA)]
      return slopes + inputs.dropFirst(2).map { _ in nil }
    case .outer:
      return [make(.transposed, b, ct, ofB, isMasked), make(.product, a, ct, ofA, isMasked)]
    }
  }

  /// A cotangent where a rectified result is positive; the product it comes from leaves out the others.
  private static func gated(_ cotangent: Cotangent, by y: Tensor) -> Cotangent {
    let node = cotangent.tensor.node
    if let product = node.operation as? BlockProduct, product.form == .transposed,
      product.third == .none, node.shape == y.shape
    {
      let operands = node.inputs.map { Tensor($0) } + [y]
      return Cotangent(
        product.pattern.product(.transposed, product.zeros, operands, .gates), isMasked: true)
    }
    return Cotangent(`where`(0 .< y, cotangent.tensor, 0), isMasked: true)
  }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    if form != .outer && isBatched[0] && !isBatched[1]
      && isBatched.dropFirst(2).allSatisfy({ $0 == (third == .gates) })
    {
      // One product for all: the batch joins the rows.
      let flat = zip(inputs, isBatched).map { input, isBatched in
        isBatched ? input.reshaped(to: [size * input.shape[1], input.shape[2]]) : input
      }
      return pattern.product(form, zeros, flat, third).reshaped(to: [size] + original.shape)
    }
    let aligned = alignBatch(inputs, isBatched, 2)
    let (left, right) = (aligned[0], aligned[1])
    let product =
      switch form {
      case .product: matmul(left, right, zeros)
      case .transposed: matmul(left, right.transposed(), zeros)
      case .outer: matmul(left.transposed(), right, zeros)
      }
    return third.apply(to: product, aligned.dropFirst(2).first)
  }
}

extension BlockProduct.Third {
  /// The same with a product that was computed alone.
  fileprivate func apply(to product: Tensor, _ operand: Tensor?) -> Tensor {
    guard let operand else { return product }
    return switch self {
    case .none: product
    case .adds: product + operand
    case .rectifies: relu(product + operand)
    case .gates: `where`(0 .< operand, product, 0)
    }
  }
}

/// Where a matrix may have elements other than zero, in blocks: for panels of its columns, which
/// rows, and for panels of its rows, which columns.
package final class BlockPattern: Sendable {
  /// Two runs of lines, or one, and which of their elements are in blocks.
  struct Panel: Sendable {
    let runs: [Range<Int>]
    let filled: [Range<Int>]
    private let isUsed: [Bool]

    /// - Parameter isUsed: of the elements of a line, those that are in a block of any.
    fileprivate init(_ runs: [Range<Int>], _ isUsed: [Bool]) {
      self.runs = runs
      self.isUsed = isUsed
      filled = ranges(isUsed)
    }

    fileprivate func joined(_ other: Panel) -> Panel {
      Panel(runs + other.runs, zip(isUsed, other.isUsed).map { $0 || $1 })
    }

    /// A rough number of multiplications per row, two vectors being one.
    fileprivate var cost: Int { filled.reduce(0) { $0 + $1.count + overhead } }

    fileprivate func isBefore(_ other: Panel) -> Bool {
      (cost, other.runs[0].lowerBound) > (other.cost, runs[0].lowerBound)
    }
  }

  package let rows: Int
  package let columns: Int
  fileprivate let columnPanels: [Panel]
  fileprivate let rowPanels: [Panel]
  private let columnsPay: Bool
  private let rowsPay: Bool
  fileprivate let words: [Int]

  /// Lines of a run. Longer ones leave out less.
  private static let run = 16
  /// The terms that could be computed in the time that another product takes up.
  fileprivate static let overhead = 4
  /// Runs of which the one is chosen that joins another best.
  private static let candidates = 8
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
    columnsPay = BlockPattern.isSparse(columnPanels, rows * columns)
    rowsPay = BlockPattern.isSparse(rowPanels, rows * columns)
    words = [rows, columns] + (columnPanels + rowPanels).flatMap(BlockPattern.words)
  }

  /// Cuts lines into runs and joins those that differ little; the panels that cost most come first.
  private static func panels(_ lines: [[Bool]]) -> [Panel] {
    var single = runs(lines).map { run in
      Panel([run], lines[0].indices.map { index in lines[run].contains { $0[index] } })
    }.sorted { $0.isBefore($1) }
    var panels: [Panel] = []
    while !single.isEmpty {
      let first = single.removeFirst()
      let pairs = single.prefix(candidates).map(first.joined)
      let best = pairs.indices.min { pairs[$0].cost < pairs[$1].cost }
      if let best, pairs[best].cost < first.cost + single[best].cost {
        panels.append(pairs[best])
        single.remove(at: best)
      } else {
        panels.append(first)
      }
    }
    return panels.sorted { $0.isBefore($1) }
  }

  /// Neighbouring lines that differ little. A run that is short is at the end where lines have less.
  private static func runs(_ lines: [[Bool]]) -> [Range<Int>] {
    func filled(_ line: Int) -> Int { lines[line].count { $0 } }
    var runs: [Range<Int>] = []
    var start = 0
    for end in lines.indices.map({ $0 + 1 })
    where end == lines.count || !areAlike(lines[end - 1], lines[end]) {
      let isAscending = filled(start) < filled(end - 1)
      let first = start - (isAscending ? padded(end - start) - (end - start) : 0)
      runs += stride(from: first, to: end, by: run).map { ($0..<$0 + run).clamped(to: start..<end) }
      start = end
    }
    return runs
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

  private static func padded(_ count: Int) -> Int { (count + run - 1) / run * run }

  private static func words(_ panel: Panel) -> [Int] {
    [panel.runs.count, panel.filled.count]
      + (panel.runs + panel.filled).flatMap { [$0.lowerBound, $0.upperBound] }
  }

  /// Whether the products of panels cost clearly less than that of the whole matrix.
  private static func isSparse(_ panels: [Panel], _ elements: Int) -> Bool {
    let lines = panels.reduce(0) { $0 + $1.runs.reduce(0) { $0 + $1.count } }
    let whole = elements / max(lines, 1) * padded(lines) / run
    return 7 * 2 * panels.reduce(0) { $0 + $1.cost } <= 6 * whole
  }

  /// Panels and ranges as the kernel wants them.
  fileprivate static func table(_ panels: [Panel]) -> [UInt8] {
    var words: [Int32] = []
    var ranges: [Int32] = []
    for panel in panels {
      let runs = panel.runs + (panel.runs.count == 1 ? [0..<0] : [])
      words += (runs.map(\.lowerBound) + runs.map(\.count)).map(Int32.init)
      words += [Int32(ranges.count), Int32(panel.filled.count)]
      ranges += panel.filled.flatMap { [Int32($0.lowerBound), Int32($0.upperBound)] }
    }
    return (words + ranges).withUnsafeBytes { [UInt8]($0) }
  }

  fileprivate func panels(_ form: BlockProduct.Form) -> [Panel] {
    form == .transposed ? rowPanels : columnPanels
  }

  /// Whether a product of so many multiplications is computed block by block.
  fileprivate func pays(_ form: BlockProduct.Form, _ work: Int) -> Bool {
    work >= BlockPattern.leastWork && (form == .transposed ? rowsPay : columnsPay)
  }

  fileprivate func product(
    _ form: BlockProduct.Form, _ zeros: MatMulOperation.Zeros, _ a: Tensor, _ b: Tensor
  ) -> Tensor {
    product(form, zeros, [a, b], .none)
  }

  fileprivate func product(
    _ form: BlockProduct.Form, _ zeros: MatMulOperation.Zeros, _ operands: [Tensor],
    _ third: BlockProduct.Third
  ) -> Tensor {
    let rows = operands[0].shape[0]
    let shape: Shape =
      switch form {
      case .product: [rows, columns]
      case .transposed: [rows, self.rows]
      case .outer: [self.rows, columns]
      }
    let terms = operands[0].shape[form == .outer ? 0 : 1]
    guard third == .none || pays(form, shape.elementCount * terms) else {
      return third.apply(to: product(form, zeros, operands[0], operands[1]), operands[2])
    }
    let operation = BlockProduct(self, form, zeros, third)
    return Tensor(
      Node(
        operation, operands[0].node, operands[1].node, third == .none ? nil : operands[2].node,
        shape: shape, dtype: operands[0].dtype))
  }
}

/// x B for a matrix B that is zero off the blocks of a pattern, whose other terms are not computed; or
/// x B + v, or max(x B + v, 0).
///
/// - Parameters:
///   - x: of shape [m, pattern.rows].
///   - b: of shape [pattern.rows, pattern.columns]. Derivatives with respect to elements off the
///     blocks have no meaning.
///   - vector: v, of pattern.columns elements.
///   - rectifies: whether negative sums become zero, as `relu` makes them.
package func matmul(
  _ x: Tensor, _ b: Tensor, within pattern: BlockPattern, adding vector: Tensor? = nil,
  rectifies: Bool = false
) -> Tensor {
  precondition(
    x.rank == 2 && x.shape[1] == pattern.rows && b.shape == [pattern.rows, pattern.columns]
      && vector.map { $0.shape == [pattern.columns] } ?? !rectifies,
    """
    matmul: \(x.shape) and \(b.shape), adding \(vector.map { "\($0.shape)" } ?? "nothing"), with a \
    pattern of [\(pattern.rows), \(pattern.columns)]
    """)
  let dtype = commonDType(x, b, "matmul")
  let operands = [x, b, vector].compactMap { $0?.operand(as: dtype) }
  let third: BlockProduct.Third = vector == nil ? .none : rectifies ? .rectifies : .adds
  return pattern.product(.product, [], operands, third)
}
