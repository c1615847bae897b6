internal import CTensorKernels
internal import Synchronization

/// Repeats a body over the leading axis of some tensors, handing carries from step to step.
///
/// Inputs are the first carries, the tensors walked over, and the captures. The result is one
/// packed vector: of each carry all its values (or two rows used in turn, where nobody needs the
/// others), of each output all its rows.
final class ScanOperation: ArrayOperation {
  struct Form: Sendable {
    var length: Int
    var isReversed: Bool
    /// For each carry whether all its values are kept.
    var keeps: [Bool]
    var walked: Int

    var carried: Int { keeps.count }

    /// The row of a kept carry that a step computes, or an output's.
    func row(of step: Int) -> Int { isReversed ? length - 1 - step : step }

    /// The row that holds the last value of a carry.
    func lastRow(_ carry: Int) -> Int { keeps[carry] ? row(of: length - 1) : (length - 1) & 1 }
  }

  let name = "scan"
  let form: Form
  let body: LoopBody
  let layout: LoopLayout
  private let runner = AtomicLazyReference<ScanRunner>()

  init(_ form: Form, _ body: LoopBody, _ layout: LoopLayout) {
    self.form = form
    self.body = body
    self.layout = layout
  }

  func encodeAttributes(into key: inout [Int]) {
    key += [form.length, form.isReversed ? 1 : 0, form.carried, form.walked]
    key += form.keeps.map { $0 ? 1 : 0 }
    key.append(body.key.words.count)
    key += body.key.words
  }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let runner = self.runner.load() ?? self.runner.storeIfNil(ScanRunner(self))
    let run: ctk_fn = { instruction in
      guard let instruction = instruction?.pointee, let memory = LoopMemory(instruction),
        let object = instruction.x?.load(as: UnsafeRawPointer.self)
      else { return }
      Unmanaged<ScanRunner>.fromOpaque(object).takeUnretainedValue().run(memory)
    }
    // The plan keeps this operation, and this operation its runner.
    var result = ArrayInstruction(
      run, UnsafeRawPointer(Unmanaged.passUnretained(runner).toOpaque()), for: name)
    result.takesAddresses = true
    return result
  }
}

/// Runs a scan's body step by step, on rows of its inputs and results.
private final class ScanRunner: Sendable {
  private let plan: Plan
  private let form: ScanOperation.Form
  /// Bytes of a row of each tensor walked over.
  private let walkedBytes: [Int]
  /// Where each of the body's outputs goes: bytes to its segment, bytes of a row, all rows kept.
  private let results: [(offset: Int, rowBytes: Int, keeps: Bool)]

  init(_ operation: ScanOperation) {
    let form = operation.form
    let layout = operation.layout
    plan = operation.body.plan()
    self.form = form
    walkedBytes = operation.body.parameters[form.carried..<form.carried + form.walked].map {
      $0.count * $0.dtype.byteCount
    }
    results = layout.segments.enumerated().map { index, segment in
      (
        segment.offset * layout.dtype.byteCount, segment.rowBytes,
        index >= form.carried || form.keeps[index]
      )
    }
  }

  func run(_ memory: LoopMemory) {
    let instance = plan.takeInstance()
    var arguments = plan.arguments.map { memory.inputs[$0] }
    var outputs = results.map { memory.target + $0.offset }
    for step in 0..<form.length {
      let row = form.row(of: step)
      for (index, number) in plan.arguments.enumerated() {
        if number < form.carried {
          if step > 0 { arguments[index] = outputs[number] }
        } else if number < form.carried + form.walked {
          arguments[index] =
            memory.inputs[number] + row * walkedBytes[number - form.carried]
        }
      }
      for (index, result) in results.enumerated() {
        outputs[index] =
          memory.target + result.offset + (result.keeps ? row : step & 1) * result.rowBytes
      }
      instance.bind(arguments: arguments, outputs: outputs)
      instance.run()
    }
    plan.giveBack(instance)
  }
}

/// A scan before it is packed up: placeholders, what the body makes of them, and what they stand for.
private struct ScanDraft {
  var carry: [Tensor]
  var x: [Tensor]
  var nextCarry: [Tensor]
  var y: [Tensor]
  var initial: [Tensor]
  /// Nil where there is no value; such a tensor must not be used by the body.
  var xs: [Tensor?]
  var length: Int
  var isReversed: Bool
  var keeps: [Bool]

  /// Makes the node. The segments of the result are the carries and the outputs.
  func build() -> (packed: Tensor, operation: ScanOperation) {
    let floats = LoopLayout.packedDType((carry + y).map(\.dtype))
    func stored(_ dtype: DType) -> DType { dtype.isFloat ? floats : .int64 }
    let carryIn = carry.map { Tensor(placeholder: $0.shape, stored($0.dtype)) }
    let conversions = zip(carry, carryIn).map { ($0, $1.converted(to: $0.dtype)) }
    let results = substitute(nextCarry + y, conversions).map { $0.converted(to: stored($0.dtype)) }
    let closed = LoopBody.close(carryIn + x, results, droppable: carry.count)
    var walked: [Tensor] = []
    for (tensor, isUsed) in zip(xs, closed.isUsed.dropFirst(carry.count)) where isUsed {
      guard let tensor else { preconditionFailure("scan: a carry that was not kept is needed") }
      walked.append(tensor)
    }
    let form = ScanOperation.Form(
      length: length, isReversed: isReversed, keeps: keeps, walked: walked.count)
    let segments = results.enumerated().map { index, result in
      LoopLayout.Segment(
        result.shape, rows: index < keeps.count && !keeps[index] ? 2 : length, result.dtype)
    }
    let layout = LoopLayout(segments, floats)
    let operation = ScanOperation(form, closed.body, layout)
    let first = initial.map { $0.converted(to: stored($0.dtype)) }
    let nodes = (first + walked + closed.captures).map(\.node)
    let node = Node(
      operation, nodes.first, nodes.count > 1 ? nodes[1] : nil, nodes.count > 2 ? nodes[2] : nil,
      rest: Array(nodes.dropFirst(3)), shape: [layout.count], dtype: floats)
    return (Tensor(node), operation)
  }
}

extension ScanOperation {
  /// A segment of the packed result.
  fileprivate func segment(_ index: Int, of packed: Tensor) -> Tensor {
    layout.segment(index, of: packed)
  }

  /// The last value of a carry.
  fileprivate func last(_ index: Int, of packed: Tensor) -> Tensor {
    segment(index, of: packed).selecting(form.lastRow(index), along: 0)
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    vjp(cotangent, inputs, result, wanted: inputs.map { _ in true })
  }

  /// A scan the other way, whose body is the derivative of the body. It carries the cotangents of
  /// the carries, and sums those of the captures.
  func vjp(
    _ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor, wanted: @autoclosure () -> [Bool]
  ) -> [Cotangent?] {
    let ct = cotangent.tensor.broadcast(to: result.shape)
    let isWanted = wanted()
    let parameters = body.parameters
    let (carried, walked) = (form.carried, form.walked)
    let floatCarries = (0..<carried).filter { parameters[$0].dtype.isFloat }
    let floatXs = (carried..<carried + walked).filter {
      parameters[$0].dtype.isFloat && isWanted[$0]
    }
    let floatCaptures = (carried + walked..<parameters.count).filter {
      parameters[$0].dtype.isFloat && isWanted[$0]
    }
    // Cotangents that arrive in each step from outside: of kept carries and of outputs.
    let arriving = body.outputs.indices.filter {
      body.outputs[$0].dtype.isFloat && ($0 >= carried || form.keeps[$0])
    }
    let later = floatCarries.map { parameters[$0].likePlaceholder }
    let sums = floatCaptures.map { parameters[$0].likePlaceholder }
    let outer = arriving.map { body.outputs[$0].likePlaceholder }
    var total = Tensor(0, dtype: result.dtype)
    for index in body.outputs.indices {
      let parts =
        zip(floatCarries, later).filter { $0.0 == index }.map(\.1)
        + zip(arriving, outer).filter { $0.0 == index }.map(\.1)
      guard let first = parts.first else { continue }
      let arrived = parts.dropFirst().reduce(first, +)
      let output = body.outputs[index]
      let product =
        cotangent.isMasked ? BinaryOperation.mulSafe(arrived, output) : arrived * output
      total = total + product.sum()
    }
    let positions = floatCarries + floatXs + floatCaptures
    var slopes = gradient(of: total, withRespectTo: positions.map { parameters[$0] })
    slopes = substitute(
      slopes, Array(zip(parameters, inputs).dropFirst(carried + walked)))
    let (carrySlopes, rest) = (slopes.prefix(floatCarries.count), slopes.dropFirst(floatCarries.count))
    let draft = ScanDraft(
      carry: later + sums, x: Array(parameters.prefix(carried + walked)) + outer,
      nextCarry: carrySlopes + zip(sums, rest.dropFirst(floatXs.count)).map { $0 + $1 },
      y: Array(rest.prefix(floatXs.count)),
      initial: floatCarries.map { index in
        form.keeps[index]
          ? Tensor.zeros(parameters[index].shape, dtype: result.dtype) : last(index, of: ct)
      } + sums.map { Tensor.zeros($0.shape, dtype: $0.dtype) },
      xs: carriesBefore(inputs, result) + inputs[carried..<carried + walked].map { $0 }
        + arriving.map { segment($0, of: ct) },
      length: form.length, isReversed: !form.isReversed,
      keeps: later.map { _ in true } + sums.map { _ in false })
    let (packed, operation) = draft.build()
    return contributions(packed, operation, floatCarries, floatXs, floatCaptures, inputs)
      .map { $0.map(cotangent.with) }
  }

  /// The value of each carry before each step, by row; nil for one that was not kept.
  private func carriesBefore(_ inputs: [Tensor], _ result: Tensor) -> [Tensor?] {
    (0..<form.carried).map { index in
      guard form.keeps[index] else { return nil }
      let first = inputs[index].expandingDims(at: 0)
      let rows = segment(index, of: result)
      let count = form.length - 1
      return form.isReversed
        ? concat([rows.sliced(along: 0, start: 1, count: count), first])
        : concat([first, rows.sliced(along: 0, start: 0, count: count)])
    }
  }

  /// The results of the reverse scan, by input of this one.
  private func contributions(
    _ packed: Tensor, _ reverse: ScanOperation, _ carries: [Int], _ xs: [Int], _ captures: [Int],
    _ inputs: [Tensor]
  ) -> [Tensor?] {
    var result = [Tensor?](repeating: nil, count: inputs.count)
    for (number, index) in (carries + captures).enumerated() {
      result[index] = reverse.last(number, of: packed).converted(to: inputs[index].dtype)
    }
    for (number, index) in xs.enumerated() {
      let rows = reverse.segment(carries.count + captures.count + number, of: packed)
      result[index] = rows.converted(to: inputs[index].dtype)
    }
    return result
  }

  /// The body batched: carries that come to depend on a batched input are batched too.
  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let parameters = body.parameters
    let (carried, walked) = (form.carried, form.walked)
    var flags = isBatched
    var replacements: [(Tensor, Tensor)] = []
    var results: [Tensor?] = []
    while true {
      replacements = parameters.indices.filter { flags[$0] }.map { index in
        let shape = [size] + parameters[index].shape
        let isCapture = index >= carried + walked
        return (
          parameters[index],
          isCapture ? inputs[index] : Tensor(placeholder: shape, parameters[index].dtype)
        )
      }
      results = batchingDependents(body.outputs, replacing: replacements, size: size)
      let added = (0..<carried).filter { results[$0] != nil && !flags[$0] }
      if added.isEmpty { break }
      for index in added { flags[index] = true }
    }
    let plain = parameters.indices.filter { $0 >= carried + walked && !flags[$0] }
    var outputs = body.outputs.indices.map { index -> Tensor in
      let output = body.outputs[index]
      if let result = results[index] { return result }
      return index < carried && flags[index] ? output.broadcast(to: [size] + output.shape) : output
    }
    outputs = substitute(outputs, plain.map { (parameters[$0], inputs[$0]) })
    let stand = parameters.indices.map { index in
      replacements.first { $0.0.node === parameters[index].node }?.1 ?? parameters[index]
    }
    let draft = ScanDraft(
      carry: Array(stand.prefix(carried)), x: Array(stand[carried..<carried + walked]),
      nextCarry: Array(outputs.prefix(carried)), y: Array(outputs.dropFirst(carried)),
      initial: (0..<carried).map { index in
        flags[index] && !isBatched[index]
          ? inputs[index].broadcast(to: [size] + inputs[index].shape) : inputs[index]
      },
      xs: (carried..<carried + walked).map { index in
        flags[index] ? inputs[index].exchangingFirstAxes : inputs[index]
      },
      length: form.length, isReversed: form.isReversed, keeps: form.keeps)
    let (packed, operation) = draft.build()
    let parts = outputs.indices.map { index -> Tensor in
      let rows = operation.segment(index, of: packed)
      let isWide = index < carried ? flags[index] : results[index] != nil
      return isWide ? rows.exchangingFirstAxes : rows.broadcast(to: [size] + rows.shape)
    }
    return layout.packed(parts, size: size)
  }
}

extension Tensor {
  fileprivate var likePlaceholder: Tensor { Tensor(placeholder: shape, dtype) }

  fileprivate var exchangingFirstAxes: Tensor {
    transposed(to: [1, 0] + Array(2..<Swift.max(rank, 2)))
  }
}

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
  let (carry, initial, results) = traceBody(initial, "scan") { body($0, x) } next: { $0.carry }
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

/// Traces a loop's body on placeholders for its carries. A literal among the first carries takes the
/// dtype that the body gives it.
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
