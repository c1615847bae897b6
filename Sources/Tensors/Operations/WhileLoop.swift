internal import CTensorKernels
internal import Synchronization

/// Repeats a body while a condition on the carries holds.
///
/// The body's outputs are the next carries and whether the condition holds for the present ones.
/// Results are packed; of each carry there are two rows, used in turn, and the first holds the end.
final class WhileOperation: ArrayOperation {
  let name = "whileLoop"
  fileprivate let carried: Int
  fileprivate let limit: Int
  fileprivate let body: LoopBody
  fileprivate let layout: LoopLayout
  private let runner = AtomicLazyReference<WhileRunner>()

  fileprivate init(_ carried: Int, _ limit: Int, _ body: LoopBody, _ layout: LoopLayout) {
    self.carried = carried
    self.limit = limit
    self.body = body
    self.layout = layout
  }

  func encodeAttributes(into key: inout [Int]) {
    key += [carried, limit, body.key.words.count]
    key += body.key.words
  }

  func instruction(_ operands: [View], _ dtypes: [DType], _ shape: Shape, _ dtype: DType)
    -> ArrayInstruction?
  {
    guard operands.allSatisfy(\.isContiguous) else { return nil }
    let runner = self.runner.load() ?? self.runner.storeIfNil(WhileRunner(self))
    let run: ctk_fn = { instruction in
      guard let instruction = instruction?.pointee, let memory = LoopMemory(instruction),
        let object = instruction.x?.load(as: UnsafeRawPointer.self)
      else { return }
      Unmanaged<WhileRunner>.fromOpaque(object).takeUnretainedValue().run(memory)
    }
    var result = ArrayInstruction(
      run, UnsafeRawPointer(Unmanaged.passUnretained(runner).toOpaque()), for: name)
    result.takesAddresses = true
    return result
  }

  func vjp(_ cotangent: Cotangent, _ inputs: [Tensor], _ result: Tensor) -> [Cotangent?] {
    preconditionFailure(
      """
      whileLoop has no derivative; wrap its result in stopGradient(_:) to treat it as constant, or \
      state the derivative by withCustomDerivative
      """)
  }

  /// All elements of the batch run until none goes on; those that have ended keep their carries.
  func batched(_ inputs: [Tensor], _ isBatched: [Bool], size: Int, original: Node) -> Tensor {
    let parameters = body.parameters
    let carry = parameters.prefix(carried).map {
      Tensor(placeholder: [size] + $0.shape, $0.dtype)
    }
    var replacements = Array(zip(parameters, carry))
    let captures = parameters.indices.dropFirst(carried)
    for index in captures where isBatched[index] {
      replacements.append((parameters[index], inputs[index]))
    }
    let results = substitute(
      batch(body.outputs, replacing: replacements, size: size),
      captures.filter { !isBatched[$0] }.map { (parameters[$0], inputs[$0]) })
    let goesOn = results[carried]
    let next = (0..<carried).map { index -> Tensor in
      let dims = [size] + [Int](repeating: 1, count: carry[index].rank - 1)
      return `where`(goesOn.reshaped(to: Shape(dims)), results[index], carry[index])
    }
    let initial = (0..<carried).map { index in
      isBatched[index] ? inputs[index] : inputs[index].broadcast(to: [size] + inputs[index].shape)
    }
    let (packed, operation) = makeWhile(carry, next, goesOn.any(), initial, limit)
    let parts = (0..<carried).map { index in
      let rows = operation.layout.segment(index, of: packed)
      return rows.transposed(to: [1, 0] + Array(2..<rows.rank))
    }
    return layout.packed(parts, size: size)
  }
}

/// Runs the body of a while loop until its condition fails.
private final class WhileRunner: Sendable {
  private let plan: Plan
  private let carried: Int
  private let limit: Int
  private let results: [(offset: Int, rowBytes: Int)]

  init(_ operation: WhileOperation) {
    let layout = operation.layout
    plan = operation.body.plan()
    carried = operation.carried
    limit = operation.limit
    results = layout.segments.map { ($0.offset * layout.dtype.byteCount, $0.rowBytes) }
  }

  func run(_ memory: LoopMemory) {
    let instance = plan.takeInstance()
    let flag = Storage(byteCount: 1)
    func row(_ index: Int, _ step: Int) -> UnsafeMutableRawPointer {
      memory.target + results[index].offset + (step & 1) * results[index].rowBytes
    }
    var present = results.indices.map { memory.inputs[$0] }
    var step = 0
    while true {
      // The row that is free; the first carries lie in neither.
      let next = results.indices.map { row($0, step) }
      instance.bind(
        arguments: plan.arguments.map { $0 < carried ? present[$0] : memory.inputs[$0] },
        outputs: next + [flag.pointer])
      instance.run()
      let goesOn = step < limit && flag.pointer.load(as: UInt8.self) != 0
      guard goesOn else { break }
      present = next
      step += 1
    }
    for (index, result) in results.enumerated() {
      let first = row(index, 0)
      if present[index] == first { continue }
      first.copyMemory(from: present[index], byteCount: result.rowBytes)
    }
    plan.giveBack(instance)
  }
}

private func makeWhile(
  _ carry: [Tensor], _ next: [Tensor], _ condition: Tensor, _ initial: [Tensor], _ limit: Int
) -> (packed: Tensor, operation: WhileOperation) {
  let floats = LoopLayout.packedDType(carry.map(\.dtype))
  func stored(_ dtype: DType) -> DType { dtype.isFloat ? floats : .int64 }
  let carryIn = carry.map { Tensor(placeholder: $0.shape, stored($0.dtype)) }
  let conversions = zip(carry, carryIn).map { ($0, $1.converted(to: $0.dtype)) }
  let outputs = substitute(next + [condition], conversions)
  let results = outputs.dropLast().map { $0.converted(to: stored($0.dtype)) }
  let closed = LoopBody.close(carryIn, results + [outputs[next.count]], droppable: carry.count)
  let layout = LoopLayout(results.map { .init($0.shape, rows: 2, $0.dtype) }, floats)
  let operation = WhileOperation(carry.count, limit, closed.body, layout)
  let nodes = (initial.map { $0.converted(to: stored($0.dtype)) } + closed.captures).map(\.node)
  let node = Node(
    operation, nodes.first, nodes.count > 1 ? nodes[1] : nil, nodes.count > 2 ? nodes[2] : nil,
    rest: Array(nodes.dropFirst(3)), shape: [layout.count], dtype: floats)
  return (Tensor(node), operation)
}

/// Repeats `body` on the carries while `condition`, a mask of one element, holds for them, at most
/// `maxIterations` times. Body and condition are traced and planned once.
///
/// There is no derivative through the loop; give the result one by `withCustomDerivative`. Body and
/// condition must not read values that depend on their arguments.
///
/// - Returns: the first carries for which the condition fails, or those after the last step
///   allowed.
public func whileLoop(
  initial: [Tensor], condition: (_ carry: [Tensor]) -> Tensor,
  body: (_ carry: [Tensor]) -> [Tensor], maxIterations: Int = 1000
) -> [Tensor] {
  precondition(!initial.isEmpty, "whileLoop: no carries")
  precondition(maxIterations >= 0, "whileLoop: at most \(maxIterations) iterations")
  let (carry, initial, next) = traceBody(initial, "whileLoop", body) { $0 }
  let goesOn = condition(carry)
  precondition(
    goesOn.dtype == .bool && goesOn.count == 1,
    "whileLoop: a condition of \(goesOn.dtype) \(goesOn.shape); expected one mask element")
  let (packed, operation) = makeWhile(
    carry, next, goesOn.reshaped(to: []), initial, maxIterations)
  return initial.indices.map { index in
    operation.layout.segment(index, of: packed).selecting(0, along: 0)
      .converted(to: initial[index].dtype)
  }
}
