internal import PPL

/// The laws about derivatives.
extension LawSubject {
  func checkScore(_ draw: Int) -> [LawViolation] {
    let input = input([4], draw: draw)
    let before = key.foldIn("score").normal(input.x.shape).detached()
    let (y, logDet, score) = forwardWithScore(before, input)
    let expected = forward(input)
    let point = y.detached()
    let (back, inverseLogDet) = inverse(point, input)
    let slope = gradient(
      of: (before * back).sum() + inverseLogDet.sum(), withRespectTo: point)
    return compare(.score, "f(x) with a score", y, expected.y, at: input)
      + compare(.score, "log det of f with a score", logDet, expected.logDet, at: input)
      + compare(
        .score, "the score", score, slope, tolerance: max(100 * tolerance, 1e-6), at: input)
  }

  func checkGradients(_ draw: Int) -> [LawViolation] {
    let input = input([2], draw: draw)
    let y = forward(input).y
    // Points move before the map onto their set, so that they stay in it.
    let (domain, codomain) = (bijector.domain.bijector, bijector.codomain.bijector)
    var free = input
    free.x = domain.inverse(input.x).detached()
    var freeValue = input
    freeValue.x = codomain.inverse(y).detached()
    let forwards = compareGradients(free, "f and its log det") { free in
      var input = free
      input.x = domain.forward(free.x)
      return forward(input)
    }
    return forwards
      + compareGradients(freeValue, "f⁻¹ and its log det") { free in
        let (x, logDet) = inverse(codomain.forward(free.x), free)
        return (x, logDet)
      }
  }

  /// Derivatives along a random direction of point, context and parameters together; where that
  /// fails, along each of them.
  private func compareGradients(
    _ input: Input, _ what: String, _ map: @escaping (Input) -> (Tensor, Tensor)
  ) -> [LawViolation] {
    let slopes = Slopes(input, key: key.foldIn("directions"), map)
    let factor = max(1e-6, 100 * tolerance)
    func violations(_ indices: Range<Int>, _ name: String) -> [LawViolation] {
      let (exact, difference, scale) = slopes.along(indices)
      let allowed = factor * max(1, scale)
      guard !((exact - difference).magnitude <= allowed) else { return [] }
      return [
        violation(
          .gradients, "derivative of \(what) with respect to \(name)",
          "\(difference) ± \(allowed)", "\(exact)", at: input)
      ]
    }
    let together = violations(slopes.names.indices, "everything together")
    if together.isEmpty { return [] }
    let apart = slopes.names.indices.flatMap { violations($0..<$0 + 1, slopes.names[$0]) }
    return apart.isEmpty ? together : apart
  }

  func checkParameters(_ draws: Int) -> [LawViolation] {
    var unused: Set<String>?
    var violations: [LawViolation] = []
    for draw in 1...draws {
      let input = input([4], draw: draw)
      let (y, logDet) = forward(input)
      let names = input.parameters.met.keys.sorted()
      let fresh = self.input([4], draw: draw)
      _ = inverse(y.detached(), fresh)
      let inverseNames = fresh.parameters.met.keys.sorted()
      if names != inverseNames && draw == 1 {
        violations.append(
          violation(
            .parameters, "parameter sites of the inverse", "\(names)", "\(inverseNames)"))
      }
      let values = names.compactMap { input.parameters.met[$0] }
      let sum = square(y).sum() + square(logDet).sum()
      let slopes = gradient(of: sum, withRespectTo: values)
      let idle = zip(names, slopes)
        .filter { $0.1.count > 0 && $0.1.array().allSatisfy { $0 == 0 } }.map(\.0)
      unused = unused.map { $0.intersection(idle) } ?? Set(idle)
    }
    return violations
      + (unused ?? []).sorted().map {
        violation(.parameters, "derivative with respect to parameter \"\($0)\"", "an effect", "0")
      }
  }
}

/// The derivatives of a random combination of values and log determinants with respect to point,
/// context and parameters.
private struct Slopes {
  let names: [String]
  private let input: LawSubject.Input
  private let parameters: [String]
  private let values: [Tensor]
  private let directions: [Tensor]
  private let slopes: [Tensor]
  private let loss: (LawSubject.Input) -> Tensor

  init(
    _ input: LawSubject.Input, key: RandomKey,
    _ map: @escaping (LawSubject.Input) -> (Tensor, Tensor)
  ) {
    loss = { input in
      let (value, logDet) = map(input)
      return (value * key.foldIn("value").normal(value.shape)).sum()
        + (logDet * key.foldIn("logDet").normal(logDet.shape)).sum()
    }
    self.input = input
    let total = loss(input)
    let met = input.parameters.met
    parameters = met.keys.sorted()
    let context = input.context.map { [("context", $0)] } ?? []
    let variables =
      [("x", input.x)] + context
      + parameters.compactMap { name in
        met[name].map { ("parameter \"\(name)\"", $0) }
      }
    names = variables.map(\.0)
    values = variables.map(\.1)
    directions = variables.map { key.foldIn($0.0).normal($0.1.shape).detached() }
    slopes = gradient(of: total, withRespectTo: values)
    eval(slopes)
  }

  /// The derivative along the directions of some variables: by differentiation, by a difference of
  /// order four, and the size of its terms.
  func along(_ indices: Range<Int>) -> (exact: Double, difference: Double, scale: Double) {
    let terms = indices.map { slopes[$0] * directions[$0] }
    let exact = terms.reduce(0) { $0 + $1.sum().scalar() }
    let scale = terms.reduce(0) { $0 + abs($1).sum().scalar() }
    let step = 1e-4
    let near = moved(indices, by: step) - moved(indices, by: -step)
    let far = moved(indices, by: 2 * step) - moved(indices, by: -2 * step)
    return (exact, (8 * near - far) / (12 * step), scale)
  }

  private func moved(_ indices: Range<Int>, by step: Double) -> Double {
    var moved = values
    for index in indices { moved[index] = (values[index] + step * directions[index]).detached() }
    var result = input
    result.x = moved[0]
    if input.context != nil { result.context = moved[1] }
    result.parameters = LawParameters(
      Dictionary(uniqueKeysWithValues: zip(parameters, moved.suffix(parameters.count))))
    return loss(result).scalar()
  }
}
