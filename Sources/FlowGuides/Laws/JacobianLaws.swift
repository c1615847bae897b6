internal import PPL

/// The laws about the Jacobian and what bijectors claim about it.
extension LawSubject {
  func checkJacobian(_ draw: Int) -> [LawViolation] {
    let batch = input([3], draw: draw)
    return (0..<3).flatMap { index -> [LawViolation] in
      let one = element(index, of: batch)
      // Points of a batch inside the event are points of their own.
      let logDet = forward(one).logDet.sum()
      let expected = slogdet(Tensor(jacobian(one))).logAbs
      return compare(.logDet, "log det of f", logDet, expected, at: one)
    }
  }

  func checkAutoregressive(_ draws: Int) -> [LawViolation] {
    guard bijector.isAutoregressive, bijector.eventRank == bijector.valueRank else { return [] }
    var depends: [Set<Int>] = []
    for draw in 1...draws {
      for (row, slopes) in jacobian(input([], draw: draw)).enumerated() {
        let columns = slopes.indices.filter { slopes[$0] != 0 }
        if draw == 1 { depends.append(Set(columns)) } else { depends[row].formUnion(columns) }
      }
    }
    let circle = LawSubject.circularRows(depends)
    guard !circle.isEmpty else { return [] }
    return [
      violation(
        .autoregressive, "∂y/∂x", "an order in which each component depends on none after it",
        "components that depend on each other: \(circle)")
    ]
  }

  /// The components that remain when those are taken away, again and again, that depend on none
  /// but themselves.
  private static func circularRows(_ depends: [Set<Int>]) -> [Int] {
    var left = Set(depends.indices)
    while let free = left.first(where: { row in
      depends[row].allSatisfy { $0 == row || !left.contains($0) }
    }) {
      left.remove(free)
    }
    return left.sorted()
  }

  func checkVolume(_ draws: Int) -> [LawViolation] {
    let near = (1...draws).map { input([4], draw: $0) }
    // Some maps do nothing but far out.
    let logDets = (near + near.compactMap(farOut)).flatMap { forward($0).logDet.array() }
    if bijector.isVolumePreserving {
      return logDets.filter { $0 != 0 }.prefix(1).map {
        violation(
          .volumePreserving, "log det of a map that claims to preserve volume", "0", "\($0)")
      }
    }
    guard event.elementCount > 0, logDets.allSatisfy({ $0 == 0 }) else { return [] }
    return [
      violation(
        .volumePreserving, "log det of a map that does not claim to preserve volume",
        "something else than 0 somewhere", "0 everywhere")
    ]
  }

  /// On 2000 standard normal points: the mean change, the mean log determinant, and the mean and
  /// spread of the values.
  func checkNearIdentity() -> [LawViolation] {
    guard bijector.startsNearIdentity else { return [] }
    var input = input(
      [2000], draw: 0, parameters: LawParameters(key: key.foldIn("initial"), spread: nil))
    input.x = key.foldIn("standard").normal([2000] + event).detached()
    let (y, logDet) = forward(input)
    let count = Double(event.elementCount)
    let perPoint = logDet.sum().scalar() / (2000 * count)
    let mean = y.mean().scalar()
    let spread = square(y - mean).mean().scalar().squareRoot()
    let change = abs(y.flattened() - input.x.flattened()).mean().scalar()
    let figures: [(String, Double, Double)] = [
      ("mean |f(x) − x|", change, 0), ("mean log det per element", perPoint, 0),
      ("mean of the values", mean, 0), ("standard deviation of the values", spread, 1),
    ]
    return figures.filter { !(($0.1 - $0.2).magnitude < 0.1) }.map { what, actual, expected in
      violation(
        .nearIdentity, "\(what), x standard normal, at the initial parameters",
        "\(expected) ± 0.1", "\(actual)")
    }
  }

  func checkContext(_ draws: Int) -> [LawViolation] {
    guard let context else { return [] }
    let hasEffect = (1...draws).contains { draw in
      let first = input([4], draw: draw)
      var second = first
      second.context = first.context.map { $0 + 1 }
      let (a, b) = (forward(first), forward(second))
      return a.y.array() != b.y.array() || a.logDet.array() != b.logDet.array()
    }
    guard hasEffect else {
      return [
        violation(.context, "f(x) in two contexts", "different values", "the same everywhere")
      ]
    }
    // One context for all points is that context for each.
    var shared = input([4], draw: 1)
    let one = key.foldIn("shared").normal(context).detached()
    shared.context = one
    let (y, logDet) = forward(shared)
    shared.context = one.broadcast(to: [4] + context).detached()
    let each = forward(shared)
    return compare(.context, "f(x) in one context for a batch", y, each.y, at: shared)
      + compare(.context, "log det in one context for a batch", logDet, each.logDet, at: shared)
  }
}
