internal import CTensorKernels

/// Lays a program out as C instructions, with the addresses left open as relocations.
struct Assembler {
  private let program: Program
  private let arena: Arena
  private(set) var instructions: [ctk_instr] = []
  private(set) var topCount = 0
  private(set) var loops: [(body: Int, desc: ctk_loop_desc)] = []
  private(set) var loopGroups: [(instruction: Int, first: Int, desc: ctk_loops_desc)] = []
  private(set) var parts: [(instruction: Int, bodies: [Range<Int>])] = []
  private(set) var relocations: [Plan.Relocation] = []
  private(set) var descriptorStorage: Storage
  private var descriptorEnd = 0
  /// Of what is being laid out.
  private var part = 0

  /// Below this many element operations, waking another thread costs more than it saves.
  private static let parallelWork = 40_000

  init(_ program: Program, _ arena: Arena) {
    self.program = program
    self.arena = arena
    let bytes = program.entries.flatMap(\.drafts).map { draft in
      if case .bytes(let bytes) = draft.descriptor { return Arena.rounded(bytes.count) }
      return 0
    }
    descriptorStorage = Storage(byteCount: bytes.reduce(0, +))
  }

  mutating func run() {
    topCount = assemble(program.entries).count
  }

  /// Puts entries one after the other; returns where they are.
  private mutating func assemble(_ entries: [Entry]) -> Range<Int> {
    let range = instructions.count..<instructions.count + entries.count
    instructions += [ctk_instr](repeating: ctk_instr(), count: entries.count)
    for (position, entry) in zip(range, entries) {
      switch entry {
      case .instruction(let draft):
        instructions[position] = make(draft, at: position)
      case .loops(let loops):
        addLoops(loops, position)
      case .parts(let bodies):
        instructions[position].fn = ctk_parts
        instructions[position].n = Int64(bodies.count)
        let bodies = bodies.enumerated().map { number, body in
          part = number
          return assemble(body)
        }
        parts.append((position, bodies))
        part = 0
      }
    }
    return range
  }

  private mutating func addLoops(_ group: [Loop], _ position: Int) {
    let first = loops.count
    var chunks: Int64 = 0
    for loop in group {
      let body = assemble(loop.body.map(Entry.instruction)).lowerBound
      let desc = ctk_loop_desc(
        body: nil, count: Int64(loop.body.count), n: Int64(loop.count), block: Int64(CTK_BLOCK),
        chunk: Int64(loop.chunk), firstChunk: chunks)
      chunks += Int64(loop.chunkCount)
      loops.append((body, desc))
    }
    let isParallel = group.reduce(0) { $0 + $1.work } > Assembler.parallelWork
    let desc = ctk_loops_desc(
      loops: nil, count: Int64(group.count), parallel: isParallel ? 1 : 0)
    instructions[position].fn = ctk_loops
    loopGroups.append((position, first, desc))
  }

  private mutating func make(_ draft: Draft, at index: Int) -> ctk_instr {
    var result = ctk_instr()
    result.fn = draft.function
    result.n = Int64(draft.count)
    result.first = 1
    result.dPerChunk = draft.bytesPerChunk
    result.step = (draft.steps[0], draft.steps[1], draft.steps[2], draft.steps[3])
    result.x = address(of: draft.descriptor)
    // Places past the fourth only say what is in use.
    for (operand, place) in draft.places.prefix(4).enumerated() {
      relocate(place, index, operand)
    }
    return result
  }

  private mutating func relocate(_ place: Place, _ instruction: Int, _ operand: Int) {
    func add(_ base: Plan.Relocation.Base, _ offset: Int) {
      relocations.append(
        .init(instruction: instruction, operand: operand, base: base, offset: offset))
    }
    switch place {
    case .none: break
    case .constant(let constant): add(.constant, 8 * constant)
    case .scratch(let block):
      add(.scratch, (part * program.scratchCount + block) * program.scratchStride)
    case .buffer(let buffer, let offset):
      let root = program.root(buffer, offset)
      switch program.buffers[root.buffer].home {
      case .arena: add(.arena, (arena.offsets[root.buffer] ?? 0) + root.offset)
      case .argument(let argument): add(.argument(argument), root.offset)
      case .output(let output): add(.output(output), root.offset)
      case .within: preconditionFailure("a root buffer inside another")
      }
    }
  }

  private mutating func address(of descriptor: Descriptor) -> UnsafeRawPointer? {
    switch descriptor {
    case .none: return nil
    case .function(let function): return function
    case .bytes(let bytes):
      let target = descriptorStorage.pointer + descriptorEnd
      bytes.withUnsafeBytes { source in
        if let base = source.baseAddress { target.copyMemory(from: base, byteCount: bytes.count) }
      }
      descriptorEnd += Arena.rounded(bytes.count)
      return UnsafeRawPointer(target)
    }
  }
}
