internal import CTensorKernels

/// Turns a scheduled IR into a program.
struct ProgramBuilder {
  let ir: IR
  let schedule: Schedule
  private(set) var program = Program()
  /// The buffer of each item that has one.
  private var bufferOf: [Int?]
  private let consumers: Consumers
  private let dtypes: [DType]

  init(_ ir: IR) {
    self.ir = ir
    dtypes = ir.items.map(\.dtype)
    schedule = Schedule(ir)
    consumers = Consumers(ir, schedule)
    bufferOf = [Int?](repeating: nil, count: ir.items.count)
    assignBuffers()
    var parts: [[Entry]] = []
    for step in schedule.steps {
      let part = schedule.part(of: step)
      if part == nil { close(&parts) }
      let start = program.entries.count
      emit(step)
      guard let part else { continue }
      if part == parts.count { parts.append([]) }
      parts[part] += program.entries[start...]
      program.entries.removeSubrange(start...)
    }
    close(&parts)
  }

  private mutating func emit(_ step: Schedule.Step) {
    switch step {
    case .loops(let loops): emitLoops(loops)
    case .single(let item): emitSingle(item)
    }
  }

  private mutating func close(_ parts: inout [[Entry]]) {
    if parts.isEmpty { return }
    program.entries.append(.parts(parts))
    parts = []
  }

  // MARK: Buffers

  private mutating func assignBuffers() {
    for (index, item) in ir.items.enumerated() {
      if case .input(let argument) = item.kind {
        bufferOf[index] = program.addBuffer(item.byteCount, .argument(argument))
      }
    }
    for (number, item) in ir.outputs.enumerated() {
      bufferOf[item] = program.addBuffer(ir.items[item].byteCount, .output(number))
    }
    // Later concatenations first: one may be part of another.
    for index in ir.items.indices.reversed() {
      guard case .concat(let axis) = ir.items[index].kind else { continue }
      placeParts(index, axis)
    }
    for (index, item) in ir.items.enumerated() where bufferOf[index] == nil {
      if case .constant = item.kind { continue }
      if item.isFusible && !consumers.needsBuffer[index] { continue }
      bufferOf[index] = program.addBuffer(item.byteCount)
    }
  }

  /// Lets the parts of a concatenation along the outermost axis be computed where they belong.
  private mutating func placeParts(_ index: Int, _ axis: Int) {
    let item = ir.items[index]
    if bufferOf[index] == nil { bufferOf[index] = program.addBuffer(item.byteCount) }
    guard let whole = bufferOf[index], item.shape[..<axis].allSatisfy({ $0 == 1 }) else { return }
    var offset = 0
    for operand in item.operands {
      let part = ir.items[operand.item]
      let bytes = operand.view.shape.elementCount * item.dtype.byteCount
      if isComputed(part), bufferOf[operand.item] == nil, operand.view.isContiguous,
        operand.view.offset == 0, part.byteCount == bytes
      {
        bufferOf[operand.item] = program.addBuffer(bytes, .within(whole, offset))
      }
      offset += bytes
    }
  }

  private func isComputed(_ item: Item) -> Bool {
    switch item.kind {
    case .input, .constant: false
    default: true
    }
  }

  /// Where an operand's elements are, if they are in memory.
  private mutating func place(_ operand: Operand) -> Place {
    let item = ir.items[operand.item]
    if case .constant(let bits) = item.kind { return .constant(program.addConstant(bits)) }
    guard let buffer = bufferOf[operand.item] else {
      preconditionFailure("an operand without memory")
    }
    return .buffer(buffer, operand.view.offset * item.dtype.byteCount)
  }

  // MARK: Whole-array steps

  private mutating func emitSingle(_ index: Int) {
    let item = ir.items[index]
    switch item.kind {
    case .array(let operation): emitArray(index, operation)
    case .concat(let axis): emitConcat(index, axis)
    case .place(let operation): emitPlace(index, operation)
    default: preconditionFailure("a fused item outside a loop")
    }
  }

  private mutating func emitArray(_ index: Int, _ operation: any ArrayOperation) {
    let item = ir.items[index]
    guard let buffer = bufferOf[index] else { return }
    let dtypes = item.operands.map { ir.items[$0.item].dtype }
    guard
      let instruction = operation.instruction(
        item.operands.map(\.view), dtypes, item.shape, item.dtype)
    else { preconditionFailure("\(operation.name) of contiguous arrays") }
    var places: [Place] = [.buffer(buffer, 0)]
    for operand in item.operands { places.append(place(operand)) }
    if instruction.takesAddresses { places.insert(storeAddresses(places.dropFirst()), at: 1) }
    program.entries.append(
      .instruction(
        Draft(
          function: instruction.function, count: instruction.count, places: places,
          descriptor: .bytes(instruction.descriptor))))
  }

  /// Writes the addresses of operands, more than an instruction has room for, into a table.
  private mutating func storeAddresses(_ places: ArraySlice<Place>) -> Place {
    let table = program.addBuffer(8 * places.count)
    let store: ctk_fn = { instruction in
      guard let instruction = instruction?.pointee, let target = instruction.d else { return }
      UnsafeMutableRawPointer(target).storeBytes(
        of: UInt(bitPattern: instruction.a), as: UInt.self)
    }
    for (index, place) in places.enumerated() {
      program.entries.append(
        .instruction(
          Draft(function: store, count: 1, places: [.buffer(table, 8 * index), place])))
    }
    return .buffer(table, 0)
  }

  private mutating func emitConcat(_ index: Int, _ axis: Int) {
    let item = ir.items[index]
    guard let whole = bufferOf[index] else { return }
    var start = 0
    var stores: [Draft] = []
    for operand in item.operands {
      let shape = operand.view.shape
      defer { start += shape[axis] }
      var target = View(contiguous: item.shape)
      target.offset = start * target.strides[axis]
      let offset = target.offset * item.dtype.byteCount
      if shape.elementCount == 0 || isInPlace(operand, whole, offset) { continue }
      target.shape = shape
      emitMove(operand, to: target, of: whole, item.dtype, storingIn: &stores)
    }
    emitStores(stores)
  }

  /// Stores of parts of a whole: those of equally many elements together, block by block, so that a
  /// piece of the whole is written by all of them while it is in cache.
  private mutating func emitStores(_ stores: [Draft]) {
    var rest = stores[...]
    while let count = rest.first?.count {
      let equal = Array(rest.prefix { $0.count == count })
      rest = rest.dropFirst(equal.count)
      if count > Int(CTK_BLOCK) {
        program.entries.append(.loops([Loop(body: equal, count: count, chunk: Int(CTK_CHUNK))]))
      } else {
        program.entries += equal.map(Entry.instruction)
      }
    }
  }

  /// Whether a part of a concatenation was computed where it belongs; one that occurs twice was so
  /// only once.
  private func isInPlace(_ operand: Operand, _ whole: Int, _ offset: Int) -> Bool {
    guard let buffer = bufferOf[operand.item], operand.view.isContiguous,
      case .within(let outer, let position) = program.buffers[buffer].home
    else { return false }
    return outer == whole && position == offset
  }

  private mutating func emitPlace(_ index: Int, _ operation: PlaceOperation) {
    let item = ir.items[index]
    guard let whole = bufferOf[index], let fill = ctk_fill(item.dtype.kernelCode) else { return }
    program.entries.append(
      .instruction(
        Draft(
          function: fill, count: item.count,
          places: [.buffer(whole, 0), .constant(program.addConstant(0))])))
    guard item.operands[0].view.shape.elementCount > 0 else { return }
    guard
      let target = SliceOperation(
        axis: operation.axis, start: operation.start, step: operation.step
      ).apply(to: View(contiguous: item.shape), shape: item.operands[0].view.shape)
    else { return }
    var stores: [Draft] = []
    emitMove(item.operands[0], to: target, of: whole, item.dtype, storingIn: &stores)
    emitStores(stores)
  }

  /// Moves the elements of an operand into a view of a buffer; what is to be stored there comes last,
  /// with the other stores of the buffer.
  private mutating func emitMove(
    _ operand: Operand, to target: View, of buffer: Int, _ dtype: DType,
    storingIn stores: inout [Draft]
  ) {
    let count = target.shape.elementCount
    let source = place(operand)
    let offset = target.offset * dtype.byteCount
    if target.isContiguous {
      emitLoad(operand, source, into: .buffer(buffer, offset), count, dtype)
    } else if operand.view.isContiguous && !operand.view.isUniform {
      stores.append(store(source, target, .buffer(buffer, offset), dtype))
    } else {
      let temporary = Place.buffer(program.addBuffer(count * dtype.byteCount), 0)
      emitLoad(operand, source, into: temporary, count, dtype)
      stores.append(store(temporary, target, .buffer(buffer, offset), dtype))
    }
  }

  private func store(
    _ source: Place, _ target: View, _ destination: Place, _ dtype: DType
  ) -> Draft {
    guard let function = ctk_store(dtype.kernelCode) else {
      preconditionFailure("no store of \(dtype)")
    }
    return Draft(
      function: function, count: target.shape.elementCount, places: [destination, source],
      steps: [0, Int32(dtype.byteCount), 0, 0],
      descriptor: .init(copying: StridedDescriptor.make(target)))
  }

  private mutating func emitLoad(
    _ operand: Operand, _ source: Place, into destination: Place, _ count: Int, _ dtype: DType
  ) {
    let code = dtype.kernelCode
    let view = operand.view
    let function =
      view.isUniform ? ctk_fill(code) : view.isContiguous ? ctk_copy(code) : ctk_load(code)
    guard let function else { return }
    let isStrided = !view.isUniform && !view.isContiguous
    program.entries.append(
      .instruction(
        Draft(
          function: function, count: count, places: [destination, source],
          descriptor: isStrided ? .init(copying: StridedDescriptor.make(view)) : .none)))
  }

  // MARK: Loops

  /// Loops that may run at the same time: of what they write next to each other, each thread gets
  /// a stretch, so that who works through the whole in its order finds it in its cache.
  private mutating func emitLoops(_ loops: [Schedule.Loop]) {
    let start = program.entries.count
    for loop in loops { emitLoop(loop.members, loop.chunk) }
    let emitted = program.entries[start...]
    var blocked: [Loop] = []
    var rest: [Entry] = []
    for entry in emitted {
      if case .loops(let loops) = entry { blocked += loops } else { rest.append(entry) }
    }
    program.entries.removeSubrange(start...)
    if !blocked.isEmpty {
      program.entries.append(.loops(blocked.sorted { target($0) < target($1) }))
    }
    program.entries += rest
  }

  /// Where a loop writes first in memory.
  private func target(_ loop: Loop) -> (buffer: Int, offset: Int) {
    for draft in loop.body {
      if case .buffer(let buffer, let offset)? = draft.places.first {
        return program.root(buffer, offset)
      }
    }
    return (0, 0)
  }

  private mutating func emitLoop(_ members: [Int], _ chunk: Int) {
    var loop = LoopBuilder(members, ir, dtypes, chunk)
    if loop.count == 0 {
      emitEmpty(members)
      return
    }
    for index in members {
      let item = ir.items[index]
      let operands = item.operands.indices.map { number -> LoopOperand in
        let operand = item.operands[number]
        if schedule.isInside(index, number) { return .value(loop.value(of: operand.item)) }
        return .memory(place(operand), operand.view)
      }
      let memory = bufferOf[index].map { Place.buffer($0, 0) }
      loop.add(index, item, operands, memory, &program)
    }
    loop.finish(&program)
  }

  /// A reduction of nothing has the value of an empty sum, product, maximum or minimum.
  private mutating func emitEmpty(_ members: [Int]) {
    for index in members {
      let item = ir.items[index]
      guard case .reduce(let operation) = item.kind, let buffer = bufferOf[index],
        let fill = ctk_fill(item.dtype.kernelCode), item.count > 0
      else { continue }
      let identity = reductionIdentity(operation.code, item.dtype)
      program.entries.append(
        .instruction(
          Draft(
            function: fill, count: item.count,
            places: [.buffer(buffer, 0), .constant(program.addConstant(identity))])))
    }
  }
}

/// The bits of the neutral element of a reduction.
func reductionIdentity(_ code: Int32, _ dtype: DType) -> UInt64 {
  let values: [Double] = [0, 1, -.infinity, .infinity]
  let value = values[Int(code)]
  switch dtype {
  case .float64: return value.bitPattern
  case .float32: return UInt64(Float(value).bitPattern)
  case .int64:
    return UInt64(
      bitPattern: value == .infinity ? Int64.max : value < 0 ? Int64.min : Int64(value))
  case .bool: return value > 0 ? 1 : 0
  }
}

/// For each fused item, whether somebody outside its loop reads it.
struct Consumers {
  private(set) var needsBuffer: [Bool]

  init(_ ir: IR, _ schedule: Schedule) {
    needsBuffer = [Bool](repeating: false, count: ir.items.count)
    for (index, item) in ir.items.enumerated() {
      for (number, operand) in item.operands.enumerated() where ir.items[operand.item].isFusible {
        if !schedule.isInside(index, number) { needsBuffer[operand.item] = true }
      }
    }
    for output in ir.outputs { needsBuffer[output] = true }
  }
}

/// A view as the strided kernels want it: adjacent axes joined where they can be.
enum StridedDescriptor {
  static func make(_ view: View) -> ctk_strides {
    var dims: [Int] = []
    var strides: [Int] = []
    for axis in 0..<view.shape.rank where view.shape[axis] != 1 {
      if let last = dims.indices.last,
        strides[last] == view.strides[axis] * view.shape[axis]
      {
        dims[last] *= view.shape[axis]
        strides[last] = view.strides[axis]
      } else {
        dims.append(view.shape[axis])
        strides.append(view.strides[axis])
      }
    }
    if dims.isEmpty {
      dims = [1]
      strides = [0]
    }
    var result = ctk_strides()
    result.rank = Int32(dims.count)
    withUnsafeMutableBytes(of: &result.dims) { bytes in
      for (axis, dim) in dims.enumerated() {
        bytes.storeBytes(of: Int64(dim), toByteOffset: 8 * axis, as: Int64.self)
      }
    }
    withUnsafeMutableBytes(of: &result.strides) { bytes in
      for (axis, stride) in strides.enumerated() {
        bytes.storeBytes(of: Int64(stride), toByteOffset: 8 * axis, as: Int64.self)
      }
    }
    return result
  }
}
