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
  /// For a body of single elements.
  private let scalar: ScalarScan?
  private let idle = Locked<[Instance]>([])

  /// The body's plan with its memory, and what moves after odd and after even steps.
  ///
  /// `@unchecked Sendable`: handed from caller to caller through the lock of its runner.
  private final class Instance: @unchecked Sendable {
    let plan: PlanInstance
    let moves: (odd: [PlanInstance.Move], even: [PlanInstance.Move])

    init(_ runner: ScanRunner) {
      plan = PlanInstance(runner.plan)
      moves = (runner.moves(plan, after: 1), runner.moves(plan, after: 2))
    }
  }

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
    let dtypes = operation.body.parameters.map(\.dtype) + layout.segments.map(\.dtype)
    scalar =
      dtypes.allSatisfy { $0.byteCount == 8 }
      ? ScanRunner.scalar(plan, form, walkedBytes, results) : nil
  }

  private static func scalar(
    _ plan: Plan, _ form: ScanOperation.Form, _ walkedBytes: [Int],
    _ results: [(offset: Int, rowBytes: Int, keeps: Bool)]
  ) -> ScalarScan? {
    let direction = form.isReversed ? -1 : 1
    return ScalarScan(
      plan, length: form.length,
      walked: walkedBytes.map { .init(offset: form.row(of: 0) * $0, stride: direction * $0) },
      results: results.map { offset, rowBytes, keeps in
        keeps
          ? .init(offset: offset + form.row(of: 0) * rowBytes, stride: direction * rowBytes)
          : .init(offset: offset + ((form.length - 1) & 1) * rowBytes, stride: 0)
      }, carried: form.carried)
  }

  func run(_ memory: LoopMemory) {
    if let scalar { return scalar.run(memory) }
    let instance = idle.withLock { $0.popLast() } ?? Instance(self)
    // The first carries are inputs; the later ones lie at equal distances.
    for step in 0..<min(form.length, 2) {
      let (arguments, outputs) = addresses(memory, at: step)
      instance.plan.bind(arguments: arguments, outputs: outputs)
      instance.plan.run()
    }
    instance.plan.run(max(form.length - 2, 0), moving: instance.moves.odd, instance.moves.even)
    idle.withLock { if $0.count < 4 { $0.append(instance) } }
  }

  private func addresses(_ memory: LoopMemory, at step: Int) -> (
    arguments: [UnsafeMutableRawPointer], outputs: [UnsafeMutableRawPointer]
  ) {
    let arguments = plan.arguments.map { number -> UnsafeMutableRawPointer in
      if number < form.carried {
        return step > 0 ? memory.target + offset(number, at: step - 1) : memory.inputs[number]
      }
      guard number < form.carried + form.walked else { return memory.inputs[number] }
      return memory.inputs[number] + form.row(of: step) * walkedBytes[number - form.carried]
    }
    return (arguments, results.indices.map { memory.target + offset($0, at: step) })
  }

  /// Where an output of a step lies, in bytes.
  private func offset(_ output: Int, at step: Int) -> Int {
    let result = results[output]
    return result.offset + (result.keeps ? form.row(of: step) : step & 1) * result.rowBytes
  }

  /// What moves between a step, not the first, and the next one: the same for every other step.
  private func moves(_ instance: PlanInstance, after step: Int) -> [PlanInstance.Move] {
    func distance(_ output: Int, from step: Int) -> Int {
      offset(output, at: step + 1) - offset(output, at: step)
    }
    let arguments = plan.arguments.map { number -> Int in
      if number < form.carried { return distance(number, from: step - 1) }
      guard number < form.carried + form.walked else { return 0 }
      return (form.isReversed ? -1 : 1) * walkedBytes[number - form.carried]
    }
    return instance.moves(
      arguments: arguments, outputs: results.indices.map { distance($0, from: step) })
  }
}

/// A scan before it is packed up: placeholders, what the body makes of them, and what they stand
/// for.
struct ScanDraft {
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

/// The derivative of a scan's body, as the body of a scan the other way.
private struct ScanDerivative {
  private let scan: ScanOperation
  /// Carries, tensors walked over and captures that have cotangents, by number of the parameter.
  private let carries: [Int]
  let xs: [Int]
  private let captures: [Int]
  /// Outputs of the body whose cotangents arrive from outside in each step.
  private let arriving: [Int]
  // Placeholders: cotangents of the next carries, sums for the captures, cotangents from outside.
  private let later: [Tensor]
  private let sums: [Tensor]
  private let outside: [Tensor]
  /// The cotangents of all these parameters, in this order.
  private let slopes: [Tensor]

  /// The parameters whose cotangents the reverse scan carries.
  var summed: [Int] { carries + captures }

  init(_ scan: ScanOperation, _ isWanted: [Bool], isMasked: Bool) {
    let (form, body) = (scan.form, scan.body)
    let parameters = body.parameters
    let firstCapture = form.carried + form.walked
    let floats = parameters.indices.filter { parameters[$0].dtype.isFloat }
    self.scan = scan
    carries = floats.filter { $0 < form.carried }
    xs = floats.filter { $0 >= form.carried && $0 < firstCapture && isWanted[$0] }
    captures = floats.filter { $0 >= firstCapture && isWanted[$0] }
    arriving = body.outputs.indices.filter {
      body.outputs[$0].dtype.isFloat && ($0 >= form.carried || form.keeps[$0])
    }
    later = carries.map { parameters[$0].likePlaceholder }
    sums = captures.map { parameters[$0].likePlaceholder }
    outside = arriving.map { body.outputs[$0].likePlaceholder }
    // What was carried comes last, so that the way from one step to the next is short; an output
    // that is a carry too has one cotangent.
    let incoming = Array(zip(arriving, outside)) + Array(zip(carries, later))
    var total = Tensor(0, dtype: scan.layout.dtype)
    var isMet = NodeTable()
    for output in body.outputs where isMet.insert(output.node) {
      let parts = incoming.filter { body.outputs[$0.0].node === output.node }.map(\.1)
      guard let first = parts.first else { continue }
      let ct = parts.dropFirst().reduce(first, +)
      total = total + (isMasked ? BinaryOperation.mulSafe(ct, output) : ct * output).sum()
    }
    slopes = gradient(
      of: total, withRespectTo: (carries + xs + captures).map { parameters[$0] })
  }

  /// The reverse scan: from the inputs and result of the scan and the cotangent of the result.
  func draft(_ inputs: [Tensor], _ result: Tensor, _ ct: Tensor) -> ScanDraft {
    let (form, parameters) = (scan.form, scan.body.parameters)
    let firstCapture = form.carried + form.walked
    let outer = Array(zip(parameters, inputs).dropFirst(firstCapture))
    let slopes = substitute(self.slopes, outer)
    let first = carries.map { index in
      // What arrives for the last of kept carries arrives with the others.
      form.keeps[index]
        ? Tensor.zeros(parameters[index].shape, dtype: result.dtype) : scan.last(index, of: ct)
    }
    let added = zip(sums, slopes.suffix(captures.count)).map { $0 + $1 }
    return ScanDraft(
      carry: later + sums, x: Array(parameters.prefix(firstCapture)) + outside,
      nextCarry: slopes.prefix(carries.count) + added,
      y: Array(slopes.dropFirst(carries.count).prefix(xs.count)),
      initial: first + sums.map { Tensor.zeros($0.shape, dtype: $0.dtype) },
      xs: carriesBefore(inputs, result) + inputs[form.carried..<firstCapture].map { $0 }
        + arriving.map { scan.segment($0, of: ct) },
      length: form.length, isReversed: !form.isReversed,
      keeps: later.map { _ in true } + sums.map { _ in false })
  }

  /// The value of each carry before each step, by row; nil for one that was not kept.
  private func carriesBefore(_ inputs: [Tensor], _ result: Tensor) -> [Tensor?] {
    let form = scan.form
    return (0..<form.carried).map { index in
      guard form.keeps[index] else { return nil }
      let first = inputs[index].expandingDims(at: 0)
      let rows = scan.segment(index, of: result)
      let count = form.length - 1
      return form.isReversed
        ? concat([rows.sliced(along: 0, start: 1, count: count), first])
        : concat([first, rows.sliced(along: 0, start: 0, count: count)])
    }
  }
}

extension ScanOperation {
  /// A segment of the packed result.
  func segment(_ index: Int, of packed: Tensor) -> Tensor {
    layout.segment(index, of: packed)
  }

  /// The last value of a carry.
  func last(_ index: Int, of packed: Tensor) -> Tensor {
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
    let reverse = ScanDerivative(self, wanted(), isMasked: cotangent.isMasked)
    let (packed, operation) = reverse.draft(inputs, result, ct).build()
    var contributions = [Cotangent?](repeating: nil, count: inputs.count)
    for (number, index) in reverse.summed.enumerated() {
      let last = operation.last(number, of: packed)
      contributions[index] = cotangent.with(last.converted(to: inputs[index].dtype))
    }
    for (number, index) in reverse.xs.enumerated() {
      let rows = operation.segment(reverse.summed.count + number, of: packed)
      contributions[index] = cotangent.with(rows.converted(to: inputs[index].dtype))
    }
    return contributions
  }

  /// The body batched: carries that come to depend on a batched input are batched too.
  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let (carried, walked) = (form.carried, form.walked)
    var flags = isBatched
    var batch = BatchedBody(body, inputs, flags, firstCapture: carried + walked, size)
    while let carry = (0..<carried).first(where: { batch.results[$0] != nil && !flags[$0] }) {
      flags[carry] = true
      batch = BatchedBody(body, inputs, flags, firstCapture: carried + walked, size)
    }
    let isWide = body.outputs.indices.map { index in
      index < carried ? flags[index] : batch.results[index] != nil
    }
    let outputs = batch.outputs(isWide)
    let draft = ScanDraft(
      carry: Array(batch.parameters.prefix(carried)),
      x: Array(batch.parameters[carried..<carried + walked]),
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
      return isWide[index] ? rows.exchangingFirstAxes : rows.broadcast(to: [size] + rows.shape)
    }
    return layout.packed(parts, size: size)
  }
}

/// A loop's body for many values at once of some of its parameters.
private struct BatchedBody {
  /// New placeholders for batched parameters, the old ones for others.
  private(set) var parameters: [Tensor]
  /// The outputs that depend on batched parameters.
  let results: [Tensor?]
  private let body: LoopBody
  private let size: Int
  /// Captures as they are outside.
  private let outer: [(Tensor, Tensor)]

  init(_ body: LoopBody, _ inputs: [Tensor], _ flags: [Bool], firstCapture: Int, _ size: Int) {
    parameters = body.parameters
    var replacements: [(Tensor, Tensor)] = []
    for (index, parameter) in body.parameters.enumerated() where flags[index] {
      if index < firstCapture {
        parameters[index] = Tensor(placeholder: [size] + parameter.shape, parameter.dtype)
      }
      replacements.append(
        (parameter, index < firstCapture ? parameters[index] : inputs[index]))
    }
    results = batchingDependents(body.outputs, replacing: replacements, size: size)
    outer = body.parameters.indices.filter { $0 >= firstCapture && !flags[$0] }
      .map { (body.parameters[$0], inputs[$0]) }
    self.body = body
    self.size = size
  }

  /// All outputs; those that are to be wide and do not depend on what is batched are repeated.
  func outputs(_ isWide: [Bool]) -> [Tensor] {
    let all = body.outputs.enumerated().map { index, output in
      results[index] ?? (isWide[index] ? output.broadcast(to: [size] + output.shape) : output)
    }
    return substitute(all, outer)
  }
}

extension Tensor {
  fileprivate var likePlaceholder: Tensor { Tensor(placeholder: shape, dtype) }

  fileprivate var exchangingFirstAxes: Tensor {
    transposed(to: [1, 0] + Array(2..<Swift.max(rank, 2)))
  }
}
