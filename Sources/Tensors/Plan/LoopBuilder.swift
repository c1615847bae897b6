internal import CTensorKernels

/// An operand as a loop sees it: made in the same loop, or in memory.
enum LoopOperand {
  case value(Int)
  case memory(Place, View)
}

/// Builds one fused loop: the members' kernels in order, each on a block of elements.
///
/// Intermediate results live in scratch blocks, assigned like registers. An iteration space of one
/// block needs no loop; its instructions go straight into the program.
struct LoopBuilder {
  let count: Int
  private let dtypes: [DType]
  private let isBlocked: Bool
  private let chunk: Int

  /// What an instruction reads or writes: a value made in the loop, or memory.
  enum Slot {
    case none
    case value(Int)
    case memory(Place, step: Int32)
  }

  struct Pending {
    var draft: Draft
    var slots: [Slot]
    /// What it is, if it may be half of a pair.
    var arithmetic: Arithmetic?
  }

  /// A product or a sum.
  struct Arithmetic {
    let isProduct: Bool
    /// Bit k: operand k is one scalar.
    let uniform: Int
    let kernelCode: Int32
  }

  struct Value {
    var elementSize: Int
    /// Where it is kept, if others read it from memory.
    var memory: Place?
    var lastUse = 0
  }

  var pending: [Pending] = []
  private(set) var values: [Value] = []
  private var valueOf: [Int: Int] = [:]
  private var loads: [[Int]: Int] = [:]
  private var joins: [Draft] = []

  /// - Parameter dtypes: of all items.
  init(_ items: [Int], _ ir: IR, _ dtypes: [DType], _ chunk: Int) {
    self.dtypes = dtypes
    count = ir.items[items[0]].loopCount
    isBlocked = count > Int(CTK_BLOCK)
    self.chunk = chunk
  }

  private var chunkCount: Int { (count + chunk - 1) / chunk }

  /// The value that this loop has made for an item.
  func value(of item: Int) -> Int {
    guard let value = valueOf[item] else { preconditionFailure("a value before it is made") }
    return value
  }

  // MARK: Adding members

  mutating func add(
    _ index: Int, _ item: Item, _ operands: [LoopOperand], _ memory: Place?,
    _ program: inout Program
  ) {
    switch item.kind {
    case .elementwise(let operation):
      addElementwise(index, operation, item, operands, memory)
    case .random(let operation):
      addRandom(index, operation, item, operands, memory)
    case .draw(let operation):
      addDraw(index, operation, item, operands, memory)
    case .reduce(let operation):
      addReduction(operation, item, operands, memory, &program)
    case .rowDots(let product):
      addRowDots(index, product, item, operands, memory)
    case .rowCombine(let product):
      addRowCombine(product, item, operands, memory, &program)
    default: preconditionFailure("not a loop's member")
    }
  }

  private mutating func addElementwise(
    _ index: Int, _ operation: any ElementwiseOperation, _ item: Item, _ operands: [LoopOperand],
    _ memory: Place?
  ) {
    let types = item.operands.map { dtypes[$0.item] }
    var slots: [Slot] = []
    var uniform = 0
    for (position, operand) in operands.enumerated() {
      let (slot, isUniform) = read(operand, types[position], item.shape, spreading: false)
      slots.append(slot)
      if isUniform { uniform |= 1 << position }
    }
    var kernel = operation.kernel(types, item.dtype, uniform: uniform)
    if kernel == nil {
      slots = operands.enumerated().map {
        read($0.element, types[$0.offset], item.shape, spreading: true).slot
      }
      uniform = 0
      kernel = operation.kernel(types, item.dtype, uniform: 0)
    }
    guard let kernel else {
      preconditionFailure("\(operation.name) does not exist for \(types)")
    }
    let result = define(index, item.dtype, memory)
    var draft = Draft(function: kernel, count: count, places: [], weight: operation.weight)
    if let function = operation.scalarFunction { draft.descriptor = .function(function) }
    let arithmetic = Arithmetic(operation, uniform, item.dtype)
    pending.append(
      Pending(draft: draft, slots: [.value(result)] + slots, arithmetic: arithmetic))
  }

  private mutating func addRandom(
    _ index: Int, _ operation: RandomOperation, _ item: Item, _ operands: [LoopOperand],
    _ memory: Place?
  ) {
    guard case .memory(let keys, let view) = operands[0],
      let kernel = ctk_random(operation.kind.rawValue, item.dtype.kernelCode)
    else { preconditionFailure("\(operation.name) does not exist for \(item.dtype)") }
    let rows = view.shape.elementCount
    let result = define(index, item.dtype, memory)
    pending.append(
      Pending(
        draft: Draft(
          function: kernel, count: count, places: [],
          descriptor: .init(copying: ctk_random_desc(rowLength: Int64(count / max(rows, 1)))),
          weight: 12),
        slots: [.value(result), .memory(keys, step: 0)]))
  }

  private mutating func addDraw(
    _ index: Int, _ operation: RandomDraw, _ item: Item, _ operands: [LoopOperand],
    _ memory: Place?
  ) {
    guard case .memory(let keys, let view) = operands[0],
      let kernel = operation.kernel(item.dtype)
    else { preconditionFailure("\(operation.name) does not exist for \(item.dtype)") }
    let rows = view.shape.elementCount
    let parameters = operands.dropFirst().map {
      read($0, item.dtype, item.shape, spreading: true).slot
    }
    let result = define(index, item.dtype, memory)
    pending.append(
      Pending(
        draft: Draft(
          function: kernel, count: count, places: [],
          descriptor: .init(copying: ctk_random_desc(rowLength: Int64(count / max(rows, 1)))),
          weight: 60),
        slots: [.value(result), .memory(keys, step: 0)] + parameters))
  }

  private mutating func addReduction(
    _ operation: any ReductionOperation, _ item: Item, _ operands: [LoopOperand],
    _ memory: Place?, _ program: inout Program
  ) {
    guard let memory else { preconditionFailure("a reduction without memory") }
    let code = item.dtype.kernelCode
    let shape = item.operands[0].view.shape
    let extents = ReduceExtents(operation, shape)
    let source = read(operands[0], item.dtype, shape, spreading: true).slot
    let isRows = extents.inner == 1 && extents.outer > 1
    let kernel =
      isRows
      ? ctk_reduce_rows(operation.code, code)
      : extents.inner == 1
        ? ctk_reduce_all(operation.code, code) : ctk_reduce_columns(operation.code, code)
    guard let kernel else {
      preconditionFailure("\(operation.name) does not exist for \(item.dtype)")
    }
    var draft = Draft(
      function: kernel, count: count, places: [],
      descriptor: .init(copying: extents.descriptor))
    let target =
      isRows ? memory : partials(operation.code, item, memory, &draft, &program)
    pending.append(Pending(draft: draft, slots: [.memory(target, step: 0), source]))
  }

  private mutating func addRowDots(
    _ index: Int, _ product: RowProduct, _ item: Item, _ operands: [LoopOperand],
    _ memory: Place?
  ) {
    guard let kernel = product.dots(item.dtype),
      case .memory(let matrix, _) = operands[0], case .memory(let vector, _) = operands[1]
    else { preconditionFailure("matmul does not exist for \(item.dtype)") }
    let result = define(index, item.dtype, memory)
    pending.append(
      Pending(
        draft: Draft(
          function: kernel, count: count, places: [],
          descriptor: .init(copying: product.descriptor), weight: product.columns),
        slots: [
          .value(result), .memory(matrix, step: rowStep(product, item)), .memory(vector, step: 0),
        ]))
  }

  private mutating func addRowCombine(
    _ product: RowProduct, _ item: Item, _ operands: [LoopOperand], _ memory: Place?,
    _ program: inout Program
  ) {
    guard let memory, let kernel = product.combine(item.dtype),
      case .memory(let matrix, _) = operands[0]
    else { preconditionFailure("matmul does not exist for \(item.dtype)") }
    let weights = read(operands[1], item.dtype, item.operands[1].view.shape, spreading: true).slot
    var draft = Draft(
      function: kernel, count: count, places: [],
      descriptor: .init(copying: product.descriptor), weight: product.columns)
    let target = partials(Int32(CTK_SUM), item, memory, &draft, &program)
    pending.append(
      Pending(
        draft: draft,
        slots: [
          .memory(target, step: 0), .memory(matrix, step: rowStep(product, item)), weights,
        ]))
  }

  private func rowStep(_ product: RowProduct, _ item: Item) -> Int32 {
    Int32(product.stride * item.dtype.byteCount)
  }

  /// Where a reduction leaves its results: at home, or, when there are several chunks, one set per
  /// chunk, to be joined after the loop.
  private mutating func partials(
    _ code: Int32, _ item: Item, _ memory: Place, _ draft: inout Draft, _ program: inout Program
  ) -> Place {
    guard isBlocked && chunkCount > 1 else { return memory }
    let partials = Place.buffer(program.addBuffer(chunkCount * item.byteCount), 0)
    draft.bytesPerChunk = Int32(item.byteCount)
    addJoin(code, item, partials, memory)
    return partials
  }

  private mutating func addJoin(
    _ code: Int32, _ item: Item, _ partials: Place, _ memory: Place
  ) {
    guard let join = ctk_join(code, item.dtype.kernelCode) else {
      preconditionFailure("no reduction \(code) for \(item.dtype)")
    }
    joins.append(
      Draft(
        function: join, count: item.count, places: [memory, partials],
        descriptor: .init(copying: Int64(chunkCount))))
  }

  // MARK: Operands and results

  private mutating func define(_ index: Int, _ dtype: DType, _ memory: Place?) -> Int {
    values.append(Value(elementSize: dtype.byteCount, memory: memory, lastUse: pending.count))
    valueOf[index] = values.count - 1
    return values.count - 1
  }

  /// How a kernel reads an operand: as a stream, as one scalar, or from a block gathered first.
  private mutating func read(
    _ operand: LoopOperand, _ dtype: DType, _ shape: Shape, spreading: Bool
  ) -> (slot: Slot, isUniform: Bool) {
    guard case .memory(let place, let view) = operand else {
      guard case .value(let value) = operand else { return (.none, false) }
      return (.value(value), false)
    }
    let spread = view.broadcast(to: shape)
    if count == 1 { return (.memory(place, step: 0), false) }
    if spread.isUniform {
      if !spreading { return (.memory(place, step: 0), true) }
      return (.value(load(place, spread, dtype, ctk_fill(dtype.kernelCode))), false)
    }
    if spread.isContiguous {
      return (.memory(place, step: Int32(dtype.byteCount)), false)
    }
    return (.value(load(place, spread, dtype, ctk_load(dtype.kernelCode))), false)
  }

  /// A block gathered from memory, once per loop.
  private mutating func load(
    _ place: Place, _ view: View, _ dtype: DType, _ function: ctk_fn?
  ) -> Int {
    let descriptor = StridedDescriptor.make(view)
    var key = withUnsafeBytes(of: descriptor) { bytes in
      (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int.self) }
    }
    switch place {
    case .buffer(let buffer, let offset): key += [0, buffer, offset]
    case .constant(let index): key += [1, index]
    case .none, .scratch: break
    }
    if let value = loads[key] { return value }
    guard let function else { preconditionFailure("no load for \(dtype)") }
    values.append(Value(elementSize: dtype.byteCount, lastUse: pending.count))
    let value = values.count - 1
    loads[key] = value
    pending.append(
      Pending(
        draft: Draft(
          function: function, count: count, places: [],
          descriptor: .init(copying: descriptor), weight: 2),
        slots: [.value(value), .memory(place, step: 0)]))
    return value
  }

  // MARK: Finishing

  mutating func finish(_ program: inout Program) {
    joinProducts()
    let drafts = assignScratch(&program)
    if isBlocked {
      program.entries.append(.loops([Loop(body: drafts, count: count, chunk: chunk)]))
    } else {
      program.entries += drafts.map(Entry.instruction)
    }
    program.entries += joins.map(Entry.instruction)
  }

  /// Gives every value that is not kept in memory a scratch block, reused after its last use.
  private mutating func assignScratch(_ program: inout Program) -> [Draft] {
    for (position, entry) in pending.enumerated() {
      for case .value(let value) in entry.slots { values[value].lastUse = position }
    }
    var blockOf = [Int?](repeating: nil, count: values.count)
    var free: [Int] = []
    var blocks = 0
    var drafts: [Draft] = []
    for (position, entry) in pending.enumerated() {
      var draft = entry.draft
      var dying = Set(
        entry.slots.compactMap { slot -> Int? in
          guard case .value(let value) = slot, values[value].lastUse == position else { return nil }
          return blockOf[value]
        })
      // A block may be overwritten by the kernel that reads it last, if the elements have the same
      // size.
      if case .value(let target)? = entry.slots.first {
        for case .value(let value) in entry.slots.dropFirst() {
          guard values[value].elementSize == values[target].elementSize, let block = blockOf[value],
            dying.remove(block) != nil
          else { continue }
          free.append(block)
        }
      }
      for (operand, slot) in entry.slots.enumerated() {
        let (place, step) = locate(slot, isTarget: operand == 0, &blockOf, &free, &blocks)
        draft.places.append(place)
        draft.steps[operand] = step
      }
      free += dying.sorted()
      if case .value(let target)? = entry.slots.first, values[target].lastUse == position,
        let block = blockOf[target]
      {
        free.append(block)
      }
      drafts.append(draft)
    }
    program.scratchCount = max(program.scratchCount, blocks)
    let widest = values.map(\.elementSize).max() ?? 0
    program.scratchElementSize = max(program.scratchElementSize, widest)
    return drafts
  }

  private func locate(
    _ slot: Slot, isTarget: Bool, _ blockOf: inout [Int?], _ free: inout [Int],
    _ blocks: inout Int
  ) -> (Place, Int32) {
    switch slot {
    case .none: return (.none, 0)
    case .memory(let place, let step): return (place, step)
    case .value(let value):
      if let memory = values[value].memory { return (memory, Int32(values[value].elementSize)) }
      if isTarget {
        if let block = free.popLast() {
          blockOf[value] = block
        } else {
          blockOf[value] = blocks
          blocks += 1
        }
      }
      return (.scratch(blockOf[value] ?? 0), 0)
    }
  }
}

extension ElementwiseOperation {
  /// A rough cost of one element, in additions.
  var weight: Int {
    self is UnaryOperation ? 4 : scalarFunction != nil ? 100 : self is GammaSlope ? 60 : 1
  }
}
