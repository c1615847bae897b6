import Tensors

/// A function of enumerated variables, one for each copy of some plates: a tensor whose axes have
/// names.
struct Factor {
  enum Axis: Hashable {
    /// The values of a variable, by its number.
    case variable(Int)
    /// The copies of a plate, by its name.
    case plate(String)
    /// The steps of a chain that is summed by a loop.
    case steps
  }

  private(set) var tensor: Tensor
  /// The names of the tensor's axes, outermost first.
  private(set) var axes: [Axis]

  init(_ tensor: Tensor, _ axes: [Axis]) {
    precondition(tensor.rank == axes.count, "\(axes.count) names for the axes of \(tensor.shape)")
    self.tensor = tensor
    self.axes = axes
  }

  var variables: Set<Int> {
    Set(axes.compactMap { if case .variable(let number) = $0 { number } else { nil } })
  }

  var plates: Set<String> {
    Set(axes.compactMap { if case .plate(let name) = $0 { name } else { nil } })
  }

  func extent(_ axis: Axis) -> Int? { axes.firstIndex(of: axis).map { tensor.shape[$0] } }

  func map(_ transform: (Tensor) -> Tensor) -> Factor { Factor(transform(tensor), axes) }

  /// The same function of other variables.
  func renamed(_ numbers: [Int: Int]) -> Factor {
    let axes = axes.map { axis -> Axis in
      if case .variable(let number) = axis { .variable(numbers[number] ?? number) } else { axis }
    }
    return Factor(tensor, axes)
  }

  func reordered(_ order: [Axis]) -> Factor { Factor(aligned(to: order), order) }

  /// The tensor with its axes in a given order, of extent one where it does not have an axis.
  func aligned(to order: [Axis]) -> Tensor {
    if order == axes { return tensor }
    let present = order.filter(axes.contains)
    let positions = present.compactMap { axes.firstIndex(of: $0) }
    let sorted = present == axes ? tensor : tensor.transposed(to: positions)
    return sorted.reshaped(to: Shape(order.map { extent($0) ?? 1 }))
  }

  /// The tensor repeated along the axes that it does not have.
  func broadcast(to order: [Axis], _ extents: (Axis) -> Int) -> Factor {
    Factor(aligned(to: order).broadcast(to: Shape(order.map(extents))), order)
  }

  /// An operation on two factors, element by element, over all axes of both.
  static func combine(_ a: Factor, _ b: Factor, _ operation: (Tensor, Tensor) -> Tensor) -> Factor {
    let axes = union([a, b])
    return Factor(operation(a.aligned(to: axes), b.aligned(to: axes)), axes)
  }

  static func + (a: Factor, b: Factor) -> Factor { combine(a, b, +) }

  /// All axes of some factors, variables before plates.
  static func union(_ factors: [Factor]) -> [Axis] {
    var seen: Set<Axis> = []
    let all = factors.flatMap(\.axes).filter { seen.insert($0).inserted }
    return all.filter(\.isVariable) + all.filter { !$0.isVariable }
  }

  /// The sum of factors, the small ones first.
  static func sum(_ factors: [Factor]) -> Factor {
    let sorted = factors.sorted { $0.tensor.count < $1.tensor.count }
    return sorted.dropFirst().reduce(sorted[0], +)
  }

  /// The values at a position of a variable, which may be another one for each copy of a plate.
  func selecting(_ variable: Int, at position: Factor) -> Factor {
    guard let axis = axes.firstIndex(of: .variable(variable)) else { return self }
    let chosen = tensor.takeAlong(position.aligned(to: axes), axis: axis)
    return Factor(chosen.squeezing(at: axis), axes.filter { $0 != .variable(variable) })
  }

  private func positions(_ gone: Set<Axis>) -> [Int] {
    axes.indices.filter { gone.contains(axes[$0]) }
  }

  /// The sum along those of the given axes that it has.
  func sum(over gone: Set<Axis>) -> Factor {
    let positions = positions(gone)
    if positions.isEmpty { return self }
    return Factor(tensor.sum(axes: positions), axes.filter { !gone.contains($0) })
  }

  /// log Σ exp along those of the given axes that it has.
  func logSum(over gone: Set<Axis>) -> Factor {
    let positions = positions(gone)
    if positions.isEmpty { return self }
    return Factor(logSumOfPossible(tensor, positions), axes.filter { !gone.contains($0) })
  }

  /// The maximum along those of the given axes that it has.
  func max(over gone: Set<Axis>) -> Factor {
    let positions = positions(gone)
    if positions.isEmpty { return self }
    return Factor(tensor.max(axes: positions), axes.filter { !gone.contains($0) })
  }
}

extension Factor.Axis {
  var isVariable: Bool { if case .variable = self { true } else { false } }
}

/// log Σ exp along some axes, like `Tensor.logSumExp` but for the derivative: that of what is
/// impossible, of log probability −∞, is 0. Models have such zeros by design, in transitions that do
/// not exist, say.
private func logSumOfPossible(_ x: Tensor, _ axes: [Int]) -> Tensor {
  let peak = stopGradient(x.max(axes: axes, keepingAxes: true))
  let shift = `where`(isFinite(peak), peak, 0)
  let total = exp(x - shift).sum(axes: axes, keepingAxes: true)
  let isPossible = total .> 0
  let result = `where`(isPossible, log(`where`(isPossible, total, 1)) + shift, peak)
  let kept = (0..<x.rank).filter { !axes.contains($0) }
  return result.reshaped(to: Shape(kept.map { x.shape[$0] }))
}
