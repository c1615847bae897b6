internal import CTensorKernels

extension LoopBuilder {
  /// Lets products join the sums that alone use them: one instruction instead of two, one block of
  /// scratch less. Product and sum are rounded one after the other, as before.
  mutating func joinProducts() {
    let uses = Uses(pending, count: values.count)
    var isGone = [Bool](repeating: false, count: pending.count)
    for position in pending.indices {
      guard let sum = pending[position].arithmetic, !sum.isProduct else { continue }
      for operand in [1, 2] where sum.uniform & operand == 0 {
        guard let product = product(at: pending[position].slots[operand], uses, before: position),
          !isGone[product],
          let joined = joined(
            pending[product], pending[position], addend: 3 - operand,
            isUniform: sum.uniform & (3 - operand) != 0)
        else { continue }
        pending[position] = joined
        isGone[product] = true
        break
      }
    }
    pending = pending.indices.filter { !isGone[$0] }.map { pending[$0] }
  }

  /// Where each value is made, and how often it is read.
  private struct Uses {
    var maker: [Int]
    var count: [Int]

    init(_ pending: [Pending], count: Int) {
      maker = [Int](repeating: -1, count: count)
      self.count = [Int](repeating: 0, count: count)
      for (position, entry) in pending.enumerated() {
        for (operand, slot) in entry.slots.enumerated() {
          guard case .value(let value) = slot else { continue }
          if operand == 0 { maker[value] = position } else { self.count[value] += 1 }
        }
      }
    }
  }

  /// The instruction that makes a product for this operand alone, if it may as well be done later:
  /// nothing in between writes to memory that it might read.
  private func product(at slot: Slot, _ uses: Uses, before position: Int) -> Int? {
    guard case .value(let value) = slot, values[value].memory == nil, uses.count[value] == 1,
      uses.maker[value] >= 0
    else { return nil }
    let maker = uses.maker[value]
    guard pending[maker].arithmetic?.isProduct == true else { return nil }
    let between = pending[(maker + 1)..<position]
    return between.allSatisfy(staysInScratch) ? maker : nil
  }

  private func staysInScratch(_ entry: Pending) -> Bool {
    guard case .value(let value)? = entry.slots.first else { return false }
    return values[value].memory == nil
  }

  /// Product and sum in one; nil where there is no such kernel.
  private func joined(
    _ product: Pending, _ sum: Pending, addend: Int, isUniform: Bool
  ) -> Pending? {
    guard let arithmetic = product.arithmetic else { return nil }
    let (uniform, code) = (arithmetic.uniform, arithmetic.kernelCode)
    let kernel: ctk_fn? =
      switch (uniform != 0, isUniform) {
      case (false, false): ctk_muladd(code)
      case (true, false): ctk_scaleadd(code)
      case (true, true): ctk_affine(code)
      case (false, true): nil
      }
    guard let kernel else { return nil }
    let factors = uniform == 1 ? [product.slots[2], product.slots[1]] : Array(product.slots[1...2])
    var joined = sum
    joined.draft.function = kernel
    joined.slots = [sum.slots[0]] + factors + [sum.slots[addend]]
    joined.arithmetic = nil
    return joined
  }
}

extension LoopBuilder.Arithmetic {
  /// Nil for what is no part of a pair.
  init?(_ operation: any ElementwiseOperation, _ uniform: Int, _ dtype: DType) {
    let isProduct = operation === BinaryOperation.mul
    guard isProduct || operation === BinaryOperation.add else { return nil }
    self.init(isProduct: isProduct, uniform: uniform, kernelCode: dtype.kernelCode)
  }
}
