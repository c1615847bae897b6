import TestSupport

@testable import Tensors

/// Builds a random expression graph: the same one for the same seeds, of new nodes each time.
struct GraphGenerator {
  enum Size {
    /// At most 2048 elements: sums are taken in one order however loops are fused.
    case small
    /// Several chunks of a loop, in which sums may be cut elsewhere; functions that do not amplify.
    case large
  }

  private let size: Size
  private var choices: SeededGenerator
  private var values: SeededGenerator
  private var pool: [Tensor] = []
  private(set) var leaves: [Tensor] = []

  /// - Parameters:
  ///   - structure: the seed of operations and shapes.
  ///   - values: the seed of the leaves' elements and of literals.
  init(structure: Int, values: Int, size: Size = .small) {
    self.size = size
    choices = SeededGenerator(seed: structure)
    self.values = SeededGenerator(seed: values)
  }

  /// A graph of some steps: its leaves, and outputs that may repeat, be views, or be leaves.
  mutating func make(steps: Int) -> [Tensor] {
    for _ in 0..<3 { addLeaf() }
    for _ in 0..<steps {
      let result = step()
      if result.rank <= 5 && result.count <= (size == .small ? 2048 : 20_000) {
        pool.append(result)
      }
    }
    let count = 1 + choices.below(4)
    return [pool[pool.count - 1]] + (1..<count).map { _ in choices.pick(pool) }
  }

  private mutating func addLeaf() {
    let shapes: [Shape] =
      size == .small
      ? [[], [1], [3], [2, 3], [4, 1, 3], [5, 3], [3, 3], [600], [40, 30], [0, 3], [7, 1]]
      : [[3], [2400], [50, 60], [3, 1000], [1000, 3], [30, 20, 10], [60], [50, 1]]
    let shape = choices.pick(shapes)
    let elements = values.signed(shape.elementCount, magnitude: 0.1...2)
    let leaf = Tensor(elements, shape: shape)
    leaves.append(leaf)
    pool.append(leaf)
  }

  private mutating func any() -> Tensor {
    // Recent results more often: deep graphs.
    choices.chance(0.6) ? pool[max(0, pool.count - 1 - choices.below(4))] : choices.pick(pool)
  }

  private mutating func step() -> Tensor {
    switch choices.below(size == .small ? 22 : 19) {
    case 0...3: unary(any())
    case 4...6: binary()
    case 7: literal(any())
    case 8...10: reduction(any())
    case 11...13: view(any())
    case 14: joined(any())
    case 15, 16: chosen()
    case 17: differentiated()
    case 18: product(any())
    case 19: whole(any())
    case 20: any().cast(to: .float32).cast(to: .float64)
    default: random()
    }
  }

  private mutating func unary(_ x: Tensor) -> Tensor {
    let bounded: [(Tensor) -> Tensor] = [
      tanh, sin, sigmoid, softplus, atan, abs, relu, erf, stopGradient, { -$0 },
      { exp(-abs($0)) }, { sqrt(1 + square($0)) }, { log(2 + abs($0)) },
    ]
    let others: [(Tensor) -> Tensor] = [
      exp, log, floor, sqrt, reciprocal, expm1, log1p, cos, square, lgamma, round, sign,
    ]
    return choices.pick(size == .small ? bounded + others : bounded)(x)
  }

  private mutating func binary() -> Tensor {
    let a = any()
    let b = partner(of: a)
    let bounded: [(Tensor, Tensor) -> Tensor] = [
      (+), (-), { tanh($0) * $1 }, maximum, minimum, logAddExp, { $0 / (2 + abs($1)) },
    ]
    let others: [(Tensor, Tensor) -> Tensor] = [(*), (/), hypot, atan2, (%), { pow(abs($0), $1) }]
    let function = choices.pick(size == .small ? bounded + others : bounded)
    return choices.chance(0.5) ? function(a, b) : function(b, a)
  }

  /// A tensor whose shape broadcasts with that of another, which is one.
  private mutating func partner(of a: Tensor) -> Tensor {
    choices.pick(pool.filter { $0.shape.broadcast(with: a.shape) != nil })
  }

  private mutating func literal(_ x: Tensor) -> Tensor {
    let number =
      choices.chance(0.5) ? values.pick([0, 1, 2, -1, 0.5, 3]) : values.pick([0.3, 1.7])
    switch choices.below(5) {
    case 0: return x * number
    case 1: return number - x
    case 2: return x + number
    case 3: return x * 1 + 0
    default: return x / 1.5
    }
  }

  private mutating func axes(of x: Tensor) -> [Int] {
    (0..<x.rank).filter { _ in choices.chance(0.5) }
  }

  private mutating func reduction(_ x: Tensor) -> Tensor {
    let keeping = choices.chance(0.3)
    let axes = choices.chance(0.2) ? Array(0..<x.rank) : axes(of: x)
    switch choices.below(size == .small ? 6 : 4) {
    case 0: return x.sum(axes: axes, keepingAxes: keeping) * 0.1
    case 1: return x.mean(axes: axes, keepingAxes: keeping)
    case 2: return x.max(axes: axes, keepingAxes: keeping)
    case 3: return x.logSumExp(axes: axes, keepingAxes: keeping)
    case 4: return x.min(axes: axes, keepingAxes: keeping)
    default: return x.product(axes: axes, keepingAxes: keeping)
    }
  }

  private mutating func view(_ x: Tensor) -> Tensor {
    guard x.rank > 0 else { return x.broadcast(to: [1 + choices.below(4)]) }
    let axis = choices.below(x.rank)
    let extent = x.shape[axis]
    switch choices.below(9) {
    case 0: return x.flattened()
    case 1: return x.flipped(along: axis)
    case 2: return x.transposed(to: Array(0..<x.rank).shuffled(using: &choices))
    case 3: return x.expandingDims(at: choices.below(x.rank + 1))
    case 4:
      guard extent > 0 else { return x }
      let start = choices.below(extent)
      let end = start + choices.below(extent - start + 1)
      return x.slice(start..<end, along: axis, stride: 1 + choices.below(3))
    case 5: return extent > 0 ? x.selecting(choices.below(extent), along: axis) : x
    case 6: return x.broadcast(to: [1 + choices.below(3)] + x.shape)
    case 7:
      var shape = Array(x.shape)
      guard extent % 2 == 0 else { return x.reshaped(to: Shape(shape.reversed())) }
      shape[axis] = extent / 2
      shape.insert(2, at: choices.below(shape.count + 1))
      return x.reshaped(to: Shape(shape))
    default: return x.rank >= 2 ? x.diagonal(offset: choices.below(3) - 1) : x
    }
  }

  private mutating func joined(_ x: Tensor) -> Tensor {
    guard x.rank > 0 else { return stack([x, x, sin(x)]) }
    let axis = choices.below(x.rank)
    let same = pool.filter { $0.shape == x.shape }
    let other = same.isEmpty ? x : choices.pick(same)
    switch choices.below(5) {
    case 0: return concat([x, tanh(other), x], along: axis)
    case 1: return concat([x[0..<x.shape[0] / 2], sin(x), other])
    case 2: return stack([x, other], along: axis)
    case 3: return x.padded(before: choices.below(3), after: choices.below(3), along: axis)
    default: return x.placed(along: axis, in: 2 * x.shape[axis] + 1, start: 1, step: 2)
    }
  }

  private mutating func chosen() -> Tensor {
    let a = any()
    let b = partner(of: a)
    switch choices.below(3) {
    case 0: return `where`(a .< b, a, sin(b))
    case 1: return `where`(a .> 0.2, exp(-square(b)), 0.5)
    default: return (a .>= b).cast(to: .float64)
    }
  }

  private mutating func differentiated() -> Tensor {
    let wanted = choices.pick(leaves)
    return tanh(gradient(of: any(), withRespectTo: wanted))
  }

  private mutating func product(_ x: Tensor) -> Tensor {
    guard x.rank >= 1, x.count > 0 else { return x + 1 }
    let scaled = tanh(x)
    if size == .small { return x.rank >= 2 ? tril(x) : outer(x, scaled).sum(axis: 0) }
    return x.rank == 1
      ? matmul(scaled, x).broadcast(to: [2])
      : matmul(scaled, scaled.transposed()) / Double(x.shape[x.rank - 1])
  }

  private mutating func whole(_ x: Tensor) -> Tensor {
    guard x.rank > 0 else { return x }
    let axis = choices.below(x.rank)
    guard x.shape[axis] > 0 else { return x.sorted(along: axis) }
    switch choices.below(5) {
    case 0: return x.sorted(along: axis)
    case 1: return x.cumulativeSum(along: axis)
    case 2: return x.cumulativeMax(along: axis)
    case 3: return x.gathered(Tensor([0, -1, 0]), along: axis)
    default: return x.takeAlong(x.argsort(along: axis), axis: axis)
    }
  }

  private mutating func random() -> Tensor {
    let key = RandomKey(choices.below(1000))
    let x = any()
    return x * (choices.chance(0.5) ? key.normal(Shape(x.shape.suffix(1))) : key.uniform())
  }
}
