internal import CTensorKernels

/// Distinct whole numbers below a size, made from random words: rows of the last axis are choices.
final class RandomChoice: ArrayOperation {
  let name = "random choice"
  private let size: Int

  init(from size: Int) { self.size = size }

  func encodeAttributes(into key: inout [Int]) { key.append(size) }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands[0].isContiguous else { return nil }
    let count = shape[shape.rank - 1]
    let descriptor = ctk_choice_desc(
      rows: Int64(shape.dropLast().elementCount), count: Int64(count), size: Int64(size))
    return ArrayInstruction(ctk_choice(), descriptor, for: name)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] { [nil] }

  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    self(inputs[0])
  }

  func callAsFunction(_ words: Tensor) -> Tensor {
    Tensor(Node(self, words.node, shape: words.shape, dtype: .int64))
  }
}

extension RandomKey {
  /// `count` distinct numbers (int64) out of 0 ..< `size`: every ordered choice is equally likely.
  ///
  /// NumPy's `choice` without replacement, in time proportional to `count` whatever the size: the
  /// first steps of a shuffle (Fisher and Yates) that keeps only what it has moved.
  public func choice(from size: Int, count: Int) -> Tensor {
    precondition(
      count >= 0 && count <= size, "choice: \(count) distinct numbers out of \(size)")
    return RandomChoice(from: size)(foldIn("choice").bits([count]))
  }

  /// The numbers 0 ..< `count` (int64) in an order drawn at random; every order is equally likely.
  public func permutation(_ count: Int) -> Tensor { choice(from: count, count: count) }
}
