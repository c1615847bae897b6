/// Repeats `body` for each entry of the leading axis of `xs`, handing the carries it returns to the
/// next step. The body is traced and planned once, however many steps there are.
///
/// Tensors that the body captures are constants of the loop; gradients flow to them too. The body
/// must not read values that depend on its arguments. All carries of all steps are kept in memory,
/// for the derivative.
///
/// - Parameters:
///   - body: from the carries and one entry of each of `xs` to the next carries, of the same shapes
///     and dtypes, and outputs.
///   - initial: the carries of the first step.
///   - xs: tensors with a leading axis of `length`.
///   - length: the number of steps; needed only where `xs` is empty.
///   - reversed: whether to start at the last entries; outputs stay in the order of `xs`.
/// - Returns: the carries after the last step, and each output stacked along a new leading axis.
public func scan(
  _ body: (_ carry: [Tensor], _ x: [Tensor]) -> (carry: [Tensor], y: [Tensor]),
  initial: [Tensor], xs: [Tensor] = [], length: Int? = nil, reversed: Bool = false
) -> (carry: [Tensor], ys: [Tensor]) {
  guard let length = length ?? xs.first?.shape.first else {
    preconditionFailure("scan: the number of steps is not given")
  }
  for (index, x) in xs.enumerated() {
    precondition(
      x.rank > 0 && x.shape[0] == length,
      "scan: xs[\(index)] of shape \(x.shape) for \(length) steps")
  }
  let x = xs.map { Tensor(placeholder: Shape($0.shape.dropFirst()), $0.dtype) }
  let (carry, initial, results) = traceBody(initial, "scan", { body($0, x) }, next: \.carry)
  if length == 0 {
    return (initial, results.y.map { Tensor.zeros([0] + $0.shape, dtype: $0.dtype) })
  }
  let draft = ScanDraft(
    carry: carry, x: x, nextCarry: results.carry, y: results.y, initial: initial, xs: xs,
    length: length, isReversed: reversed, keeps: carry.map { _ in true })
  let (packed, operation) = draft.build()
  let last = initial.indices.map { operation.last($0, of: packed).converted(to: initial[$0].dtype) }
  let ys = results.y.enumerated().map { index, y in
    operation.segment(carry.count + index, of: packed).converted(to: y.dtype)
  }
  return (last, ys)
}

/// Traces a loop's body on placeholders for its carries. A literal among the first carries takes
/// the dtype that the body gives it.
func traceBody<Result>(
  _ initial: [Tensor], _ name: StaticString, _ body: ([Tensor]) -> Result,
  next: (Result) -> [Tensor]
) -> (carry: [Tensor], initial: [Tensor], result: Result) {
  var initial = initial
  for isRetry in [false, true] {
    let carry = initial.map {
      Tensor(placeholder: $0.shape, $0.dtype, isWeak: $0.node.isWeak)
    }
    let result = body(carry)
    let following = next(result)
    precondition(
      following.count == initial.count,
      "\(name): the body returns \(following.count) carries for \(initial.count)")
    var isSettled = true
    for (index, tensor) in following.enumerated() {
      let first = initial[index]
      if first.node.isWeak && !isRetry && tensor.dtype != first.dtype {
        initial[index] = first.converted(to: tensor.dtype)
        isSettled = false
        continue
      }
      precondition(
        tensor.shape == first.shape && tensor.dtype == first.dtype,
        """
        \(name): the body turns carry \(index) from \(first.dtype) \(first.shape) into \
        \(tensor.dtype) \(tensor.shape)
        """)
    }
    if isSettled { return (carry, initial, result) }
  }
  preconditionFailure("\(name): the body gives its carries other dtypes each time")
}
