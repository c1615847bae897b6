internal import CTensorKernels
internal import Synchronization

/// A compiled graph: instructions that compute some outputs from some arguments.
///
/// `@unchecked Sendable`: immutable after `init`, but for the instances behind an atomic pointer and a
/// lock.
package final class Plan: @unchecked Sendable {
  /// An address that an instance fills in: of instruction `instruction`, operand `operand`.
  struct Relocation {
    enum Base: Hashable {
      case arena, constant
      case argument(Int)
      case output(Int)
      case scratch
    }
    let instruction: Int
    let operand: Int
    let base: Base
    let offset: Int
  }

  let instructions: [ctk_instr]
  let topCount: Int
  let loops: [(body: Int, desc: ctk_loop_desc)]
  let loopGroups: [(instruction: Int, first: Int, desc: ctk_loops_desc)]
  let parts: [(instruction: Int, bodies: [Range<Int>])]
  let relocations: [Relocation]
  let constants: [UInt64]
  let arenaBytes: Int
  let scratchBytes: Int
  /// How many threads and parts may need scratch memory at once. The number in use can change at
  /// any time; memory that nobody touches costs nothing.
  let scratchCopies: Int
  fileprivate let descriptors: Storage
  /// Kept alive: descriptors may point into them.
  fileprivate let operations: [any ArrayOperation]
  /// The caller's number of each argument.
  let arguments: [Int]
  let outputShapes: [(shape: Shape, dtype: DType)]
  private let overwriting: Overwriting
  /// Values that belong to the plan: the arguments the caller numbered last.
  let captured: [Storage]
  /// An instance nobody uses, owned, where one caller at a time finds it without a lock; and more.
  private let spare = Atomic<UnsafeRawPointer?>(nil)
  private let idle = Locked<[PlanInstance]>([])

  /// - Parameters:
  ///   - order: the graph, inputs before users.
  ///   - argument: the number under which the caller will find a node's value when the plan runs.
  ///     A literal without one is built into the plan; every other node with a value must have one.
  init(
    _ order: GraphOrder, outputs: [Node], captured: [Storage] = [], argument: (Node) -> Int?
  ) {
    let ir = IR(order, outputs: outputs, argument: argument).inParts()
    let builder = ProgramBuilder(ir)
    let program = builder.program
    overwriting = Overwriting(ir, builder.schedule)
    let arena = Arena(program)
    var assembler = Assembler(program, arena)
    assembler.run()
    instructions = assembler.instructions
    topCount = assembler.topCount
    loops = assembler.loops
    loopGroups = assembler.loopGroups
    parts = assembler.parts
    relocations = assembler.relocations
    descriptors = assembler.descriptorStorage
    operations = ir.items.compactMap { item in
      if case .array(let operation) = item.kind { operation } else { nil }
    }
    constants = program.constants
    arenaBytes = arena.byteCount
    scratchBytes = program.scratchCount * program.scratchStride
    let isParallel = loopGroups.contains { $0.desc.parallel != 0 }
    scratchCopies =
      (isParallel ? Int(CTK_MAX_THREADS) : 1) + (parts.map(\.bodies.count).max() ?? 0)
    arguments = ir.arguments
    outputShapes = outputs.map { ($0.shape, $0.dtype) }
    self.captured = captured
  }

  /// The number of instructions a run executes, loops counted once per body instruction.
  package var instructionCount: Int { instructions.count }

  /// Whether an output may be written to the memory of an argument: whatever reads the argument has
  /// done so by then.
  package func mayOverwrite(argument: Int, with output: Int) -> Bool {
    overwriting.isAllowed(argument: argument, output: output)
  }

  /// An instance nobody else uses; return it with `giveBack`.
  package func takeInstance() -> PlanInstance {
    if let found = spare.exchange(nil, ordering: .acquiring) {
      return Unmanaged<PlanInstance>.fromOpaque(found).takeRetainedValue()
    }
    return idle.withLock { $0.popLast() } ?? PlanInstance(self)
  }

  package func giveBack(_ instance: PlanInstance) {
    let owned = Unmanaged.passRetained(instance)
    let (isKept, _) = spare.compareExchange(
      expected: nil, desired: UnsafeRawPointer(owned.toOpaque()), ordering: .releasing)
    if isKept { return }
    owned.release()
    idle.withLock { instances in
      if instances.count < 4 { instances.append(instance) }
    }
  }

  deinit {
    if let left = spare.load(ordering: .acquiring) {
      Unmanaged<PlanInstance>.fromOpaque(left).release()
    }
  }

  /// Runs once, on values that stay alive for as long.
  package func run(_ values: ArgumentValues) -> [Storage] {
    withExtendedLifetime(values) { run(values.pointers) }
  }

  /// Runs once, on values given by address, into freshly allocated memory.
  func run(_ values: UnsafePointer<UnsafeMutableRawPointer>) -> [Storage] {
    let results = outputShapes.map {
      Storage(byteCount: $0.shape.elementCount * $0.dtype.byteCount)
    }
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: results.count) {
      _ = $0.initialize(from: results.lazy.map(\.pointer))
      if let outputs = $0.baseAddress { run(values, into: outputs) }
    }
    return results
  }

  /// Runs once, on values given by address, into memory given by address.
  func run(
    _ values: UnsafePointer<UnsafeMutableRawPointer>,
    into outputs: UnsafePointer<UnsafeMutableRawPointer>
  ) {
    let instance = takeInstance()
    instance.bind(arguments: values, outputs: outputs)
    instance.run()
    giveBack(instance)
  }
}

/// A plan with memory of its own, ready to run; used by one caller at a time.
///
/// `@unchecked Sendable`: handed from caller to caller through the lock of its plan.
package final class PlanInstance: @unchecked Sendable {
  private let program: UnsafeMutablePointer<ctk_instr>
  private let loopDescriptors: UnsafeMutablePointer<ctk_loop_desc>
  private let groupDescriptors: UnsafeMutablePointer<ctk_loops_desc>
  private let bodies: UnsafeMutablePointer<ctk_body>
  private let memory: Storage
  private let topCount: Int
  private let instructionCount: Int
  private let external: [Plan.Relocation]
  /// What the instructions point to. Not the plan, which holds its idle instances.
  private let descriptors: Storage
  private let operations: [any ArrayOperation]

  package init(_ plan: Plan) {
    descriptors = plan.descriptors
    operations = plan.operations
    topCount = plan.topCount
    instructionCount = plan.instructions.count
    let constantBytes = Arena.rounded(plan.constants.count * 8)
    memory = Storage(
      byteCount: plan.arenaBytes + constantBytes + plan.scratchBytes * plan.scratchCopies)
    program = .allocate(capacity: max(plan.instructions.count, 1))
    program.initialize(from: plan.instructions, count: plan.instructions.count)
    loopDescriptors = .allocate(capacity: max(plan.loops.count, 1))
    groupDescriptors = .allocate(capacity: max(plan.loopGroups.count, 1))
    bodies = .allocate(capacity: max(plan.parts.reduce(0) { $0 + $1.bodies.count }, 1))
    external = plan.relocations.filter {
      switch $0.base {
      case .argument, .output: true
      default: false
      }
    }
    for (index, bits) in plan.constants.enumerated() {
      memory.pointer.storeBytes(
        of: bits, toByteOffset: plan.arenaBytes + 8 * index, as: UInt64.self)
    }
    relocate(plan, constantBytes)
    linkLoops(plan)
    linkParts(plan)
  }

  deinit {
    program.deallocate()
    loopDescriptors.deallocate()
    groupDescriptors.deallocate()
    bodies.deallocate()
  }

  private func relocate(_ plan: Plan, _ constantBytes: Int) {
    let constants = memory.pointer + plan.arenaBytes
    let scratch = constants + constantBytes
    for relocation in plan.relocations {
      let base: UnsafeMutableRawPointer
      switch relocation.base {
      case .arena: base = memory.pointer
      case .constant: base = constants
      case .scratch: base = scratch
      case .argument, .output: continue
      }
      set(relocation, base)
      if case .scratch = relocation.base {
        program[relocation.instruction].setPerThread(relocation.operand, Int32(plan.scratchBytes))
      }
    }
  }

  private func linkLoops(_ plan: Plan) {
    for (index, loop) in plan.loops.enumerated() {
      (loopDescriptors + index).initialize(to: loop.desc)
      loopDescriptors[index].body = UnsafePointer(program + loop.body)
    }
    for (index, group) in plan.loopGroups.enumerated() {
      (groupDescriptors + index).initialize(to: group.desc)
      groupDescriptors[index].loops = UnsafePointer(loopDescriptors + group.first)
      program[group.instruction].x = UnsafeRawPointer(groupDescriptors + index)
    }
  }

  private func linkParts(_ plan: Plan) {
    var next = bodies
    for (instruction, ranges) in plan.parts {
      program[instruction].x = UnsafeRawPointer(next)
      for range in ranges {
        next.initialize(
          to: ctk_body(program: program + range.lowerBound, count: Int64(range.count)))
        next += 1
      }
    }
  }

  @inline(__always)
  private func set(_ relocation: Plan.Relocation, _ base: UnsafeMutableRawPointer) {
    let address = (base + relocation.offset).assumingMemoryBound(to: CChar.self)
    switch relocation.operand {
    case 0: program[relocation.instruction].d = address
    case 1: program[relocation.instruction].a = UnsafePointer(address)
    case 2: program[relocation.instruction].b = UnsafePointer(address)
    default: program[relocation.instruction].c = UnsafePointer(address)
    }
  }

  /// Says where the arguments are and the outputs go, until the next call.
  package func bind(
    arguments: UnsafePointer<UnsafeMutableRawPointer>,
    outputs: UnsafePointer<UnsafeMutableRawPointer>
  ) {
    for relocation in external {
      switch relocation.base {
      case .argument(let index): set(relocation, arguments[index])
      case .output(let index): set(relocation, outputs[index])
      default: break
      }
    }
  }

  /// An address in the program that changes from run to run, and by how many bytes.
  struct Move {
    fileprivate let address: UnsafeMutablePointer<Int>
    fileprivate let bytes: Int
  }

  /// What changes when every argument and output lies so many bytes farther on.
  func moves(arguments: [Int], outputs: [Int]) -> [Move] {
    external.compactMap { relocation in
      let bytes =
        switch relocation.base {
        case .argument(let index): arguments[index]
        case .output(let index): outputs[index]
        default: 0
        }
      guard bytes != 0 else { return nil }
      let instruction = UnsafeMutableRawPointer(program + relocation.instruction)
      let field = instruction + ctk_instr.offset(ofOperand: relocation.operand)
      return Move(address: field.assumingMemoryBound(to: Int.self), bytes: bytes)
    }
  }

  /// Runs the plan `count` times on what lies farther on each time, by one distance and another one
  /// in turn.
  func run(_ count: Int, moving first: [Move], _ second: [Move]) {
    let (program, length) = (program, Int64(topCount))
    first.withUnsafeBufferPointer { first in
      second.withUnsafeBufferPointer { second in
        for number in 0..<count {
          for move in number & 1 == 0 ? first : second { move.address.pointee += move.bytes }
          ctk_run(program, length)
        }
      }
    }
  }

  /// Runs the plan on what was bound.
  package func run() {
    ctk_run(program, Int64(topCount))
  }
}

extension ctk_instr {
  /// In bytes from the start of an instruction.
  fileprivate static func offset(ofOperand operand: Int) -> Int {
    let offset =
      switch operand {
      case 0: MemoryLayout<ctk_instr>.offset(of: \.d)
      case 1: MemoryLayout<ctk_instr>.offset(of: \.a)
      case 2: MemoryLayout<ctk_instr>.offset(of: \.b)
      default: MemoryLayout<ctk_instr>.offset(of: \.c)
      }
    guard let offset else { preconditionFailure("an operand without a place") }
    return offset
  }

  mutating func setPerThread(_ operand: Int, _ bytes: Int32) {
    switch operand {
    case 0: perThread.0 = bytes
    case 1: perThread.1 = bytes
    case 2: perThread.2 = bytes
    default: perThread.3 = bytes
    }
  }
}
