internal import CTensorKernels

/// A place in memory, before memory is assigned.
enum Place {
  case none
  /// A buffer of the plan, and bytes into it.
  case buffer(Int, Int)
  /// A block-sized temporary of a loop.
  case scratch(Int)
  /// A constant: its index.
  case constant(Int)
}

/// What an instruction's descriptor pointer will point to.
enum Descriptor {
  case none
  case bytes([UInt8])
  case function(UnsafeRawPointer)

  init<Value>(copying value: Value) {
    self = .bytes(withUnsafeBytes(of: value) { [UInt8]($0) })
  }
}

/// An instruction before memory is assigned: places d, a, b, c.
struct Draft {
  var function: ctk_fn
  var count: Int
  var places: [Place]
  var steps: [Int32] = [0, 0, 0, 0]
  var bytesPerChunk: Int32 = 0
  var descriptor: Descriptor = .none
  /// A rough cost of one element, in additions.
  var weight: Int = 1
}

/// A blocked loop over several instructions.
struct Loop {
  let body: [Draft]
  let count: Int
  let chunk: Int

  var chunkCount: Int { (count + chunk - 1) / chunk }

  /// A rough cost, in additions.
  var work: Int { count * body.reduce(0) { $0 + $1.weight } }
}

/// One entry of a program: an instruction, loops that do not depend on each other, or parts that are
/// run at the same time.
enum Entry {
  case instruction(Draft)
  case loops([Loop])
  case parts([[Entry]])
}

/// Memory that a plan's instructions read and write.
struct Buffer {
  enum Home {
    case arena
    case argument(Int)
    case output(Int)
    /// Inside another buffer, at a byte offset: the part of a concatenation.
    case within(Int, Int)
  }

  var byteCount: Int
  var home: Home
}

/// The instructions of a plan in order, with their buffers.
struct Program {
  var entries: [Entry] = []
  var buffers: [Buffer] = []
  var constants: [UInt64] = []
  var scratchCount = 0
  /// Bytes of the widest element kept in scratch.
  var scratchElementSize = 4

  /// Bytes from one scratch block to the next. Not a multiple of a page: loads and stores at equal
  /// offsets in different pages get in each other's way (4K aliasing), and equal offsets would
  /// share few cache sets.
  var scratchStride: Int { Int(CTK_BLOCK) * scratchElementSize + 5 * 64 }

  mutating func addBuffer(_ byteCount: Int, _ home: Buffer.Home = .arena) -> Int {
    buffers.append(Buffer(byteCount: byteCount, home: home))
    return buffers.count - 1
  }

  mutating func addConstant(_ bits: UInt64) -> Int {
    if let index = constants.firstIndex(of: bits) { return index }
    constants.append(bits)
    return constants.count - 1
  }

  /// The outermost buffer that holds a buffer, and where.
  func root(_ buffer: Int, _ offset: Int = 0) -> (buffer: Int, offset: Int) {
    var buffer = buffer
    var offset = offset
    while case .within(let outer, let inner) = buffers[buffer].home {
      buffer = outer
      offset += inner
    }
    return (buffer, offset)
  }
}
