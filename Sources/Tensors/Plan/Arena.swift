/// Assigns offsets in one block of memory to buffers that are not all alive at once.
struct Arena {
  private(set) var byteCount = 0
  private(set) var offsets: [Int?]

  private static let alignment = 64

  /// - Parameter program: buffers whose home is the arena get an offset; a buffer lives from the
  ///   first entry that touches it to the last.
  init(_ program: Program) {
    offsets = [Int?](repeating: nil, count: program.buffers.count)
    var first = [Int](repeating: Int.max, count: program.buffers.count)
    var last = [Int](repeating: -1, count: program.buffers.count)
    for (position, entry) in program.entries.enumerated() {
      for draft in entry.drafts {
        for case .buffer(let buffer, _) in draft.places {
          let root = program.root(buffer).buffer
          first[root] = min(first[root], position)
          last[root] = max(last[root], position)
        }
      }
    }
    place(program, first, last)
  }

  /// First fit, in order of birth.
  private mutating func place(_ program: Program, _ first: [Int], _ last: [Int]) {
    let candidates = program.buffers.indices.filter { index in
      if case .arena = program.buffers[index].home { return last[index] >= 0 }
      return false
    }
    var alive: [(start: Int, end: Int, last: Int)] = []
    for index in candidates.sorted(by: { first[$0] < first[$1] }) {
      alive.removeAll { $0.last < first[index] }
      let size = Arena.padded(program.buffers[index].byteCount)
      var offset = 0
      for block in alive {
        if offset + size <= block.start { break }
        offset = max(offset, block.end)
      }
      offsets[index] = offset
      let position = alive.firstIndex { $0.start > offset } ?? alive.count
      alive.insert((offset, offset + size, last[index]), at: position)
      byteCount = max(byteCount, offset + size)
    }
  }

  /// A buffer's size, with large ones padded so that neighbours do not start at equal offsets in
  /// their pages (see `Program.scratchStride`).
  private static func padded(_ bytes: Int) -> Int {
    rounded(max(bytes, 1)) + (bytes >= 2048 ? 5 * alignment : 0)
  }

  static func rounded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}

extension Entry {
  var drafts: [Draft] {
    switch self {
    case .instruction(let draft): [draft]
    case .loop(let drafts, _, _): drafts
    }
  }
}
