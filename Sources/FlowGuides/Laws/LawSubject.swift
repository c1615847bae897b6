internal import PPL

/// A bijector under examination, with what it takes to evaluate it.
struct LawSubject {
  let bijector: any Bijector
  /// The shape of one point.
  let event: Shape
  /// The shape of one context.
  let context: Shape?
  /// The error allowed, relative to the largest magnitude of the values compared, or to 1.
  let tolerance: Double
  /// The standard deviation of random parameters.
  let spread: Double
  let key: RandomKey

  /// Points with their contexts and the parameters in force.
  struct Input {
    var x: Tensor
    var context: Tensor?
    var parameters: LawParameters
  }

  /// Random points of the domain: normal with standard deviation 3 before they are mapped onto it.
  func input(_ batch: Shape, draw: Int, parameters: LawParameters? = nil) -> Input {
    let key = self.key.foldIn(draw)
    let onto = bijector.domain.bijector
    let free = onto.inverseShape(batch + event)
    return Input(
      x: onto.forward(3 * key.foldIn("points").normal(free)).detached(),
      context: context.map { key.foldIn("context").normal(batch + $0).detached() },
      parameters: parameters ?? LawParameters(key: key.foldIn("parameters"), spread: spread))
  }

  /// Points as far out as ±10⁴, unless the domain is too small.
  func farOut(_ input: Input) -> Input? {
    guard bijector.domain == .real.independent(bijector.eventRank) else { return nil }
    var far = input
    far.x = (1e4 * sign(input.x)).detached()
    return far
  }

  func forward(_ input: Input) -> (y: Tensor, logDet: Tensor) {
    handle(with: input.parameters) { bijector.forwardAndLogDet(input.x, context: input.context) }
  }

  func inverse(_ y: Tensor, _ input: Input) -> (x: Tensor, logDet: Tensor) {
    handle(with: input.parameters) { bijector.inverseAndLogDet(y, context: input.context) }
  }

  func forwardWithScore(
    _ score: Tensor, _ input: Input
  ) -> (y: Tensor, logDet: Tensor, score: Tensor) {
    handle(with: input.parameters) {
      bijector.forwardWithScore(input.x, score: score, context: input.context)
    }
  }

  private func handle<Result>(with handler: LawParameters, _ body: () -> Result) -> Result {
    PPL.handle(body, with: handler)
  }

  /// ∂y/∂x at one point, row by row.
  func jacobian(_ input: Input) -> [[Double]] {
    let y = forward(input).y.flattened()
    let rows = (0..<y.count).map { row in
      gradient(of: y.selecting(row, along: 0), withRespectTo: input.x).flattened()
    }
    return rows.isEmpty ? [] : stack(rows).rows()
  }

  /// One input of a batch with one batch axis.
  func element(_ index: Int, of input: Input) -> Input {
    Input(
      x: input.x.selecting(index, along: 0).detached(),
      context: input.context?.selecting(index, along: 0).detached(), parameters: input.parameters)
  }

  /// A violation where two tensors differ by more than `tolerance` (that of the subject unless
  /// given), at the worst element.
  func compare(
    _ law: BijectorLaw, _ what: String, _ actual: Tensor, _ expected: Tensor,
    tolerance: Double? = nil, at input: Input? = nil
  ) -> [LawViolation] {
    guard actual.shape == expected.shape else {
      return [violation(law, what, "the shape \(expected.shape)", "\(actual.shape)", at: input)]
    }
    let (a, b) = (actual.array(), expected.array())
    let scale = max(1, b.reduce(0) { max($0, $1.isFinite ? $1.magnitude : 0) })
    let allowed = (tolerance ?? self.tolerance) * scale
    func error(_ index: Int) -> Double {
      let difference = a[index] == b[index] ? 0 : (a[index] - b[index]).magnitude
      return difference.isNaN ? .infinity : difference
    }
    guard let worst = a.indices.max(by: { error($0) < error($1) }), !(error(worst) <= allowed)
    else { return [] }
    return [
      violation(
        law, "\(what), element \(worst) of \(actual.shape)", "\(b[worst]) ± \(allowed)",
        "\(a[worst])", at: input)
    ]
  }

  func violation(
    _ law: BijectorLaw, _ what: String, _ expected: String, _ actual: String,
    at input: Input? = nil
  ) -> LawViolation {
    var subject = what
    if let input { subject += " at x = \(brief(input.x))" }
    if let context = input?.context { subject += " in context \(brief(context))" }
    return LawViolation(law: law, subject: subject, expected: expected, actual: actual)
  }

  /// The first elements of a tensor.
  private func brief(_ x: Tensor) -> String {
    let values = x.array()
    let first = values.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return "[\(first)\(values.count > 8 ? ", …" : "")] of shape \(x.shape)"
  }
}
