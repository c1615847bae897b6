internal import PPL

/// The laws about values at points.
extension LawSubject {
  private static let batches: [Shape] = [[], [1], [4], [2, 3]]

  func checkShapes() -> [LawViolation] {
    Self.batches.flatMap { batch -> [LawViolation] in
      let input = input(batch, draw: 0)
      let (y, logDet) = forward(input)
      let (back, inverseLogDet) = inverse(y.detached(), input)
      let outer = batch + Shape(event.dropLast(bijector.eventRank))
      let expectations: [(String, Shape, Shape)] = [
        ("y = f(x)", y.shape, bijector.forwardShape(input.x.shape)),
        ("log det of f", logDet.shape, outer),
        ("x = f⁻¹(y)", back.shape, input.x.shape),
        ("inverseShape", bijector.inverseShape(y.shape), input.x.shape),
        ("log det of f⁻¹", inverseLogDet.shape, outer),
      ]
      return expectations.filter { $0.1 != $0.2 }.map {
        violation(.shapes, "\($0.0) for a batch of shape \(batch)", "\($0.2)", "\($0.1)")
      }
    }
  }

  func checkSets(_ draw: Int) -> [LawViolation] {
    let input = input([8], draw: draw)
    let y = forward(input).y
    let sides: [(String, Constraint, Int, Tensor)] = [
      ("domain", bijector.domain, bijector.eventRank, input.x),
      ("codomain", bijector.codomain, bijector.valueRank, y),
    ]
    return sides.flatMap { name, set, rank, value -> [LawViolation] in
      guard set.eventRank == rank else {
        return [violation(.sets, "axes of the \(name)", "\(rank)", "\(set.eventRank)")]
      }
      let isInside = set.contains(value).boolArray()
      guard !isInside.allSatisfy({ $0 }) else { return [] }
      return [
        violation(
          .sets, "\(name)", "values that are \(set)", "\(value.array().prefix(8))", at: input)
      ]
    }
  }

  func checkDeterminism(_ draw: Int) -> [LawViolation] {
    let input = input([4], draw: draw)
    let (y, logDet) = forward(input)
    eval(y, logDet)
    let alone = forward(input).y
    let again = forward(input).logDet
    let (x, inverseLogDet) = inverse(y, input)
    eval(x, inverseLogDet)
    return compare(.determinism, "f(x) again, alone", alone, y, tolerance: 0, at: input)
      + compare(.determinism, "log det of f again", again, logDet, tolerance: 0, at: input)
      + compare(
        .determinism, "f⁻¹(y) again, alone", inverse(y, input).x, x, tolerance: 0, at: input)
  }

  func checkRoundTrip(_ draw: Int) -> [LawViolation] {
    Self.batches.flatMap { batch -> [LawViolation] in
      let input = input(batch, draw: draw)
      let (y, logDet) = forward(input)
      eval(y, logDet)
      let (back, inverseLogDet) = inverse(y, input)
      var returned = input
      returned.x = back.detached()
      return compare(.roundTrip, "f⁻¹(f(x))", back, input.x, at: input)
        + compare(.roundTrip, "f(f⁻¹(y))", forward(returned).y, y, at: input)
        + compare(.inverseLogDet, "log det of f⁻¹", inverseLogDet, -logDet, at: input)
    }
  }

  func checkBatching(_ draw: Int) -> [LawViolation] {
    let input = input([3], draw: draw)
    let (y, logDet) = forward(input)
    eval(y, logDet)
    let (x, inverseLogDet) = inverse(y, input)
    eval(x, inverseLogDet)
    return (0..<3).flatMap { index -> [LawViolation] in
      let one = element(index, of: input)
      let alone = forward(one)
      let back = inverse(y.selecting(index, along: 0).detached(), one)
      let pairs = [
        ("f(x)", alone.y, y), ("log det of f", alone.logDet, logDet),
        ("f⁻¹(y)", back.x, x), ("log det of f⁻¹", back.logDet, inverseLogDet),
      ]
      return pairs.flatMap { what, single, batch in
        compare(
          .batching, "\(what) of a point in a batch", batch.selecting(index, along: 0), single,
          at: one)
      }
    }
  }

  func checkSinglePrecision(_ draw: Int) -> [LawViolation] {
    var input = input([8], draw: draw)
    input.x = input.x.cast(to: .float32).cast(to: .float64).detached()
    let (y, logDet) = forward(input)
    eval(y, logDet)
    let narrow = inSinglePrecision(input)
    let (y32, logDet32) = forward(narrow)
    var returned = narrow
    let (back, inverseLogDet) = inverse(y32.detached(), narrow)
    returned.x = back.detached()
    let results = [
      ("f(x)", y32), ("log det of f", logDet32), ("f⁻¹(y)", back),
      ("log det of f⁻¹", inverseLogDet),
    ]
    let wrong = results.filter { $0.1.dtype != .float32 }
    guard wrong.isEmpty else {
      return wrong.map { violation(.singlePrecision, "\($0.0)", "float32", "\($0.1.dtype)") }
    }
    let allowed = max(1e-3, tolerance)
    return compare(.singlePrecision, "f(x)", y32, y, tolerance: allowed, at: input)
      + compare(.singlePrecision, "log det of f", logDet32, logDet, tolerance: allowed, at: input)
      + compare(
        .singlePrecision, "f(f⁻¹(y))", forward(returned).y, y32, tolerance: allowed, at: input)
  }

  /// The same input in single precision, with the parameters met so far.
  private func inSinglePrecision(_ input: Input) -> Input {
    Input(
      x: input.x.cast(to: .float32), context: input.context?.cast(to: .float32),
      parameters: LawParameters(input.parameters.met, dtype: .float32))
  }

  func checkFarPoints(_ draw: Int) -> [LawViolation] {
    guard let wide = farOut(input([4], draw: draw)) else { return [] }
    // Values that come near the greatest of single precision may overflow on their way.
    let isWithin = forward(wide).y.array().allSatisfy { $0.magnitude < 1e30 }
    let inputs = isWithin ? [wide, inSinglePrecision(wide)] : [wide]
    return inputs.flatMap { input in
      let (y, logDet) = forward(input)
      eval(y, logDet)
      var results = [("f(x)", y), ("log det of f", logDet)]
      if y.array().allSatisfy(\.isFinite) {
        let (x, inverseLogDet) = inverse(y, input)
        results += [("f⁻¹(f(x))", x), ("log det of f⁻¹", inverseLogDet)]
      }
      return results.filter { $0.1.array().contains(where: \.isNaN) }.map {
        violation(.farPoints, "\($0.0) in \(input.x.dtype)", "a number", "NaN", at: input)
      }
    }
  }
}
