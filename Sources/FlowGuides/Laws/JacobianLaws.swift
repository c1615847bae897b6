internal import PPL

/// The laws about the Jacobian and what bijectors claim about it.
extension LawSubject {
  func checkJacobian(_ draw: Int) -> [LawViolation] {
    let batch = input([3], draw: draw)
    return ((0..<3).map { element($0, of: batch) } + [origin(batch)]).flatMap { one in
      // Points of a batch inside the event are points of their own.
      let logDet = forward(one).logDet.sum()
      let expected = slogdet(Tensor(jacobian(one))).logAbs
      return compare(.logDet, "log det of f", logDet, expected, at: one)
    }
  }

  /// Zeros, where what is made of signs and sizes is differentiated wrongly, unless they are not in the
  /// domain.
  private func origin(_ batch: Input) -> Input {
    var one = element(0, of: batch)
    let zeros = Tensor.zeros(one.x.shape)
    if bijector.domain.contains(zeros).boolArray().allSatisfy({ $0 }) { one.x = zeros.detached() }
    return one
  }

  func checkAutoregressive(_ draws: Int) -> [LawViolation] {
    guard bijector.isAutoregressive else { return [] }
    for draw in 1...draws {
      let input = input([], draw: draw)
      for (row, slopes) in jacobian(input).enumerated() {
        guard let column = slopes.indices.first(where: { $0 > row && slopes[$0] != 0 }) else {
          continue
        }
        return [
          violation(
            .autoregressive, "∂y[\(row)]/∂x[\(column)]", "0", "\(slopes[column])", at: input)
        ]
      }
    }
    return []
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

  /// On 2000 standard normal points: the mean change, the mean size of log determinants, and the mean
  /// and spread of each element of the values.
  func checkNearIdentity() -> [LawViolation] {
    guard bijector.startsNearIdentity else { return [] }
    var input = input(
      [2000], draw: 0, parameters: LawParameters(key: key.foldIn("initial"), spread: nil))
    input.x = key.foldIn("standard").normal([2000] + event).detached()
    let (y, logDet) = forward(input)
    let perElement = abs(logDet).sum().scalar() / (2000 * Double(event.elementCount))
    let change = abs(y.flattened() - input.x.flattened()).mean().scalar()
    let (means, deviations) = columnMoments(y.reshaped(to: [2000, event.elementCount]))
    let figures =
      [("mean |f(x) − x|", change, 0.0), ("mean |log det| per element", perElement, 0)]
      + means.array().enumerated().map { ("mean of element \($0) of the values", $1, 0) }
      + deviations.array().enumerated().map {
        ("standard deviation of element \($0) of the values", $1, 1)
      }
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
