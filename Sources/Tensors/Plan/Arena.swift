/// Assigns offsets in one block of memory to buffers that are not all alive at once.
struct Arena {
  private(set) var byteCount = 0
  private(set) var offsets: [Int?]

  private static let alignment = 64

  /// Memory that is needed from one entry to another, and which buffers are in it.
  private struct Block {
    let byteCount: Int
    let first: Int
    let last: Int
    let contents: [(buffer: Int, offset: Int)]
  }

  /// - Parameter program: buffers whose home is the arena get an offset; a buffer lives from the
  ///   first entry that touches it to the last.
  init(_ program: Program) {
    offsets = [Int?](repeating: nil, count: program.buffers.count)
    let lives = Lives(program.entries, in: program)
    var isPlaced = [Bool](repeating: false, count: program.buffers.count)
    var blocks: [Block] = []
    for (position, entry) in program.entries.enumerated() {
      guard case .parts(let parts) = entry else { continue }
      // Parts run at the same time: what one alone needs is in memory of its own.
      let inParts = parts.map { Lives($0, in: program) }
      for part in inParts {
        let own = program.arenaBuffers.filter { buffer in
          part.touches(buffer) && lives.first[buffer] == position && lives.last[buffer] == position
            && inParts.count { $0.touches(buffer) } == 1
        }
        for buffer in own { isPlaced[buffer] = true }
        let (places, byteCount) = Arena.placed(own.map { part.block($0, program) })
        blocks.append(
          Block(byteCount: byteCount, first: position, last: position, contents: places))
      }
    }
    blocks += program.arenaBuffers.filter { lives.touches($0) && !isPlaced[$0] }
      .map { lives.block($0, program) }
    let (places, byteCount) = Arena.placed(blocks)
    for (buffer, offset) in places { offsets[buffer] = offset }
    self.byteCount = byteCount
  }

  /// First fit, in order of birth.
  private static func placed(
    _ blocks: [Block]
  ) -> (places: [(buffer: Int, offset: Int)], byteCount: Int) {
    var places: [(buffer: Int, offset: Int)] = []
    var byteCount = 0
    var alive: [(start: Int, end: Int, last: Int)] = []
    for block in blocks.sorted(by: { $0.first < $1.first }) {
      alive.removeAll { $0.last < block.first }
      let size = Arena.padded(block.byteCount)
      var offset = 0
      for other in alive {
        if offset + size <= other.start { break }
        offset = max(offset, other.end)
      }
      places += block.contents.map { ($0.buffer, offset + $0.offset) }
      let position = alive.firstIndex { $0.start > offset } ?? alive.count
      alive.insert((offset, offset + size, block.last), at: position)
      byteCount = max(byteCount, offset + size)
    }
    return (places, byteCount)
  }

  /// A buffer's size, with large ones padded so that neighbours do not start at equal offsets in
  /// their pages (see `Program.scratchStride`).
  private static func padded(_ bytes: Int) -> Int {
    rounded(max(bytes, 1)) + (bytes >= 2048 ? 5 * alignment : 0)
  }

  static func rounded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }

  /// The first and the last of some entries that touch each buffer.
  private struct Lives {
    private(set) var first: [Int]
    private(set) var last: [Int]

    init(_ entries: [Entry], in program: Program) {
      first = [Int](repeating: Int.max, count: program.buffers.count)
      last = [Int](repeating: -1, count: program.buffers.count)
      for (position, entry) in entries.enumerated() {
        for draft in entry.drafts {
          for case .buffer(let buffer, _) in draft.places {
            let root = program.root(buffer).buffer
            first[root] = min(first[root], position)
            last[root] = position
          }
        }
      }
    }

    func touches(_ buffer: Int) -> Bool { last[buffer] >= 0 }

    func block(_ buffer: Int, _ program: Program) -> Block {
      Block(
        byteCount: program.buffers[buffer].byteCount, first: first[buffer], last: last[buffer],
        contents: [(buffer, 0)])
    }
  }
}

extension Program {
  /// Those that need a place in the arena.
  fileprivate var arenaBuffers: [Int] {
    buffers.indices.filter { if case .arena = buffers[$0].home { true } else { false } }
  }
}

extension Entry {
  var drafts: [Draft] {
    switch self {
    case .instruction(let draft): [draft]
    case .loops(let loops): loops.flatMap(\.body)
    case .parts(let parts): parts.flatMap { $0.flatMap(\.drafts) }
    }
  }
}
