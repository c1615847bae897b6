/// The last steps of a minimisation and how they changed the gradient: an estimate of the inverse
/// Hessian matrix.
struct CurvatureMemory {
  private struct Pair {
    let step: [Double]
    let change: [Double]
    /// step · change.
    let product: Double
  }

  private let capacity: Int
  private var pairs: [Pair] = []

  init(capacity: Int) { self.capacity = capacity }

  var isEmpty: Bool { pairs.isEmpty }

  mutating func removeAll() { pairs = [] }

  /// Notes a step, unless the function is not convex along it.
  mutating func append(from old: SmoothFunction.Point, to new: SmoothFunction.Point) {
    let step = zip(new.position, old.position).map { $0 - $1 }
    let change = zip(new.gradient, old.gradient).map { $0 - $1 }
    let product = step.dot(change)
    guard product > Double.ulpOfOne * change.dot(change) else { return }
    if pairs.count == capacity { pairs.removeFirst() }
    pairs.append(Pair(step: step, change: change, product: product))
  }

  /// −H g by the two-loop recursion, where H starts from the scale of the last step.
  func direction(_ gradient: [Double]) -> [Double] {
    guard let last = pairs.last else { return gradient.map { -$0 } }
    var result = gradient.map { -$0 }
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = pair.step.dot(result) / pair.product
      result.add(-weight, pair.change)
      weights.append(weight)
    }
    let scale = last.product / last.change.dot(last.change)
    for index in result.indices { result[index] *= scale }
    for (pair, weight) in zip(pairs, weights.reversed()) {
      result.add(weight - pair.change.dot(result) / pair.product, pair.step)
    }
    return result
  }
}

extension [Double] {
  /// The largest magnitude of an element.
  var maximumNorm: Double { reduce(0) { Swift.max($0, $1.magnitude) } }

  func dot(_ other: [Double]) -> Double {
    var sum = 0.0
    for index in indices { sum += self[index] * other[index] }
    return sum
  }

  /// Adds a multiple of another vector.
  mutating func add(_ factor: Double, _ other: [Double]) {
    for index in indices { self[index] += factor * other[index] }
  }
}
