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
    guard third != .none || pattern.pays(form, dtype, m * n * k) else {
      if zeros.isEmpty { return ArrayInstruction(ctk_gemm(code), product, for: name) }
      let masked = ctk_masked_gemm_desc(product: product, zeros: Int32(zeros.rawValue))
      return ArrayInstruction(ctk_gemm_masked(code), masked, for: name)
    }
    // Sums that are taken again go over all terms; those off the blocks are none.
    let all = form == .outer || zeros.isEmpty ? zeros : zeros.union(.right)
    let masked = ctk_masked_gemm_desc(product: product, zeros: Int32(all.rawValue))
    let panels = pattern.panels(form, dtype)
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

extension BlockPattern {
  fileprivate func panels(_ form: BlockProduct.Form, _ dtype: DType) -> [Panel] {
    let sides = sides(dtype)
    return form == .transposed ? sides.rows.panels : sides.columns.panels
  }

  /// Whether a product of so many multiplications is computed block by block.
  fileprivate func pays(_ form: BlockProduct.Form, _ dtype: DType, _ work: Int) -> Bool {
    let sides = sides(dtype)
    return work >= BlockPattern.leastWork
      && (form == .transposed ? sides.rows.isSparse : sides.columns.isSparse)
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
    guard third == .none || pays(form, operands[0].dtype, shape.elementCount * terms) else {
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
